"""The prefilter that all rules about texts share: one look at every byte of a column tells its kind.

Each kind is one bit of a table of 256; what is asked of the result costs a few passes of NumPy, whatever the number of
rows, and nothing when no byte of the kind is there. A rule takes the few texts that are left and reads them itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from sftformat.rules.texts import Array, Indices, text_offsets

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Codes = np.ndarray[Any, np.dtype[np.uint32]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

#: Kinds of byte. LETTER and WORD (letters, digits, - and _) are ASCII; MARKUP is what markup and templates begin with.
LETTER, WORD, MARKUP, CONTROL = 1, 2, 4, 8
#: Lead bytes: of U+0080 to U+017F; of blocks that hold characters of no width; of Greek and Cyrillic letters.
LATIN, FORMAT, SCRIPT = 16, 32, 64
#: Digits and capitals of ASCII.
STRONG = 128

_LEADS = LATIN | FORMAT | SCRIPT

_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MEMBERS = {
    LETTER: _LETTERS,
    WORD: _LETTERS + b"0123456789-_",
    MARKUP: b"<&{[#",
    CONTROL: bytes({*range(0x20), 0x7F} - {0x09, 0x0A}),
    LATIN: b"\xc2\xc3\xc4\xc5",
    FORMAT: b"\xd8\xe1\xe2\xef\xf3",
    SCRIPT: b"\xce\xcf\xd0\xd1\xd2\xd3",
    STRONG: b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}
_TABLE = np.zeros(256, np.uint8)
for _kind, _members in _MEMBERS.items():
    _TABLE[list(_members)] |= _kind
#: The same for two bytes at a time: half as many are looked up.
_PAIRS = (_TABLE[:, None].astype(np.uint16) << np.uint16(8) | _TABLE).reshape(-1)

_NONE = np.zeros(0, np.int64)


class Signs:
    """What kinds of byte the texts of one string column hold, and where. Positions are bytes from the first text.

    The texts stand one after the other without a gap: what spans two of them may be named for either, so a rule looks
    at the text before it says anything. Nothing that lies inside one text is missed.
    """

    def __init__(self, values: Array) -> None:
        offsets, buffer = text_offsets(values), values.buffers()[2]
        first = offsets[0]
        self.offsets: Indices = offsets - first
        size = int(self.offsets[-1])
        self.bytes: Bytes = np.frombuffer(buffer, np.uint8, size, int(first)) if size else np.zeros(0, np.uint8)
        self._masks: dict[int, Flags] = {}
        self._positions: dict[int, Indices] = {}
        self._codes: dict[tuple[int, int], Codes] = {}

    @cached_property
    def kinds(self) -> Bytes:
        """The kinds of each byte, as bits."""
        even = len(self.bytes) & ~1
        pairs = _PAIRS.take(self.bytes[:even].view(np.uint16)).view(np.uint8)
        return pairs if even == len(self.bytes) else np.append(pairs, _TABLE.take(self.bytes[even:]))

    @cached_property
    def present(self) -> int:
        """The kinds that some byte has, as bits."""
        return int(np.bitwise_or.reduce(self.kinds)) if len(self.bytes) else 0

    def _of(self, kind: int) -> Flags:
        """Whether each byte is of a kind."""
        if kind not in self._masks:
            self._masks[kind] = (self.kinds & kind) != 0
        return self._masks[kind]

    def at(self, kind: int) -> Indices:
        """Return the positions of the bytes of a kind, in ascending order."""
        if not self.present & kind:
            return _NONE
        if kind not in self._positions:
            if kind & _LEADS:  # few, mostly: the bytes that are no ASCII are looked for once
                places = self._beyond
                self._positions[kind] = places[self.kinds.take(places) & kind != 0]
            else:
                self._positions[kind] = np.flatnonzero(self._of(kind))
        return self._positions[kind]

    @cached_property
    def _beyond(self) -> Indices:
        """The positions of the bytes that are no ASCII."""
        return np.flatnonzero(self.bytes.view(np.int8) < 0)

    def codes(self, kind: int, length: int = 3) -> Codes:
        """Return for each byte of a kind it and those after it as one number, the first highest; 0 past the end.

        `length` says how many bytes that are, 2 or 3.
        """
        if (kind, length) not in self._codes:
            at = self.at(kind)
            found = self.two(at) if length == 2 else self.codes(kind, 2) << np.uint32(8) | self.ahead(at, 2)
            self._codes[kind, length] = found
        return self._codes[kind, length]

    def two(self, positions: Indices) -> Codes:
        """Return the byte at each position and the one after it as one number; 0 past the end."""
        return self.ahead(positions, 0).astype(np.uint32) << np.uint32(8) | self.ahead(positions, 1)

    def ahead(self, positions: Indices, steps: int) -> Bytes:
        """Return the byte so many steps, 8 at most, after each position; 0 past the end."""
        return self._longer[steps:].take(positions)

    @cached_property
    def _longer(self) -> Bytes:
        return np.append(self.bytes, np.zeros(8, np.uint8))

    def pairs(self, first: int, second: int, steps: int) -> Indices:
        """Return the positions of the bytes of one kind that have a byte of another so many steps after them."""
        if not (self.present & first and self.present & second):
            return _NONE
        return np.flatnonzero(self._of(first)[:-steps] & self._of(second)[steps:])

    def find(self, piece: bytes, kind: int) -> Indices:
        """Return where a piece begins that begins with a byte of a kind."""
        if not self.present & kind or len(self.bytes) < len(piece):
            return _NONE
        count = len(self.bytes) - len(piece) + 1
        found = self.bytes[:count] == piece[0]
        for step in range(1, len(piece)):
            found &= self.bytes[step : step + count] == piece[step]
        return np.flatnonzero(found)

    def runs(self, kind: int, length: int, among: int = 0) -> Indices:
        """Return positions inside all runs of at least so many bytes (7 or more) of a kind.

        Bytes are looked at by four: some runs that are up to six bytes shorter are found, too. With `among` a byte of
        that kind must be in a run, or up to seven bytes beside it.
        """
        if not self.present & kind or int(np.diff(self.offsets).max()) < length:
            return _NONE
        four = np.uint32(int.from_bytes(bytes([kind] * 4)))
        joined = self.kinds[: len(self.kinds) // 4 * 4].view(np.uint32) & four == four
        known, wanted = 1, (length - 3) // 4  # so many fours lie inside the run, wherever it begins
        while known < wanted:  # that many in a row begin here and again so many steps on
            step = min(known, wanted - known)
            joined = joined[:-step] & joined[step:]
            known += step
        found = np.flatnonzero(joined)
        if among and len(found):
            mask = np.uint32(int.from_bytes(bytes([among] * 4)))
            held = self.kinds[: len(self.kinds) // 4 * 4].view(np.uint32) & mask != 0
            some = np.zeros(len(found), np.bool_)
            for step in range(-1, wanted + 1):
                some |= held.take(found + step, mode="clip")
            # what is left over behind the last four is of the last run
            found = found[some | (found + wanted >= len(held))]
        return found * 4

    def owners(self, *positions: Indices) -> Indices:
        """Return the indexes of the texts that hold bytes at these positions, each once, in ascending order."""
        given = [each for each in positions if len(each)]
        if not given:
            return _NONE
        holds = np.zeros(len(self.offsets) - 1, np.bool_)
        for each in given:
            holds[np.searchsorted(self.offsets, each, side="right") - 1] = True
        return np.flatnonzero(holds)


def pair_table(starts: Iterable[bytes]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return a table over two bytes as one number (`code >> 8`): whether they are the first two of one of these."""
    table = np.zeros(1 << 16, np.bool_)
    table[[int.from_bytes(start[:2]) for start in starts]] = True
    return table
