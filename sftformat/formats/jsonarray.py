"""The text of a JSON array cut into its elements, in bounded memory; what an element holds is not looked at."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sftformat.diagnostics import Diagnostic
from sftformat.formats import jsonfault, jsonspans, rows
from sftformat.formats.container import chunks
from sftformat.formats.lines import Lines
from sftformat.formats.source import KEPT_BYTES, Source, fault

Numbers = np.ndarray[Any, np.dtype[np.int64]]
_OPEN = ord("{")
#: So much of the window is looked at in one go: it is long only where an element is.
_WIDE = 4 << 20
_SPACE = re.compile(rb"[ \t\r\n]*+")
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
# An object without objects or arrays in it is passed over in one step; a lone quote is a string that goes on.
_TOKEN = re.compile(
    rb'\{(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+\}|"(?:[^"\\]++|\\.)*+"|[\[{\]},"]',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the array as it stands: its place, its text or the start of it, and its length in bytes."""

    line: int
    byte: int
    text: bytes
    length: int
    finding: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Objects that follow each other in the array, as they stand in UTF-8.

    texts      each of them
    whole      all of them, with the commas between
    starts     where each begins in `whole`
    ends       and the byte behind it
    lines      the 1-based line of each
    offset     the 0-based byte of the first
    """

    texts: Lines
    whole: bytes
    starts: Numbers
    ends: Numbers
    lines: Numbers
    offset: int

    def part(self, start: int, stop: int) -> Run:
        """Return some of them, at least one."""
        first, last = int(self.starts[start]), int(self.ends[stop - 1])
        starts, ends = self.starts[start:stop] - first, self.ends[start:stop] - first
        whole = self.whole[first:last]
        return Run(Lines(whole, None, starts, ends), whole, starts, ends, self.lines[start:stop], self.offset + first)

    def elements(self) -> list[Element]:
        """Return each by itself."""
        places = zip(self.lines.tolist(), self.starts.tolist(), self.texts, strict=True)
        return [Element(line, self.offset + start, text, len(text)) for line, start, text in places]


def up_to(source: Source) -> str:
    """Say where reading goes on after a fault that ends a range."""
    return "" if source.stop is None else f", up to byte {source.stop:,}"


def stored_form(source: Source, text: bytes) -> bytes:
    return text if source.encoding == "utf-8" else text.decode("utf-8", "replace").encode(source.encoding, "replace")


@dataclass(slots=True)
class ArrayText:
    """The text of an array, or of a range of it, as a window that moves over it.

    `window[at]` is at `byte` of the file, on `line`.
    """

    source: Source
    limit: int
    window: bytes = b""
    at: int = 0
    line: int = 1
    byte: int = 0
    pieces: Iterator[bytes] = field(default_factory=lambda: iter(()))
    depth: int = 0
    in_string: bool = False
    found: tuple[Numbers, Numbers] | None = None
    seen: int = 0

    def elements(self) -> Iterator[Run | Element]:
        """Yield the elements in order, many at once where they are plain; the last perhaps with what ends the file."""
        source = self.source
        self.byte, self.line = source.start or source.bom, source.first_line
        self.pieces = _in_utf8(source)
        if not source.start:
            if self.next_mark() != b"[":
                yield self.broken("an array was expected")
                return
            self.pass_over(1)
        mark = self.next_mark()
        while mark != b"]":
            if not mark and source.stop is not None:
                return  # the next range begins here
            if mark in (b",", b""):
                yield self.broken("a value was expected")
                return
            run = self.run()
            if run is not None:
                yield run
            else:
                element = self.element()
                yield element
                if element.finding and element.finding.code != "SFT009":
                    return
                mark = self.next_mark()
                if mark == b"]":
                    break
                if mark != b",":
                    yield self.broken("',' or ']' was expected after the element")
                    return
                self.pass_over(1)
            mark = self.next_mark()
            if mark == b"]":
                yield self.broken("a value was expected after the comma")
                return
        self.pass_over(1)
        if self.next_mark():
            yield self.broken("the end of the file was expected after the array")

    def more(self) -> bool:
        """Read on, at least as much as is held; return False at the end of the file."""
        held = [self.window[self.at :]]
        want = max(1, len(held[0]))
        while want > 0:
            piece = next(self.pieces, b"")
            if not piece:
                break
            held.append(piece)
            want -= len(piece)
        self.window, self.at, self.found = b"".join(held), 0, None
        return len(held) > 1

    def pass_over(self, count: int) -> None:
        """Move on by `count` bytes of the window."""
        stop = self.at + count
        self.line += self.window.count(b"\r" if self.source.line_end == "\r" else b"\n", self.at, stop)
        self.byte += (
            count if self.source.encoding == "utf-8" else len(stored_form(self.source, self.window[self.at : stop]))
        )
        self.at = stop

    def next_mark(self) -> bytes:
        """Pass over white space; return the byte that comes then, nothing at the end of the file."""
        while True:
            space = _SPACE.match(self.window, self.at)
            if space and space.end() > self.at:
                self.pass_over(space.end() - self.at)
            if self.at < len(self.window) or not self.more():
                return self.window[self.at : self.at + 1]

    def run(self) -> Run | None:
        """Pass over objects that are short enough and followed by a comma and another one; None if there are none."""
        if self.source.encoding != "utf-8" or self.window[self.at] != _OPEN:
            return None
        starts, ends, index = self.spans_here()
        if index + 1 >= len(ends) and (self.seen < len(self.window) or self.more()):
            self.found = None
            starts, ends, index = self.spans_here()
        if index >= len(starts) or starts[index] != self.at:
            return None
        starts, ends = starts[index:], ends[index:]
        count = jsonspans.parted(self.window, starts, ends)
        if count and int((ends[:count] - starts[:count]).max()) > self.limit:
            count = int(np.argmax(ends[:count] - starts[:count] > self.limit))
        if not count:
            return None
        after = int(starts[count])
        whole = self.window[self.at : int(ends[count - 1])]
        starts, ends = starts[:count] - self.at, ends[:count] - self.at
        newlines = np.flatnonzero(np.frombuffer(whole, np.uint8) == (13 if self.source.line_end == "\r" else 10))
        lines = np.searchsorted(newlines, starts) + self.line
        run = Run(Lines(whole, None, starts, ends), whole, starts, ends, lines, self.byte)
        self.pass_over(after - self.at)
        return run

    def spans_here(self) -> tuple[Numbers, Numbers, int]:
        """Return where objects and arrays begin and end, as far as was looked, and the index of the first from here."""
        if self.found is None:
            self.seen = min(self.at + _WIDE, len(self.window))
            starts, ends = jsonspans.spans(self.window[self.at : self.seen])
            self.found = starts + self.at, ends + self.at
        return *self.found, int(np.searchsorted(self.found[0], self.at))

    def element(self) -> Element:
        """Pass over one element, which starts here."""
        line, byte = self.line, self.byte
        kept, gone = b"", 0
        self.depth, self.in_string = 0, False
        seen, ended = 0, False
        while True:
            end, seen = self.find_end(self.at + seen)
            if end >= 0:
                break
            seen -= self.at
            if gone + len(self.window) - self.at > self.limit:
                # Too long to hold: keep its start, forget the rest, go on looking for its end.
                kept = kept or self.window[self.at : self.at + KEPT_BYTES]
                gone += seen
                self.pass_over(seen)
                seen = 0
            if not self.more():
                end, ended = len(self.window), True
                break
        text = self.window[self.at : end].rstrip(jsonfault.BLANK)
        self.pass_over(end - self.at)
        length = gone + len(text)
        if kept or length > self.limit:
            message = f"an element of {length:,} bytes, over the limit of {self.limit:,} (--max-line-bytes)"
            bad = rows.finding(self.source, "SFT009", message, line, byte)
            return Element(line, byte, kept or text[:KEPT_BYTES], length, bad)
        if ended and (self.depth or self.in_string):
            bad = rows.finding(self.source, "SFT017", "the last element breaks off", line, byte)
            return Element(line, byte, text, length, bad)
        return Element(line, byte, text, length)

    def find_end(self, at: int) -> tuple[int, int]:
        """Return (where the element ends, any), or (-1, where to look on when there is more)."""
        window = self.window
        while True:
            if self.in_string:
                inside = _IN_STRING.match(window, at)
                at = inside.end() if inside else at
                if at >= len(window) or window[at] == 0x5C:
                    return -1, at
                self.in_string, at = False, at + 1
            for token in _TOKEN.finditer(window, at):
                end = token.end()
                if end - token.start() > 1:
                    continue
                mark = window[end - 1]
                if mark == 0x22:
                    self.in_string, at = True, end
                    break
                if mark in b"[{":
                    self.depth += 1
                elif not self.depth:
                    return end - 1, end
                elif mark != 0x2C:
                    self.depth -= 1
            else:
                return -1, len(window)

    def broken(self, message: str) -> Element:
        """Return what ends the file here."""
        mark = self.window[self.at : self.at + 1]
        got = repr(mark.decode("utf-8", "replace")) if mark else "the end of the file"
        message = f"{message}, got {got}; the array cannot be read on from here{up_to(self.source)}"
        bad = rows.finding(self.source, "SFT001", message, self.line, self.byte)
        rest = self.window[self.at : self.at + KEPT_BYTES]
        return Element(self.line, self.byte, rest, len(self.window) - self.at, bad)


def _in_utf8(source: Source) -> Iterator[bytes]:
    """Yield the text after the byte order mark in UTF-8."""
    skip = 0 if source.start else source.bom
    decoder = None if source.encoding == "utf-8" else codecs.getincrementaldecoder(source.encoding)()
    for piece in chunks(source):
        cut = min(skip, len(piece))
        skip -= cut
        piece = piece[cut:] if cut else piece
        try:
            text = piece if decoder is None else decoder.decode(piece).encode()
        except UnicodeError as error:
            raise fault("SFT006", source.name, f"bytes that are not {source.encoding}") from error
        if text:
            yield text
