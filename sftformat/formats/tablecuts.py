"""Where a table of text can be cut: at the starts of lines that are proved to be starts of records.

A record of CSV may go on over line ends inside quotes. As long as every quote seen stands where one may stand, a line
end before which quotes are even in number ends a record. Behind the first that does not, nothing is proved any more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_Numbers = np.ndarray[Any, np.dtype[np.int64]]
_Bytes = np.ndarray[Any, np.dtype[np.uint8]]
_QUOTE, _NEWLINE, _RETURN, _TAB = b'"\n\r\t'
#: A line that is longer than this is not waited for.
_LONGEST = 8 << 20


class RecordStarts:
    """Finds where the records of a table begin, piece by piece.

    In TSV no record goes on over a line end: quotes are rare there, and one that does may be rows with stray quotes.
    """

    def __init__(self, delimiter: str, quoting: bool, bom: int) -> None:
        self._delimiter = ord(delimiter)
        self._quoting, self._skip = quoting, bom
        self._held, self._at = b"", 0
        self._open = False
        self.proved = True

    def see(self, piece: bytes) -> tuple[_Numbers, _Numbers]:
        """Take the next piece; return where records are proved to begin, and all line ends that were passed.

        They are 0-based bytes in the file. What a line is that has not ended yet is told later.
        """
        text = self._held + piece
        length = text.rfind(b"\n") + 1
        start, lines = self._at, text[:length]
        self._held, self._at = text[length:], start + length
        self.proved = self.proved and len(self._held) <= _LONGEST
        if not self.proved:
            self._held = b""
        newlines = np.flatnonzero(np.frombuffer(lines, np.uint8) == _NEWLINE)
        ends = self._proved(lines, newlines) if self.proved else newlines[:0]
        self._skip = 0
        return ends + start + 1, newlines + start

    def _proved(self, text: bytes, newlines: _Numbers) -> _Numbers:
        """Return those line ends of some whole lines that end a record, up to a quote that stands where none may."""
        if not self._quoting or (b'"' not in text and not self._open):
            return newlines
        characters = np.frombuffer(text, np.uint8)
        quotes = np.flatnonzero(characters == _QUOTE)
        opening = (np.arange(len(quotes)) + self._open) % 2 == 0
        misplaced = np.flatnonzero(
            ~np.where(opening, self._opens(characters, quotes), self._closes(characters, quotes))
        )
        limit = int(quotes[misplaced[0]]) if len(misplaced) else len(text)
        inside = (np.searchsorted(quotes, newlines) + self._open) % 2 == 1
        if self._delimiter == _TAB and inside.any():
            limit = min(limit, int(newlines[inside][0]))
        self.proved = limit == len(text)
        self._open ^= len(quotes) % 2 == 1
        proved: _Numbers = newlines[~inside & (newlines < limit)]
        return proved

    def _opens(self, characters: _Bytes, quotes: _Numbers) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return of each quote whether a cell, or a quote after one that closed, may be opened by it."""
        before = characters[np.maximum(quotes - 1, 0)]
        fits = (before == self._delimiter) | (before == _NEWLINE) | (before == _QUOTE)
        return np.asarray(fits | (quotes == self._skip), np.bool_)

    def _closes(self, characters: _Bytes, quotes: _Numbers) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return of each quote whether a cell may end there."""
        after = characters[quotes + 1]
        ended = (after == _RETURN) & (characters[np.minimum(quotes + 2, len(characters) - 1)] == _NEWLINE)
        ended |= (after == self._delimiter) | (after == _NEWLINE) | (after == _QUOTE)
        return np.asarray(ended, np.bool_)
