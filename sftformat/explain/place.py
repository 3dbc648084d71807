"""FILE:LINE, and what stands there: a record, a row that is none, or no record at all."""

from __future__ import annotations

import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from sftformat.diagnostics import Diagnostic
from sftformat.errors import UsageError
from sftformat.formats import Range, read
from sftformat.formats.lines import Block, blocks
from sftformat.formats.source import ReadOptions, Source
from sftformat.record import Batch, Reject

_LINE = re.compile(r"(?P<file>.+):(?P<line>[0-9]+):?", re.DOTALL)
#: Formats of which a record may stand on several lines.
_OVER_LINES = frozenset({"csv", "tsv", "json", "conll", "conllu", "po", "tmx", "vertex"})
_COLUMN = re.compile(r"(?P<file>.+):(?P<line>[0-9]+):(?P<column>[0-9]+):?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, 1-based; Parquet and Arrow: a row. `column` is a 1-based character of the line, or None."""

    file: str
    line: int
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at a place, from `line` to `last` of the file.

    kind     record, reject, blank, header, between (a JSON array: brackets and commas) or unread (reading ended before)
    batch    the record alone, with the findings about its lines that cost no row
    reject   a row that is none; for `unread` the one that ended the file
    raw      the bytes as they stand, at most the start of a row that is too long; `length` counts all of them
    shared   more records start on this line
    """

    kind: str
    line: int
    last: int
    byte: int | None
    raw: bytes
    length: int
    batch: Batch | None = None
    reject: Reject | None = None
    shared: bool = False


def parse_place(text: str) -> Place:
    """Read FILE:LINE or FILE:LINE:COLUMN, as editors and compilers write it; FILE may hold colons itself.

    Of two ways to read it the one counts whose FILE is there.

    Raises:
        UsageError: there is no line in it.
    """
    short, long = _LINE.fullmatch(text), _COLUMN.fullmatch(text)
    if short is None:
        named = " (the line is missing)" if exists(text) else ""
        raise UsageError(f"{text}: name one line as FILE:LINE, as in reviews.csv:12{named}")
    column = None
    chosen = short
    if long is not None and not exists(short["file"]):
        chosen, column = long, int(long["column"][:18])
    line = int(chosen["line"][:18])
    if line < 1 or column == 0:
        raise UsageError(f"{text}: lines and columns count from 1")
    return Place(chosen["file"], line, column)


def exists(file: str) -> bool:
    """Tell whether FILE names something that is there, or stdin."""
    return file == "-" or os.path.exists(file)


# ---------------------------------------------------------------------------------------------------- finding


def find(source: Source, ranges: Sequence[Range], options: ReadOptions, place: Place) -> Found:
    """Return what stands at a place. Every line of a record over several lines leads to that record.

    `ranges` are those of `scan`: only the one that holds the line is read. Of several records on one line the first
    that starts there is taken, or with a column the one that stands at it.

    Raises:
        UsageError: the file has no such line.
        InputError: the file cannot be read.
    """
    many = source.format == "json" and source.origin is None  # records may share a line
    parts = _holding(ranges, place.line, many=many)
    part = source.part(Range(parts[0].start, parts[-1].stop, parts[0].first_line))
    at = _byte_of(part, options, place) if place.column is not None and many else None
    held: Found | None = None
    last_row = starting = 0
    ended: Reject | None = None
    for batch in chain.from_iterable(read(source.part(each), options) for each in parts):
        entries = _entries(source, batch, place.line)
        new = sum(entry.line == place.line for entry in entries)
        starting += new
        if entries and (held is None or (_starts_by(entries[0], at) if at else new and held.line < place.line)):
            held = _chosen(batch, entries, place, at)
        if held is not None and starting > (held.line == place.line):
            held = replace(held, shared=True)
        if held is not None and (held.shared or not many) and not (at and entries and _starts_by(entries[-1], at)):
            return held
        ended = next((each for each in batch.rejects if each.diagnostics[0].code in ("SFT001", "SFT017")), ended)
        starts = [*batch.lines[-1:], *(each.line for each in batch.rejects[-1:])]
        last_row = max([last_row, *starts])
        if last_row > place.line:
            break
    if held is not None:
        return held
    if source.format == "linked":
        raise UsageError(f"{source.name}: no conversation ends at line {place.line:,}: name the line of its last row")
    if source.format in ("parquet", "arrow", "mo", "xlsx") and source.origin is None:
        raise UsageError(f"{source.name}: has {last_row:,} rows; there is no row {place.line:,}")
    return _no_record(part, options, place, ended if many else None)


def _holding(ranges: Sequence[Range], line: int, *, many: bool) -> Sequence[Range]:
    """Return the range that holds a line; where they may begin inside of one, all that hold some of it."""
    last = max(index for index, each in enumerate(ranges) if each.first_line <= line)
    first = last
    while many and first and ranges[first].first_line == line:
        first -= 1
    return ranges[first : last + 1]


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    last: int
    byte: int | None
    index: int | None
    reject: Reject | None


def _entries(source: Source, batch: Batch, line: int) -> list[_Entry]:
    """Return the records and rejects of a batch that stand on a line, in the order of the file."""
    found = []
    # Records do not overlap: of those that start before the line only the last can reach it.
    for index in range(max(0, bisect_left(batch.lines, line) - 1), bisect_right(batch.lines, line)):
        start, raw = batch.lines[index], batch.raw[index]
        found.append(_Entry(start, start + _breaks(source, raw), batch.offsets[index], index, None))
    for reject in batch.rejects:
        found.append(_Entry(reject.line, reject.line + _breaks(source, reject.raw), reject.byte, None, reject))
    return sorted(
        (entry for entry in found if entry.line <= line <= entry.last), key=lambda entry: (entry.line, entry.byte or 0)
    )


def _breaks(source: Source, raw: bytes) -> int:
    """Return how many line ends stand in a row; a record of JSON Lines, a table or rejects is one line."""
    if source.format not in _OVER_LINES or source.origin is not None:
        return 0
    text = raw if source.encoding == "utf-8" else raw.decode(source.encoding, "replace").encode()
    return text.count(b"\r" if source.line_end == "\r" else b"\n")


def _starts_by(entry: _Entry, at: int | None) -> bool:
    return at is None or (entry.byte or 0) <= at


def _chosen(batch: Batch, entries: Sequence[_Entry], place: Place, at: int | None) -> Found:
    """Return the record that stands at byte `at`, else the first that starts on the line, else what covers it."""
    starting = [entry for entry in entries if entry.line == place.line]
    chosen = (starting or entries)[0]
    if at is not None:
        chosen = next((entry for entry in reversed(entries) if _starts_by(entry, at)), chosen)
    if chosen.reject is not None:
        reject = chosen.reject
        raw, length = reject.raw, reject.length
        return Found("reject", chosen.line, chosen.last, reject.byte, raw, length, None, reject)
    assert chosen.index is not None
    raw = batch.raw[chosen.index]
    one = _single(batch, chosen.index, chosen.last)
    return Found("record", chosen.line, chosen.last, chosen.byte, raw, len(raw), one)


def _single(batch: Batch, index: int, last: int) -> Batch:
    """Return a batch of one record, with the findings about its lines."""
    line = batch.lines[index]
    return replace(
        batch,
        records=[batch.records[index]],
        lines=[line],
        offsets=[batch.offsets[index]],
        raw=[batch.raw[index]],
        rejects=(),
        diagnostics=tuple(each for each in batch.diagnostics if line <= (each.line or 0) <= last),
        blank_lines=0,
    )


# ---------------------------------------------------------------------------------------------------- no record


def _no_record(part: Source, options: ReadOptions, place: Place, ended: Reject | None) -> Found:
    """Say what a line is that no record stands on."""
    offset, text = _physical(part, options, place.line)
    if not text.strip(b" \t\r\n\0"):
        return Found("blank", place.line, place.line, offset, text, len(text))
    if ended is not None and ended.line < place.line:
        return Found("unread", place.line, place.line, offset, text, len(text), None, ended)
    kind = "between" if part.format == "json" else "header"
    return Found(kind, place.line, place.line, offset, text, len(text))


def _physical(part: Source, options: ReadOptions, line: int) -> tuple[int, bytes]:
    """Return the byte and the text of a physical line.

    Raises:
        UsageError: the file has no such line.
    """
    last = part.first_line - 1
    for block in blocks(part, options.max_line_bytes):
        last = block.first_line + len(block.lines) - 1
        if line <= last:
            index = line - block.first_line
            return block.offsets[index], block.stored[index].removesuffix(b"\r")
    unit = "line" if last == 1 else "lines"
    raise UsageError(f"{part.name}: has {last:,} {unit}; there is no line {line:,}")


def _byte_of(part: Source, options: ReadOptions, place: Place) -> int:
    """Return the byte of a column of a line."""
    for block in blocks(part, options.max_line_bytes):
        if place.line < block.first_line + len(block.lines):
            return _in_block(block, place)
    return 0


def _in_block(block: Block, place: Place) -> int:
    index, column = place.line - block.first_line, (place.column or 1) - 1
    text = block.lines[index]
    ahead = column if block.too_long is not None else len(text.decode("utf-8", "replace")[:column].encode())
    return block.offsets[index] + ahead


def notes_on(found: Found) -> Iterator[Diagnostic]:
    """Yield what reading found on the lines of a row."""
    if found.batch is not None:
        yield from found.batch.diagnostics
    if found.reject is not None and found.kind == "reject":
        yield from found.reject.diagnostics
