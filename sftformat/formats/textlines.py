"""Physical lines as text, and batches filled record by record: what formats with records over several lines share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sftformat.diagnostics import Diagnostic
from sftformat.formats import lines, rows
from sftformat.formats.gathered import Gathered
from sftformat.formats.source import ReadOptions, Source
from sftformat.record import Record, Reject

#: What separates cells and words in these formats; other white space is part of a text.
BLANK = " \t\r\ufeff"


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line without its line end: its 1-based number, its 0-based byte, and why it is no text, if so.

    `text` is empty where it is none; `length` is the true length of the line in bytes, of which `stored` may be the
    start only.
    """

    text: str
    number: int
    byte: int
    stored: bytes
    length: int
    bad: Diagnostic | None = None

    @property
    def blank(self) -> bool:
        """Whether nothing stands here but blanks."""
        return self.bad is None and not self.text.strip(BLANK)


def decoded(source: Source, options: ReadOptions, batch: Filling) -> Iterator[Line]:
    """Yield the physical lines of a source; what is found about line ends goes to the batch that is being filled.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    ends = rows.LineEnds(source)
    for block in lines.blocks(source, options.max_line_bytes):
        if block.too_long is not None:
            found = rows.too_long(source, block, options.max_line_bytes)
            yield Line("", block.first_line, block.offsets[0], found.raw, found.length, found.diagnostics[0])
            continue
        batch.notes += [*ends.check(block), *rows.inner_marks(source, block)]
        for index, text in enumerate(block.lines):
            yield _line(source, block, index, text)


def _line(source: Source, block: lines.Block, index: int, text: bytes) -> Line:
    stored, number, byte = block.stored[index], block.first_line + index, block.offsets[index]
    at = block.undecodable.get(index)
    shown = ""
    bad = None
    if at is None:
        try:
            shown = text.decode()
        except UnicodeDecodeError as error:
            at = error.start
    if at is not None:
        bad = rows.undecodable(source, stored, at, number, byte)
    elif "\0" in shown:
        bad = rows.finding(source, "SFT008", "a NUL byte", number, byte + stored.index(0))
    return Line(shown.removesuffix("\r"), number, byte, stored, len(stored), bad)


class Filling(Gathered):
    """The batch being filled with runs of lines."""

    __slots__ = ()

    def add(self, records: Sequence[Record], run: Sequence[Line]) -> None:
        """Take the records of a run of lines."""
        raw = raw_of(self.source, run)
        for record in records:
            self.take(record, run[0].number, run[0].byte, raw)
        self.size += len(raw)

    def reject(self, run: Sequence[Line], found: Diagnostic, reason: str = "rejected") -> None:
        """Take a run of lines that is no record, whole and verbatim."""
        raw = raw_of(self.source, run)
        length = len(raw) + sum(line.length - len(line.stored) for line in run)
        where = self.source
        self.rejects.append(
            Reject(where.name, run[0].number, run[0].byte, length, raw, where.format, reason, (found,), where.header)
        )
        self.size += len(raw)


def filling(source: Source) -> Filling:
    """Return an empty batch with what is said of the file as a whole."""
    return Filling(source, notes=rows.opening_notes(source))


def raw_of(source: Source, run: Sequence[Line]) -> bytes:
    """Return the bytes of a run of lines as they are stored, without the end of the last."""
    return lines.newline_of(source).join(line.stored for line in run).removesuffix("\r".encode(source.encoding))


def paragraphs(source: Source, options: ReadOptions, batch: Filling) -> Iterator[list[Line]]:
    """Yield the runs of lines between blank lines; a line of blanks and tabs is a blank one.

    Blank lines are not counted: here they are no accident, they say where a record ends.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    held: list[Line] = []
    for line in decoded(source, options, batch):
        if not line.blank:
            held.append(line)
            continue
        if held:
            yield held
            held = []
    if held:
        yield held
