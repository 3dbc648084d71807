"""An excerpt of a file that can only be read from its start: a short file with records from all over the long one.

The long one is passed over once, without reading its records, so that they may be sampled quickly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sftformat.errors import InputError
from sftformat.formats import container
from sftformat.formats.jsonarray import ArrayText, Run
from sftformat.formats.source import ReadOptions, Source
from sftformat.formats.thinning import Thinned

#: An excerpt has at most this many elements of an array, rows of Arrow, or pieces of a text, and half as many at least
#: if there are so many; and about so many bytes.
MOST_RECORDS, MOST_PIECES, MOST_BYTES = 4000, 64, 8 << 20
#: A piece of a text is about so long, or one record if that is longer, but not longer than this.
PIECE_BYTES, LONGEST_BYTES = 64 << 10, 4 << 20

#: Where a record ends in text; the end of a line is written `\n` here.
_LINE, _BLANK_LINE = re.compile(rb"\n"), re.compile(rb"\n[ \t\r]*\n")
_ENDS = {
    "csv": _LINE,
    "tsv": _LINE,
    "vertex": _LINE,
    "jsonl": _LINE,
    "text": _LINE,
    "conll": _BLANK_LINE,
    "conllu": _BLANK_LINE,
    "po": _BLANK_LINE,
}
_QUOTED = frozenset({"csv", "tsv", "vertex"})


def excerpt(source: Source, options: ReadOptions, path: Path) -> Source | None:
    """Write an excerpt to `path` and return how it is read; None if the format can only be read as a whole.

    Text is taken in pieces, the first of them the start of the file; where cells may be quoted a piece begins where no
    quote is open. What lies behind damage is not in it. It depends on the content of the file only.

    Raises:
        InputError: nothing can be read of the file.
    """
    if source.origin is not None or source.texts:
        return None
    if source.rows is not None:
        rows = excerpt(source.rows, options, path)
        return rows and replace(source, rows=rows)
    if source.format == "arrow":
        from sftformat.formats import arrow

        arrow.write_table(path, arrow.thinned(source, MOST_RECORDS))
        return replace(source, path=path, compression=None)
    if source.format == "json":
        path.write_bytes(b"[%b]" % b",\n".join(_elements(source, options)))
        return replace(source, path=path, compression=None, encoding="utf-8", bom=0)
    if source.format not in _ENDS or source.line_end == "\r" or "\n".encode(source.encoding) != b"\n":
        return None
    pieces = _pieces(source)
    if not (pieces and pieces[0]):
        return None
    path.write_bytes(b"".join(pieces))
    return replace(source, path=path, compression=None)


def _elements(source: Source, options: ReadOptions) -> list[bytes]:
    """Return every nth element of an array, n such that there are not too many."""
    some = Thinned[bytes](MOST_RECORDS, MOST_BYTES)
    try:
        for found in ArrayText(source, options.max_line_bytes).elements():
            if isinstance(found, Run):
                some.add([found.texts[index] for index in some.next(len(found.texts))])
            elif some.next(1) and found.finding is None:
                some.add([found.text])
    except InputError:
        if not some.kept:
            raise
    return some.kept


def _pieces(source: Source) -> list[bytes]:
    """Return every nth stretch of a text, n such that there are not too many, each cut where records begin and end."""
    some = Thinned[bytes](MOST_PIECES, MOST_BYTES)
    odd, first = False, True
    quoting = source.quoting and source.format in _QUOTED
    taken: _Piece | None = None
    try:
        for stretch in container.chunks(source, PIECE_BYTES):
            if some.next(1) and taken is None:
                taken, first = _Piece(_ENDS[source.format], quoting, odd, first), False
            if taken is not None and (whole := taken.add(stretch)) is not None:
                some.add([whole])
                taken = None
            odd ^= quoting and stretch.count(b'"') % 2 == 1
    except InputError:
        if not some.kept:
            raise
    return some.kept if taken is None else [*some.kept, taken.whole()]


@dataclass(slots=True)
class _Piece:
    """A piece of a text that is being taken; `odd` says that a quote is open where it begins, if quotes count."""

    end: re.Pattern[bytes]
    quoting: bool
    odd: bool
    first: bool
    text: bytes = b""
    want: int = PIECE_BYTES

    def add(self, stretch: bytes) -> bytes | None:
        """Take a stretch; return whole records if that is enough, nothing of one so long that there is no use in it."""
        self.text += stretch
        if len(self.text) < self.want:
            return None
        self.want *= 2
        return self.whole() or (b"" if self.want > LONGEST_BYTES else None)

    def whole(self) -> bytes:
        """Whole records of the text; nothing if none begins and ends in it."""
        ends = list(self.ends())
        start = 0 if self.first else (ends or [0])[0]
        return self.text[start : ends[-1] if ends else start]

    def ends(self) -> Iterator[int]:
        """Yield where records end."""
        odd, counted = self.odd, 0
        for found in self.end.finditer(self.text):
            if self.quoting:
                odd ^= self.text.count(b'"', counted, found.end()) % 2 == 1
                counted = found.end()
            if not odd:
                yield found.end()
