"""Rows that are turns of conversations, each naming the row before it: the `id` and `parent_id` of h2o-llmstudio.

A record is a conversation: the rows from one that begins it to one that no row follows, whose place is its place. Where
a conversation goes on in several ways each way is a record, with the rows that they share; what is answered there is
learned in the first of them only. The rows lie on disk meanwhile, with some ten bytes of each in memory.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from sftformat.diagnostics import Diagnostic, clip, diagnostic
from sftformat.formats.gathered import Gathered
from sftformat.formats.linking import CELLS, FORMAT, ID, PARENT, SHARED, TURNS, kept, key_of, of_whole
from sftformat.formats.source import Source, fault
from sftformat.record import Batch, Record, Reject, decode_json, encode_json, record_id

#: So many rows a conversation may have.
LONGEST = 1000

#: In the place of the row that went before.
_BEGINS, _MISSING, _DOUBLED, _CIRCLE, _TOO_LONG = -1, -2, -3, -4, -5
#: What is known of a row: it stands in a record, it is learned there, it stands in several.
_SEEN, _LEARNED, _SHARED = 1, 2, 4


def read(source: Source, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield the conversations of rows, in the order of their last rows; `batches` are the rows of the file.

    A conversation whose first row names one that is not there, or is there several times, is a reject with all its rows
    (SFT022), and so are rows that follow each other in a circle, or more than `LONGEST` of them. Rows that cannot be
    read are rejects as they stand. Every other row is in one record or more.

    Raises:
        InputError: the file cannot be read, or there is no room for its rows on disk.
    """
    try:
        with closing(sqlite3.connect("", isolation_level=None)) as base:
            held = _Held(source, base)
            for batch in batches:
                held.take(batch)
                if batch.rejects or batch.diagnostics or batch.blank_lines:
                    yield replace(batch, records=[], lines=[], offsets=[], raw=[], files=None)
            held.link()
            yield from _batches(held)
    except sqlite3.Error as error:
        raise fault("SFT016", source.name, f"its rows cannot be put together: {error}", hint="") from error


def _batches(held: _Held) -> Iterator[Batch]:
    batch = Gathered(held.source)
    for path, why in held.paths():
        taken = held.conversation(path, why)
        if isinstance(taken, Reject):
            batch.rejects.append(taken)
            batch.size += taken.length
        else:
            batch.take(*taken)
            batch.size += len(taken[-1])
        if batch.full:
            yield batch.flush()
    if len(held.above):
        batch.notes.append(held.told())
    if not batch.empty:
        yield batch.flush()


@dataclass(slots=True)
class _Held:
    """The rows of a file in a database on disk, which goes when it is closed.

    above    of each row the number of the one before it, or why there is none
    below    how many rows follow it, 255 at most
    marks    what is known of it
    count    conversations that were made
    """

    source: Source
    base: sqlite3.Connection
    above: array[int] = field(default_factory=lambda: array("q"))
    below: bytearray = field(default_factory=bytearray)
    marks: bytearray = field(default_factory=bytearray)
    count: int = 0

    def __post_init__(self) -> None:
        self.base.execute("PRAGMA journal_mode = OFF")
        self.base.execute("PRAGMA synchronous = OFF")
        self.base.execute(
            "CREATE TABLE rows (n INTEGER PRIMARY KEY, id TEXT, parent TEXT, line INTEGER, byte INTEGER, row BLOB)"
        )
        self.base.execute("BEGIN")

    def take(self, batch: Batch) -> None:
        """Put the rows of a batch to the others."""
        cells, first = batch.format in CELLS, len(self.above)
        rows = [
            (
                first + n,
                key_of(record.get(ID)),
                key_of(record.get(PARENT)),
                line,
                byte,
                encode_json(kept(record, cells)),
            )
            for n, (record, line, byte) in enumerate(zip(batch.records, batch.lines, batch.offsets, strict=True))
        ]
        self.base.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.above.extend(_BEGINS for _ in rows)

    def link(self) -> None:
        """Find the row before each."""
        self.base.execute(
            "CREATE TABLE ids AS SELECT id, MIN(n) AS first, COUNT(*) AS many FROM rows WHERE id NOT NULL GROUP BY id"
        )
        self.base.execute("CREATE UNIQUE INDEX by_id ON ids (id)")
        self.below, self.marks = bytearray(len(self.above)), bytearray(len(self.above))
        query = "SELECT n, first, many FROM rows LEFT JOIN ids ON ids.id = rows.parent WHERE parent NOT NULL"
        for row, before, many in self.base.execute(query):
            self.above[row] = before if many == 1 else _DOUBLED if many else _MISSING
            if many == 1:
                self.below[before] += self.below[before] < 255

    def paths(self) -> Iterator[tuple[list[int], int]]:
        """Yield the rows of every conversation, its last row first, and how it begins; circles without an end last."""
        last = self.below.find(0)
        while last >= 0:
            yield self._path(last)
            last = self.below.find(0, last + 1)
        for row, mark in enumerate(self.marks):
            if not mark:
                yield self._path(row)

    def _path(self, row: int) -> tuple[list[int], int]:
        path = {row: None}
        while (before := self.above[row]) >= 0 and before not in path and len(path) < LONGEST:
            row = before
            path[row] = None
        why = before if before < 0 else _CIRCLE if before in path else _TOO_LONG
        for each in path:
            self.marks[each] |= _SEEN
        return list(path), why

    def conversation(self, path: Sequence[int], why: int) -> tuple[Record, int, int | None, bytes] | Reject:
        """Return a record with its place and as JSON, or the reject that it is."""
        rows, places = [], []
        for row in reversed(path):
            line, byte, text = self._of(row)
            rows.append(decode_json(text))
            places.append((line, byte))
        record = of_whole(rows[-1])
        line, byte = places[-1]
        if why == _BEGINS:
            self.count += 1
            record |= self._group(path, record, rows[0]) | {TURNS: rows} | self._shared(path)
            return record, line, byte, encode_json(record)
        raw = encode_json({**record, TURNS: rows})
        found = self._broken(path, why, rows[0], places, line)
        return Reject(self.source.name, line, byte, len(raw), raw, FORMAT, "rejected", (found,))

    def _of(self, row: int) -> tuple[int, int | None, bytes]:
        found: tuple[int, int | None, bytes] = self.base.execute(
            "SELECT line, byte, row FROM rows WHERE n = ?", (row,)
        ).fetchone()
        return found

    def _group(self, path: Sequence[int], record: Record, first: Record) -> Record:
        """Return what keeps the ways of one conversation in one split."""
        if record.get("group") not in (None, "") or all(self.below[row] < 2 for row in path):
            return {}
        return {"group": record_id(first)}

    def _shared(self, path: Sequence[int]) -> Record:
        shared = [row for row in path if self.marks[row] & _LEARNED]
        for row in path:
            self.marks[row] |= _LEARNED
        for row in shared:
            self.marks[row] |= _SHARED
        return {SHARED: len(shared)} if shared else {}

    def _broken(
        self, path: Sequence[int], why: int, first: Record, places: Sequence[tuple[int, int | None]], last: int
    ) -> Diagnostic:
        named, hint = clip(str(key_of(first.get(PARENT))), 40), "name the row before it, or leave it empty"
        line, byte = places[0]
        if why == _MISSING:
            message = f"no row has the id {named!r}, which this one is to follow"
        elif why == _DOUBLED:
            query = "SELECT line FROM rows WHERE id = ? ORDER BY n LIMIT 4"
            lines = ", ".join(str(held) for (held,) in self.base.execute(query, (key_of(first.get(PARENT)),)))
            message, hint = f"{named!r}, which this one is to follow, is the id of several rows: lines {lines}", ""
        elif why == _CIRCLE:
            lines = ", ".join(str(each) for each, _ in places[:4]) + (", …" if len(places) > 4 else "")
            message = f"rows follow each other in a circle: lines {lines}"
        else:
            message = f"a conversation of more than {LONGEST:,} rows"
        if why != _CIRCLE and len(path) > 1:
            message += f"; the conversation up to line {last} is left out with it"
        fields = {"file": self.source.name, "line": line, "byte": byte, "path": f"/{PARENT}"}
        return diagnostic("SFT010" if why == _TOO_LONG else "SFT022", message, hint=hint, **fields)

    def told(self) -> Diagnostic:
        """Return what became of the rows."""
        learned, shared = (sum(1 for mark in self.marks if mark & which) for which in (_LEARNED, _SHARED))
        message = f"{learned:,} of {len(self.above):,} rows are turns of {self.count:,} conversations"
        if shared:
            message += f"; {shared:,} stand in several and are learned in the first"
        return diagnostic("SFT023", message, file=self.source.name, path=f"/{PARENT}")
