"""Physical lines: cut at line ends only, with the place of each, in bounded memory, whatever the encoding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import add
from typing import Any

import numpy as np

from sftformat.formats.container import chunks
from sftformat.formats.source import KEPT_BYTES, Source

_Numbers = np.ndarray[Any, np.dtype[np.int64]]
_OPEN, _CLOSE, _CR = b"{}\r"


class Lines(Sequence[bytes]):
    """The lines of a text from `starts` to `ends`; it is cut only when several of them are asked for.

    Without `newline` they are any stretches of the text.
    """

    def __init__(self, text: bytes, newline: bytes | None, starts: _Numbers, ends: _Numbers) -> None:
        self._text, self._newline, self._starts, self._ends = text, newline, starts, ends
        self._cut: list[bytes] | None = None

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: Any) -> Any:
        if self._cut is None and isinstance(index, int):
            return self._text[self._starts[index] : self._ends[index]]
        if self._cut is None and self._newline is None:
            text, places = self._text, zip(self._starts.tolist(), self._ends.tolist(), strict=True)
            self._cut = [text[start:end] for start, end in places]
        elif self._cut is None:
            self._cut = self._text.split(self._newline)[: len(self._ends)]
        return self._cut[index]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self[:])


@dataclass(frozen=True, slots=True)
class Block:
    """A run of whole physical lines.

    first_line  1-based
    offsets     0-based byte of each line in the uncompressed file
    stored      the lines as stored, without the LF; a CR before it is still there
    lines       the same in UTF-8: the same list when that is how they are stored
    text        all lines in UTF-8 in one piece, to search
    ended       False when the last line has no line end
    ends        where each line ends in `text` (only looked for in UTF-8)
    longest     bytes of the longest line
    objects     every line begins with `{` and ends with `}` (only looked for in UTF-8)
    too_long    the true length of a line over the limit; the block is then that line alone, its first bytes only
    undecodable index of a line -> 0-based byte in it: lines that are not text in the encoding (only looked for here
                when it is not UTF-8)
    """

    first_line: int
    offsets: Sequence[int]
    stored: Sequence[bytes]
    lines: Sequence[bytes]
    text: bytes
    ended: bool = True
    longest: int = 0
    objects: bool = False
    ends: _Numbers | None = None
    too_long: int | None = None
    undecodable: dict[int, int] = field(default_factory=dict)


def blocks(source: Source, max_line_bytes: int) -> Iterator[Block]:
    """Yield the physical lines of `source`, about a MiB at a time; a line over the limit is a block by itself.

    Raises:
        InputError: the file cannot be read or is damaged.
    """
    newline = newline_of(source)
    line, offset = source.first_line, source.start
    for text, too_long in _whole_lines(chunks(source), newline, max_line_bytes):
        if too_long is not None:
            yield Block(line, [offset], [text], [text], text, too_long=too_long)
            line, offset = line + 1, offset + too_long + len(newline)
            continue
        block = _block(source, text, line, offset, newline)
        if block.lines:
            yield block
        line, offset = line + len(block.lines), offset + len(text)


def occurrences(text: bytes, character: bytes, start: int = 0, stop: int | None = None) -> int:
    """Return how often a character of one byte stands in a text: as `bytes.count`, but many times as fast if often."""
    view = memoryview(text)[start:stop]
    return int(np.count_nonzero(np.frombuffer(view, np.uint8) == ord(character))) if len(view) else 0


def newline_of(source: Source) -> bytes:
    """Return the bytes that end a line: those of LF, or of CR in a file that has no LF."""
    return ("\r" if source.line_end == "\r" else "\n").encode(source.encoding)


def _block(source: Source, text: bytes, line: int, offset: int, newline: bytes) -> Block:
    skip = source.bom if offset == 0 else 0
    text = text[skip:] if skip else text
    if len(newline) == 1 and source.encoding == "utf-8":
        return _plain_block(text, line, offset + skip, newline)
    stored = _split(text, newline)
    ended = not stored[-1]
    if ended:
        stored.pop()
    width = len(newline)
    before = accumulate(map(len, stored), initial=offset + skip)
    offsets = list(map(add, before, range(0, width * len(stored), width)))
    lines, undecodable = _transcoded(stored, source.encoding)
    longest = max(map(len, lines), default=0)
    return Block(line, offsets, stored, lines, b"\n".join(lines), ended, longest, undecodable=undecodable)


def _plain_block(text: bytes, line: int, offset: int, newline: bytes) -> Block:
    """Return the block of a text in UTF-8; where its lines are is found without cutting it."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == newline[0])
    ended = text.endswith(newline)
    if not ended and text:
        ends = np.append(ends, len(text))
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    lengths = ends - starts
    stored = Lines(text, newline, starts, ends)
    longest = int(lengths.max(initial=0))
    objects = _are_objects(text, starts, lengths)
    offsets = memoryview(np.asarray(starts + offset, np.int64).data)
    return Block(line, offsets, stored, stored, text, ended, longest, objects, ends)


def _are_objects(text: bytes, starts: _Numbers, lengths: _Numbers) -> bool:
    """Whether every line begins with `{` and ends with `}`, the CR of a CRLF aside."""
    if not lengths.all():
        return False
    characters = np.frombuffer(text, np.uint8)
    last = characters[starts + lengths - 1]
    before = characters[np.maximum(starts + lengths - 2, 0)]
    ends = (last == _CLOSE) | ((last == _CR) & (before == _CLOSE))
    return bool(ends.all() and (characters[starts] == _OPEN).all())


def _split(text: bytes, newline: bytes) -> list[bytes]:
    pieces = text.split(newline)
    width = len(newline)
    if width == 1:
        return pieces
    # In UTF-16 and UTF-32 the bytes of a newline may also stand across two characters: join those pieces again.
    whole: list[bytes] = []
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size % width == 0:
            whole.append(newline.join(held))
            held, size = [], 0
    return [*whole, newline.join(held)] if held else whole


def _transcoded(stored: list[bytes], encoding: str) -> tuple[list[bytes], dict[int, int]]:
    lines: list[bytes] = []
    undecodable: dict[int, int] = {}
    for index, piece in enumerate(stored):
        try:
            lines.append(piece.decode(encoding).encode())
        except UnicodeError as error:
            undecodable[index] = getattr(error, "start", 0)
            lines.append(piece.decode(encoding, "replace").encode("utf-8", "replace"))
    return lines, undecodable


def _aligned(pieces: Iterator[bytes], width: int) -> Iterator[bytes]:
    """Cut the pieces anew so that no character unit of `width` bytes stands across two of them."""
    if width == 1:
        yield from pieces
        return
    rest = b""
    for piece in pieces:
        piece = rest + piece
        end = len(piece) - len(piece) % width
        rest = piece[end:]
        if end:
            yield piece[:end]
    if rest:
        yield rest


def _first_end(text: bytes, newline: bytes) -> int:
    """Return where the second line starts, 0 when there is no line end."""
    at = text.find(newline)
    while at % len(newline) and at >= 0:
        at = text.find(newline, at + 1)
    return at + len(newline) if at >= 0 else 0


def _last_end(text: bytes, newline: bytes) -> int:
    """Return where the line after the last line end starts, 0 when there is no line end."""
    at = text.rfind(newline)
    while at % len(newline) and at >= 0:
        at = text.rfind(newline, 0, at + len(newline) - 1)
    return at + len(newline) if at >= 0 else 0


def _whole_lines(pieces: Iterator[bytes], newline: bytes, limit: int) -> Iterator[tuple[bytes, int | None]]:
    """Yield (whole lines, None), or (the first bytes of a line over the limit, its length)."""
    held: list[bytes] = []
    size = 0
    kept: bytes | None = None  # the start of a line that is being skipped; `size` then counts what was skipped
    for piece in _aligned(pieces, len(newline)):
        if kept is not None:
            start = _first_end(piece, newline)
            if not start:
                size += len(piece)
                continue
            yield kept, size + start - len(newline)
            kept, size, held, piece = None, 0, [], piece[start:]
        end = _last_end(piece, newline)
        if end:
            yield from _long_apart(b"".join([*held, memoryview(piece)[:end]]), newline, limit)
            held, size = [], 0
        held.append(piece[end:])
        size += len(piece) - end
        if size > limit:
            kept, held = b"".join(held)[:KEPT_BYTES], []
    if kept is not None:
        yield kept, size
    elif size:
        yield b"".join(held), None


def _long_apart(text: bytes, newline: bytes, limit: int) -> Iterator[tuple[bytes, int | None]]:
    """Yield `text`, which is whole lines, with each line over the limit apart."""
    if len(text) <= limit:
        yield text, None
        return
    run: list[bytes] = []
    for line in _split(text, newline)[:-1]:
        if len(line) <= limit:
            run.append(line + newline)
            continue
        if run:
            yield b"".join(run), None
            run = []
        yield line[:KEPT_BYTES], len(line)
    if run:
        yield b"".join(run), None
