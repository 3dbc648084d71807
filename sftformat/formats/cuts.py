"""One pass over the bytes of a file: its sha256, its size, and where it can be cut into ranges."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import IO

import numpy as np

from sftformat.formats.arraycuts import ElementStarts
from sftformat.formats.container import open_regular
from sftformat.formats.lines import occurrences
from sftformat.formats.source import UNIT_BYTES, Range, Scan, Source
from sftformat.formats.tablecuts import RecordStarts

_PIECE = 1 << 22
#: A line start is looked for in this many bytes after the place that is wanted, and then in this many more.
_LINE, _SEARCH = 1 << 13, 1 << 20


def scan(source: Source, unit_bytes: int = UNIT_BYTES, hashed: bool = True) -> Scan:
    """Read the file once; return its sha256 and size as stored, and ranges of about `unit_bytes`.

    As `scanning`, which says meanwhile how far it is.
    """
    steps = scanning(source, unit_bytes, hashed)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Scan = end.value
            return found


def scanning(source: Source, unit_bytes: int = UNIT_BYTES, hashed: bool = True) -> Generator[int, None, Scan]:
    """Yield how many bytes each piece of the file has that was read, and return its Scan.

    Where nobody asks what is `hashed` every sha256 is "", and a file that is not cut at bytes is not read.

    Of parallel text the sha256 and the size are those of the two files, one after the other.

    Uncompressed JSON Lines in UTF-8 is cut at line starts, a table and a JSON array as far as it is proved that records
    begin there, Parquet at row groups, class folders between files; every other file is one range. The cuts depend on
    the content only.

    Raises:
        InputError: the file cannot be read.
    """
    if source.texts:
        return (yield from _scan_texts(source, unit_bytes))
    cuts = _cuts_of(source, unit_bytes, hashed)
    if cuts is not None:
        return (yield from _scan_cut(source, cuts))
    digest, size = _digest(hashed), 0
    for each in (source, source.beside) if source.beside is not None else (source,):
        for piece in _pieces(each) if hashed else ():
            digest.update(piece)
            size += len(piece)
            yield len(piece)
        size += 0 if hashed else _size(each)
    if source.format == "parquet" and source.compression is None:
        from sftformat.formats import parquet

        return Scan(digest.hexdigest(), size, parquet.ranges(source, unit_bytes))
    return Scan(digest.hexdigest(), size, (Range(),))


class _Unhashed:
    """Stands for a sha256 for which nobody asks."""

    def update(self, text: bytes | memoryview) -> None:
        """Take more text into account, or not."""

    def hexdigest(self) -> str:
        return ""


def _digest(hashed: bool) -> _Unhashed | hashlib._Hash:
    return hashlib.sha256() if hashed else _Unhashed()


def _size(source: Source) -> int:
    with open_regular(source.path, source.name) as file:
        return file.seek(0, 2)


def _scan_cut(source: Source, cuts: _Cuts) -> Generator[int, None, Scan]:
    size = 0
    for piece in _pieces(source):
        cuts.see(piece, size)
        size += len(piece)
        yield len(piece)
    ranges = cuts.ranges(size)
    return Scan(ranges[-1].sha256, size, ranges)


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


def _cuts_of(source: Source, unit_bytes: int, hashed: bool) -> _Cuts | None:
    size = source.path.stat().st_size
    if _cut_at_lines(source):
        return _Cuts(unit_bytes, size, hashed)
    if source.format in ("csv", "tsv") and _is_plain(source):
        starts = RecordStarts(source.delimiter or ",", source.quoting, source.bom)
        return _ProvedCuts(unit_bytes, size, hashed, starts)
    if source.format == "json" and _is_plain(source):
        return _ProvedCuts(unit_bytes, size, hashed, ElementStarts(source.bom))
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
        from sftformat.formats import parquet

        groups = sorted({each.start for each in parquet.ranges(source, 1)})
        starts = sorted({groups[len(groups) * number // count] for number in range(count)})
    elif _cut_at_lines(source):
        starts = _line_starts(source, count)
    elif source.texts:
        starts = sorted({len(source.texts) * number // count for number in range(count)})
    else:
        return (Range(),)
    return _from(starts)


def shorter(source: Source, part: Range, size: int) -> Range:
    """Return about the first `size` bytes of a part of a file, to the end of a line; all of it where it is not cut so.

    Raises:
        InputError: the file cannot be read.
    """
    if source.origin is not None or not _cut_at_lines(source):
        return part
    with open_regular(source.path, source.name) as file:
        stop = _line_start(file, part.start + size, part.stop)
    return part if stop is None else replace(part, stop=stop)


def _line_starts(source: Source, count: int) -> list[int]:
    with open_regular(source.path, source.name) as file:
        size = file.seek(0, 2)
        found = {_line_start(file, size * number // count, size) for number in range(1, count)}
    return sorted({0, *(start for start in found if start is not None)})


def _line_start(file: IO[bytes], place: int, end: int | None) -> int | None:
    """Return where the first line begins at or behind a place and before `end`; None where that is not near."""
    before = file.seek(max(0, place - 1))
    for size in (_LINE, _SEARCH):
        text = file.read(size) or b""
        start = before + text.find(b"\n") + 1
        if start > before:
            return start if end is None or start < end else None
        before += len(text)
    return None


def _pieces(source: Source) -> Iterator[bytes]:
    with open_regular(source.path, source.name) as file:
        while piece := file.read(_PIECE):
            yield piece


class _Cuts:
    """Finds the first line start at or after each multiple of the unit in a file of `size` bytes.

    Lines are counted on the way, but not behind the last cut. A cut keeps the sha256 of all that stands before it; what
    is `held` is not in the digest yet.
    """

    def __init__(self, unit_bytes: int, size: int, hashed: bool) -> None:
        self.unit, self.size = unit_bytes, size
        self.line = 1
        self.starts = [Range()]
        self.digest, self.held = _digest(hashed), b""

    def see(self, piece: bytes, offset: int) -> None:
        """Take the next piece, which starts at byte `offset`, into account."""
        text, seen = memoryview(piece), 0
        while (at := self._next(piece, offset, seen)) >= 0:
            self.line += occurrences(piece, b"\n", seen, at)
            self.cut(text[seen:at], offset + at, self.line)
            seen = at
        self.digest.update(text[seen:])
        if self.wanted < self.size:
            self.line += occurrences(piece, b"\n", seen)

    def _next(self, piece: bytes, offset: int, seen: int) -> int:
        """Return where the next cut is in a piece, behind what was seen of it; or -1."""
        if self.wanted >= self.size or self.wanted - offset >= len(piece):
            return -1
        return piece.find(b"\n", max(self.wanted - offset, seen)) + 1 or -1

    @property
    def wanted(self) -> int:
        """Return the first byte at which the newline before the next cut may be."""
        return self.starts[-1].start + self.unit - 1

    def cut(self, text: memoryview, start: int, line: int) -> None:
        """Note a cut before the byte `start`, and `text` as what stands between the digest so far and the cut."""
        self.digest.update(text)
        self.starts.append(Range(start, None, line, self.digest.hexdigest()))

    def ranges(self, size: int) -> tuple[Range, ...]:
        """Return the ranges of a file of `size` bytes that was seen to its end, each with the sha256 up to its own."""
        self.digest.update(self.held)
        starts = [start for start in self.starts if start.start < size] or [Range()]
        ends = [*((each.start, each.sha256) for each in starts[1:]), (None, self.digest.hexdigest())]
        return tuple(
            Range(each.start, stop, each.first_line, sha256) for each, (stop, sha256) in zip(starts, ends, strict=True)
        )


class _ProvedCuts(_Cuts):
    """The same where the start of a line need not be that of a record."""

    def __init__(self, unit_bytes: int, size: int, hashed: bool, found: RecordStarts | ElementStarts) -> None:
        super().__init__(unit_bytes, size, hashed)
        self.found = found

    def see(self, piece: bytes, offset: int) -> None:
        """Take the next piece into account; what follows the last start that is told is held: a cut may be in it."""
        text, first, seen = memoryview(self.held + piece), offset - len(self.held), 0
        told = len(text)
        if self.found.proved and self.size > self.unit:
            starts, newlines = self.found.see(piece)
            while (index := int(np.searchsorted(starts, self.wanted + 1))) < len(starts):
                start = int(starts[index])
                self.cut(text[seen : start - first], start, self.line + int(np.searchsorted(newlines, start)))
                seen = start - first
            self.line += len(newlines)
            told = self.found.at - first if self.found.proved else told
        self.digest.update(text[seen:told])
        self.held = bytes(text[told:])
