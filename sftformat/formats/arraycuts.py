"""Where a JSON array can be cut: at its objects, as long as nothing else stands in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from sftformat.formats import jsonspans
from sftformat.formats.jsonfault import BLANK

_Numbers = np.ndarray[Any, np.dtype[np.int64]]
_OPEN, _NEWLINE = b"{\n"
#: An element that is longer than this is not waited for.
_LONGEST = 8 << 20


class ElementStarts:
    """Finds where the objects of an array begin, piece by piece, from its start.

    One is proved to begin where brackets are closed outside of strings, and a comma stands between it and the object
    before. Behind anything else nothing is proved any more.
    """

    def __init__(self, bom: int) -> None:
        self._held, self._at = b"", 0
        self._bom, self._inside = bom, False
        self.proved = True

    def see(self, piece: bytes) -> tuple[_Numbers, _Numbers]:
        """Take the next piece; return where objects are proved to begin, and all line ends that were passed.

        They are 0-based bytes in the file.
        """
        text, start = self._held + piece, self._at
        if not self._inside:
            return self._before_the_first(text)
        starts, ends = jsonspans.spans(text)
        count = jsonspans.parted(text, starts, ends)
        self.proved = count == max(0, min(len(ends), len(starts) - 1)) and text[int(starts[count])] == _OPEN
        passed = int(starts[count])
        self._held, self._at = text[passed:], start + passed
        self.proved = self.proved and len(self._held) <= _LONGEST
        newlines = np.flatnonzero(np.frombuffer(text, np.uint8)[:passed] == _NEWLINE)
        return starts[1 : count + 1 if self.proved else count] + start, newlines + start

    def _before_the_first(self, text: bytes) -> tuple[_Numbers, _Numbers]:
        """Look for the first object; nothing can be cut before it."""
        none = np.zeros(0, np.int64)
        self._held = text
        head = text[self._bom :].lstrip(BLANK)
        rest = head[1:].lstrip(BLANK)
        self.proved = len(text) <= _LONGEST and head[:1] in (b"[", b"") and rest[:1] in (b"{", b"")
        if not (self.proved and rest):
            return none, none
        self._inside = True
        passed = len(text) - len(rest)
        self._held, self._at = rest, passed
        starts, newlines = self.see(b"")
        return starts, np.concatenate((np.flatnonzero(np.frombuffer(text[:passed], np.uint8) == _NEWLINE), newlines))
