"""Where the objects and arrays of a JSON array begin and end, found for a whole stretch of its text in one go."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_Numbers = np.ndarray[Any, np.dtype[np.int64]]
_QUOTE, _BACKSLASH, _OPEN = b'"\\{'
_MARKS = bytes(int(byte in b'"[]{}') for byte in range(256))
_GAP = re.compile(rb"[ \t\r\n]*+,[ \t\r\n]*+")
#: What stands between elements is compared byte by byte up to this length.
_SHORT = 64
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def spans(text: bytes) -> tuple[_Numbers, _Numbers]:
    """Return the 0-based bytes at which objects and arrays begin, and those behind the end of each.

    Those that stand directly in the array are meant. The text begins outside of any of them and of any string. The last
    one may have a beginning and no end, when it goes on behind the text. Where the array ends, no more is found.
    """
    characters = np.frombuffer(text, np.uint8)
    marks = np.flatnonzero(np.frombuffer(text.translate(_MARKS), np.bool_))
    quotes = characters[marks] == _QUOTE
    if b"\\" in text:
        quotes &= ~_escaped(characters, marks)
    # Outside of strings is where quotes are even in number before.
    outside = ~np.logical_xor.accumulate(quotes)
    outside &= ~quotes
    marks = marks[outside]
    # A backslash before a quote that opens a string is a fault: what follows cannot be told apart.
    faults = np.flatnonzero(characters[marks] == _QUOTE)
    marks = marks[: faults[0]] if len(faults) else marks
    steps = _STEPS[characters[marks]]
    depths = np.cumsum(steps, dtype=np.int64)
    beyond = np.flatnonzero(depths < 0)
    if len(beyond):
        marks, steps, depths = marks[: beyond[0]], steps[: beyond[0]], depths[: beyond[0]]
    return marks[(depths == 1) & (steps == 1)], marks[depths == 0] + 1


def _escaped(characters: np.ndarray[Any, np.dtype[np.uint8]], marks: _Numbers) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return of each mark whether an odd number of backslashes stands right before it."""
    found = characters[np.maximum(marks - 1, 0)] == _BACKSLASH
    found &= marks > 0
    doubtful = np.flatnonzero(found)
    slashes = np.flatnonzero(characters == _BACKSLASH)
    # A run of backslashes begins where the one before is not right in front.
    first = np.diff(slashes, prepend=-2) != 1
    begins = slashes[first][np.cumsum(first) - 1]
    last = np.searchsorted(slashes, marks[doubtful] - 1)
    found[doubtful] = (marks[doubtful] - begins[last]) % 2 == 1
    return np.asarray(found, np.bool_)


def parted(text: bytes, starts: _Numbers, ends: _Numbers) -> int:
    """Return how many of the first spans are objects, each with a comma and nothing else before the next one.

    There is one more start than there are ends, or as many.
    """
    characters = np.frombuffer(text, np.uint8)
    count = min(len(ends), len(starts) - 1)
    if count <= 0:
        return 0
    gaps, nexts = ends[:count], starts[1 : count + 1]
    usual = text[gaps[0] : nexts[0]]
    wrong = characters[starts[:count]] != _OPEN
    # Most arrays have the same between all of their elements.
    alike = nexts - gaps == len(usual) if len(usual) <= _SHORT and _GAP.fullmatch(usual) else np.zeros(count, np.bool_)
    same = np.flatnonzero(alike)
    for number, byte in enumerate(usual):
        same = same[characters[gaps[same] + number] == byte]
    other = np.ones(count, np.bool_)
    other[same] = False
    for index in np.flatnonzero(other).tolist():
        if not _GAP.fullmatch(text, gaps[index], nexts[index]):
            wrong[index] = True
            break
    return int(np.flatnonzero(wrong)[0]) if wrong.any() else count
