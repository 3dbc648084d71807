"""Folding: what is left of a text when compatibility forms, case and blanks make no difference.

A whole column is folded at once. Nearly every character becomes one other by itself, whatever stands beside it; a table
says which, and where a text holds any other (a mark that may join the letter before it, a ligature, a capital sigma),
the text is folded alone.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.rules.texts import Array, Indices, text_bytes, text_offsets

_Codes = np.ndarray[Any, np.dtype[np.uint32]]

_BLANK, _END = 0x20, 0x00
#: Stand in the table: from the first on, for several characters; the second, for one that is not folded by itself.
_SEVERAL, _ODD = 0x11_0000, 0xFFFF_FFFF
#: Ideographs and most Hangul syllables stay what they are.
_STAYS = (range(0x3400, 0xA000), range(0xAC00, 0xD700))
#: Consonants and vowels that join to Hangul syllables.
_JAMO = range(0x1100, 0x1200)


def folded(text: str) -> str:
    """Return a text in NFKC, lower case, with runs of blanks as one blank and none at the ends."""
    if text.isascii():
        return " ".join(text.lower().split())
    normal = unicodedata.normalize("NFKC", text)
    lower = normal.lower()
    if lower != normal:
        lower = unicodedata.normalize("NFKC", lower)
    return " ".join(lower.split())


def folding(texts: Array) -> tuple[Indices, list[bytes]]:
    """Return the indices of the texts of a column that folding may change, each once, and each of these folded."""
    lower = pc.ascii_lower(texts)
    uneven = _uneven(texts)
    plain = np.flatnonzero(~uneven & np.asarray(pc.fill_null(pc.not_equal(lower, texts), False)))
    odd = np.flatnonzero(uneven)  # lower case now or later is the same to folding
    found = lower.take(pa.array(plain)).cast(pa.binary()).to_pylist()
    if not len(odd):
        return plain, found
    return np.concatenate((plain, odd)), found + all_folded(lower.take(pa.array(odd)))


def all_folded(texts: Array) -> list[bytes]:
    """Return texts as `folded` does, in UTF-8. There are no nulls among them."""
    whole = _joined(texts)
    if whole.count("\0") != len(texts) - 1:
        return [folded(text).encode() for text in texts.to_pylist()]
    codes = np.frombuffer(whole.encode("utf-32-le"), "<u4")
    made, odd = _table.folded(codes)
    found = _even(made).tobytes().decode("utf-32-le").encode().split(b"\0")
    if len(odd):
        for index in np.unique(np.searchsorted(np.flatnonzero(codes == _END), odd)).tolist():
            found[index] = folded(texts[index].as_py()).encode()
    return found


def _joined(texts: Array) -> str:
    """Return all texts as one, with NUL between them."""
    ended: Array = pc.binary_join_element_wise(texts, pa.scalar("", texts.type), pa.scalar("\0", texts.type))
    return text_bytes(ended)[:-1].decode()


def _even(codes: _Codes) -> _Codes:
    """Return texts, each but the last ended by NUL, with runs of blanks as one blank and none at the ends of a text."""
    blank, end = codes == _BLANK, codes == _END
    codes = _left_out(codes, blank & np.append(True, (blank | end)[:-1]))
    blank, end = codes == _BLANK, codes == _END
    return _left_out(codes, blank & np.append(end[1:], True))


def _left_out(codes: _Codes, where: np.ndarray[Any, np.dtype[np.bool_]]) -> _Codes:
    return codes[~where] if where.any() else codes


class _Table:
    """What each code point becomes by itself, filled as texts ask for it; 0 where none did.

    Where it becomes several, the table holds `_SEVERAL` and the number of these in a table of their own.
    """

    def __init__(self) -> None:
        self._made = np.zeros(_SEVERAL, np.uint32)  # takes memory only where it is filled
        for stays in _STAYS:
            self._made[stays.start : stays.stop] = stays
        self._several = np.zeros((0, 0), np.uint32)
        self._lengths = np.zeros(0, np.int64)

    def folded(self, codes: _Codes) -> tuple[_Codes, Indices]:
        """Return what code points become, and the indices of those of which the others decide that; these stay."""
        made = self._made.take(codes)
        unknown = codes[(made == 0) & (codes != _END)]
        if len(unknown):
            self._fill(np.unique(unknown).tolist())
            made = self._made.take(codes)
        odd = np.flatnonzero(made >= _SEVERAL)
        if not len(odd):
            return made, odd
        several = odd[made[odd] != _ODD]
        odd = odd[made[odd] == _ODD]
        made[odd] = codes[odd]
        return (self._longer(made, several) if len(several) else made), odd

    def _fill(self, points: list[int]) -> None:
        alone = [_alone(chr(point)) for point in points]
        several = [each for each in alone if each is not None and len(each) > 1]
        numbers = {each: len(self._lengths) + number for number, each in enumerate(several)}
        self._made[points] = [
            _ODD if each is None else _SEVERAL + numbers[each] if each in numbers else ord(each) for each in alone
        ]
        if several:
            width = max(self._several.shape[1], *map(len, several))
            grown = np.zeros((len(self._lengths) + len(several), width), np.uint32)
            grown[: len(self._lengths), : self._several.shape[1]] = self._several
            for number, each in enumerate(several, len(self._lengths)):
                grown[number, : len(each)] = list(map(ord, each))
            self._several = grown
            self._lengths = np.concatenate((self._lengths, [len(each) for each in several]))

    def _longer(self, made: _Codes, several: Indices) -> _Codes:
        """Put in what stands for several code points."""
        numbers = made[several] - np.uint32(_SEVERAL)
        counts = np.ones(len(made), np.int64)
        counts[several] = self._lengths[numbers]
        starts = several + np.cumsum(self._lengths[numbers]) - self._lengths[numbers] - np.arange(len(several))
        made = np.repeat(made, counts)
        for step in range(self._several.shape[1]):
            there = self._lengths[numbers] > step
            made[starts[there] + step] = self._several[numbers[there], step]
        return made


_table = _Table()


def _alone(character: str) -> str | None:
    """Return what a character becomes when it is folded, None where that depends on what stands beside it."""
    steps = [character]
    for change in (_nfkc, str.lower, _nfkc):
        steps.append(change(steps[-1]))
    if not all(map(_keeps_apart, "".join(steps))):
        return None
    return "".join(" " if each.isspace() else each for each in steps[-1])


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _keeps_apart(character: str) -> bool:
    """Whether a character is no mark and joins none before it; beyond the first plane that is said of signs only."""
    kind = unicodedata.category(character)
    if character > "\uffff":
        return kind == "So"
    if kind[0] == "M" or kind in {"Cn", "Cs"} or ord(character) in _JAMO:  # what is unassigned may become a mark
        return False
    return character != "Σ"  # at the end of a word it becomes another letter


def _uneven(texts: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell for which texts folding is more than ASCII lower case: other bytes, two blanks in a row or one at an end."""
    offsets, found = text_offsets(texts), np.zeros(len(texts), np.bool_)
    starts, ends = offsets[:-1] - offsets[0], offsets[1:] - offsets[0]
    characters = np.frombuffer(text_bytes(texts), np.uint8)
    blank = characters == _BLANK
    blank_pairs = np.flatnonzero(blank[:-1] & blank[1:])
    owners = np.searchsorted(ends, np.concatenate((blank_pairs, blank_pairs + 1)), side="right")
    found[owners] = True  # a pair across two texts: one ends with a blank, the other begins with one
    full = np.flatnonzero(ends > starts)
    if len(full):
        found[full] |= blank[starts[full]] | blank[ends[full] - 1]
        other = np.flatnonzero(characters - np.uint8(0x20) > 0x7E - 0x20)
        found[np.searchsorted(ends, other, side="right")] = True
    return found
