"""What every reader of a text format does with a row: report it, reject it, count it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sftformat.diagnostics import Diagnostic, Severity, diagnostic
from sftformat.formats.lines import Block
from sftformat.formats.source import KEPT_BYTES, Source
from sftformat.record import Reject

BOM = b"\xef\xbb\xbf"
#: The byte order marks, and the encoding that each says.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def reject(source: Source, line: int, byte: int | None, raw: bytes, finding: Diagnostic, length: int = -1) -> Reject:
    """Return a row that could not be read; `raw` keeps the start of a row over the limit, `length` its true length."""
    length = len(raw) if length < 0 else length
    return Reject(source.name, line, byte, length, raw, source.format, "rejected", (finding,), source.header)


def finding(source: Source, code: str, message: str, line: int, byte: int | None, **fields: Any) -> Diagnostic:
    """Return a finding about a row of `source`: 1-based line, 0-based byte."""
    return diagnostic(code, message, file=source.name, line=line, byte=byte, **fields)


def too_long(source: Source, block: Block, limit: int) -> Reject:
    """Return the reject for a line over the limit (SFT009); `block` holds its first bytes."""
    line, byte, length = block.first_line, block.offsets[0], block.too_long or 0
    message = f"a line of {length:,} bytes, over the limit of {limit:,} (--max-line-bytes)"
    return reject(
        source, line, byte, block.stored[0][:KEPT_BYTES], finding(source, "SFT009", message, line, byte), length
    )


def undecodable(source: Source, stored: bytes, at: int, line: int, byte: int) -> Diagnostic:
    """Return the finding for a row that is not text in the encoding; `at` is the 0-based bad byte in the row."""
    value = f"{stored[at]:#04x}" if at < len(stored) else "at the end"
    guess = likely_encoding(stored) if source.encoding == "utf-8" else None
    hint = f"if the file is {guess}, say --encoding {guess}" if guess else "say --encoding NAME, or mend the row"
    return finding(source, "SFT006", f"byte {value} is not {source.encoding}", line, byte + at, hint=hint)


def likely_encoding(data: bytes) -> str | None:
    """Name an encoding that bytes which are not UTF-8 may have; a suggestion for a message, never used to read."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(data) // 2
    if half and data[1::2].count(0) > half // 2:
        return "utf-16-le"
    if half and data[0::2].count(0) > half // 2:
        return "utf-16-be"
    try:
        # 0x80 to 0x9f are controls in latin-1 but quotes and dashes in cp1252, which defines all but five of them.
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def inner_marks(source: Source, block: Block) -> Iterator[Diagnostic]:
    """Yield SFT007 as a warning for each line of a block that holds U+FEFF."""
    if BOM[:1] not in block.text or BOM not in block.text:  # one byte is found many times as fast as three
        return
    for index, line in enumerate(block.lines):
        at = line.find(BOM)
        if at >= 0:
            byte = block.offsets[index] + (at if source.encoding == "utf-8" else 0)
            message = "a byte order mark (U+FEFF) inside a text"
            where = block.first_line + index
            yield finding(source, "SFT007", message, where, byte, severity=Severity.WARNING)


@dataclass(slots=True)
class LineEnds:
    """Remembers whether a line that ends otherwise than the first was seen: it is reported once (SFT018)."""

    source: Source
    reported: bool = False

    def check(self, block: Block) -> Iterator[Diagnostic]:
        """Yield SFT018 for the first line that ends otherwise."""
        if self.reported or self.source.line_end == "\r" or block.too_long is not None:
            return
        crlf = self.source.line_end == "\r\n"
        last = len(block.lines) if block.ended else len(block.lines) - 1
        if crlf and block.text.count(b"\r\n") >= last:
            return
        if crlf:
            other = next((i for i in range(last) if not block.lines[i].endswith(b"\r")), None)
        elif b"\r" in block.text:
            other = next((i for i in range(last) if block.lines[i].endswith(b"\r")), None)
        else:
            return
        if other is not None:
            self.reported = True
            words = "LF, the first with CRLF" if crlf else "CRLF, the first with LF"
            line, byte = block.first_line + other, block.offsets[other]
            yield finding(self.source, "SFT018", f"this line ends with {words}", line, byte)


def opening_notes(source: Source) -> list[Diagnostic]:
    """Return what is reported with the first batch of a file: its byte order mark, a suspect header."""
    if source.start:
        return []
    notes = list(source.notes)
    if source.bom:
        message = "a byte order mark at the start of the file; it is not part of the text"
        notes.insert(0, finding(source, "SFT007", message, source.first_line, 0))
    return notes


def slices(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of runs of at most `size` that cover range(length); (0, 0) when it is empty."""
    yield from pairwise([*range(0, length, size), length]) if length else [(0, 0)]
