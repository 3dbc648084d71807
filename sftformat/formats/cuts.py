"""One pass over the bytes of a file: its sha256, its size, and where it can be cut into ranges."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import numpy as np

from sftformat.formats import parquet
from sftformat.formats.arraycuts import ElementStarts
from sftformat.formats.container import open_regular
from sftformat.formats.lines import occurrences
from sftformat.formats.source import UNIT_BYTES, Range, Scan, Source
from sftformat.formats.tablecuts import RecordStarts

_PIECE = 1 << 20
#: A line start is looked for in this many bytes after the place that is wanted.
_SEARCH = 1 << 20


def scan(source: Source, unit_bytes: int = UNIT_BYTES) -> Scan:
    """Read the file once; return its sha256 and size as stored, and ranges of about `unit_bytes`.

    As `scanning`, which says meanwhile how far it is.
    """
    steps = scanning(source, unit_bytes)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Scan = end.value
            return found


def scanning(source: Source, unit_bytes: int = UNIT_BYTES) -> Generator[int, None, Scan]:
    """Yield how many bytes each piece of the file has that was read, and return its Scan.

    Of parallel text the sha256 and the size are those of the two files, one after the other.

    Uncompressed JSON Lines in UTF-8 is cut at line starts, a table and a JSON array as far as it is proved that records
    begin there, Parquet at row groups, class folders between files; every other file is one range. The cuts depend on
    the content only.

    Raises:
        InputError: the file cannot be read.
    """
    if source.texts:
        return (yield from _scan_texts(source, unit_bytes))
    cuts = _cuts_of(source, unit_bytes)
    digest = hashlib.sha256()
    size = 0
    for piece in _pieces(source):
        digest.update(piece)
        if cuts:
            cuts.see(piece, size)
        size += len(piece)
        yield len(piece)
    if source.beside is not None:
        for piece in _pieces(source.beside):
            digest.update(piece)
            size += len(piece)
            yield len(piece)
    if source.format == "parquet" and source.compression is None:
        return Scan(digest.hexdigest(), size, parquet.ranges(source, unit_bytes))
    return Scan(digest.hexdigest(), size, cuts.ranges(size) if cuts else (Range(),))


def _scan_texts(source: Source, unit_bytes: int) -> Generator[int, None, Scan]:
    """Return the scan of class folders: what the files are called counts as what they hold."""
    digest = hashlib.sha256()
    size, starts, cut = 0, [0], 0
    for number, text in enumerate(source.texts):
        if size - cut >= unit_bytes:
            starts.append(number)
            cut = size
        own = hashlib.sha256()
        for piece in _pieces(replace(source, path=source.path / text.name, name=f"{source.name}/{text.name}")):
            own.update(piece)
            size += len(piece)
            yield len(piece)
        digest.update(b"%s\0%s\n" % (text.name.encode(), own.hexdigest().encode()))
    return Scan(digest.hexdigest(), size, _from(starts))


def _from(starts: Sequence[int]) -> tuple[Range, ...]:
    return tuple(Range(start, stop) for start, stop in zip(starts, [*starts[1:], None], strict=True))


def _cut_at_lines(source: Source) -> bool:
    return source.format in ("jsonl", "text") and _is_plain(source)


def _is_plain(source: Source) -> bool:
    return source.compression is None and source.encoding == "utf-8" and source.line_end != "\r"


def _cuts_of(source: Source, unit_bytes: int) -> _Cuts | None:
    size = source.path.stat().st_size
    if _cut_at_lines(source):
        return _Cuts(unit_bytes, size)
    if source.format in ("csv", "tsv") and _is_plain(source):
        return _ProvedCuts(unit_bytes, size, RecordStarts(source.delimiter or ",", source.quoting, source.bom))
    if source.format == "json" and _is_plain(source):
        return _ProvedCuts(unit_bytes, size, ElementStarts(source.bom))
    return None


def spread(source: Source, count: int) -> tuple[Range, ...]:
    """Return at most `count` places over the whole file, the start first, each with all that follows it up to the next.

    To look at a few records of each, without reading the rest. The places depend on the size of the file only. Lines
    are not counted on the way: `first_line` is 1 in all of them. A file that `scan` cannot cut is one range, and so is
    a run of rejects; `excerpt` looks at those.

    Raises:
        InputError: the file cannot be read.
    """
    if source.origin is not None:
        return (Range(source.start, source.stop, source.first_line),)
    if source.format == "parquet" and source.compression is None:
        groups = sorted({each.start for each in parquet.ranges(source, 1)})
        starts = sorted({groups[len(groups) * number // count] for number in range(count)})
    elif _cut_at_lines(source):
        starts = _line_starts(source, count)
    elif source.texts:
        starts = sorted({len(source.texts) * number // count for number in range(count)})
    else:
        return (Range(),)
    return _from(starts)


def _line_starts(source: Source, count: int) -> list[int]:
    starts = {0}
    with open_regular(source.path, source.name) as file:
        size = file.seek(0, 2)
        for number in range(1, count):
            place = file.seek(max(0, size * number // count - 1))
            at = (file.read(_SEARCH) or b"").find(b"\n")
            if at >= 0 and place + at + 1 < size:
                starts.add(place + at + 1)
    return sorted(starts)


def _pieces(source: Source) -> Iterator[bytes]:
    with open_regular(source.path, source.name) as file:
        while piece := file.read(_PIECE):
            yield piece


class _Cuts:
    """Finds the first line start at or after each multiple of the unit in a file of `size` bytes.

    Lines are counted on the way, but not behind the last cut.
    """

    def __init__(self, unit_bytes: int, size: int) -> None:
        self.unit, self.size = unit_bytes, size
        self.line = 1
        self.starts = [(0, 1)]

    def see(self, piece: bytes, offset: int) -> None:
        """Take the next piece, which starts at byte `offset`, into account."""
        counted = 0
        while True:
            # A cut at `wanted` needs a newline right before it.
            wanted = self.starts[-1][0] + self.unit - 1 - offset
            if offset + wanted >= self.size:
                return
            if wanted >= len(piece):
                break
            at = piece.find(b"\n", max(wanted, counted))
            if at < 0:
                break
            self.line += occurrences(piece, b"\n", counted, at + 1)
            counted = at + 1
            self.starts.append((offset + at + 1, self.line))
        self.line += occurrences(piece, b"\n", counted)

    def ranges(self, size: int) -> tuple[Range, ...]:
        """Return the ranges of a file of `size` bytes."""
        starts = [start for start in self.starts if start[0] < size] or [(0, 1)]
        stops = [start for start, _ in starts[1:]]
        return tuple(Range(start, stop, line) for (start, line), stop in zip(starts, [*stops, None], strict=True))


class _ProvedCuts(_Cuts):
    """The same where the start of a line need not be that of a record."""

    def __init__(self, unit_bytes: int, size: int, found: RecordStarts | ElementStarts) -> None:
        super().__init__(unit_bytes, size)
        self.found = found

    def see(self, piece: bytes, offset: int) -> None:  # noqa: ARG002 - it is that of the pieces so far
        """Take the next piece into account."""
        if not self.found.proved or self.size <= self.unit:
            return
        starts, newlines = self.found.see(piece)
        while True:
            index = int(np.searchsorted(starts, self.starts[-1][0] + self.unit))
            if index >= len(starts):
                break
            start = int(starts[index])
            self.starts.append((start, self.line + int(np.searchsorted(newlines, start))))
        self.line += len(newlines)
