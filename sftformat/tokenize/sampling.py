"""What a sample of a slice of texts says of it: whether so much of it is new that it is not worth cutting."""

from __future__ import annotations

import math
from collections.abc import Container

import numpy as np

from sftformat.tokenize.added import Ints
from sftformat.tokenize.cut import cut, distinct
from sftformat.tokenize.proof import Bytes, Cutting

#: So many stretches of so many bytes are looked at.
_STRETCHES, _STRETCH = 4, 4 << 10
#: In a sample more is new than in the whole; where less than this share of its bytes is, the rest is not asked for.
_MOST_NEW_IN_SAMPLE = 0.6


def share_of_new(cutting: Cutting, known: Container[bytes], raw: Bytes, longest: int, misled: bool) -> float:
    """Return what share of the bytes of a slice is likely in distinct pieces that are not known.

    Of a piece no more than `longest` bytes count. What comes twice in the sample says how many kinds of new pieces
    there are, as birthdays that coincide say how many days a year has. Where that has `misled` before, some being far
    more frequent than others, the share in the sample counts.
    """
    seen, rows = sample(raw)
    keys, codes = distinct(cut(cutting, seen, rows))
    new = np.fromiter((key not in known for key in keys), bool, len(keys))
    sizes = np.minimum(np.fromiter(map(len, keys), np.int64, len(keys)), longest)
    share = float(sizes[new].sum()) / max(1, len(seen))
    if share <= _MOST_NEW_IN_SAMPLE:
        return 0.0
    if misled:
        return share
    counts = np.bincount(codes, minlength=len(keys))
    drawn, times = int(counts[new].sum()), len(raw) / len(seen)
    found = expected(drawn, int(np.count_nonzero(new)), drawn * times) / (drawn * times)
    return float((sizes * counts)[new].sum()) / len(seen) * found


def expected(drawn: int, kinds: int, more: float) -> float:
    """Return how many kinds `more` draws likely give where `drawn` gave `kinds`, all of them being as frequent."""
    if drawn == kinds:
        return more
    all_kinds = drawn * drawn / (2 * (drawn - kinds))
    return all_kinds * -math.expm1(-more / all_kinds)


def sample(raw: Bytes) -> tuple[Bytes, Ints]:
    """Return stretches of some texts, spread evenly, as texts of their own."""
    ends = np.linspace(_STRETCH, len(raw), _STRETCHES).astype(np.int64)
    parts = [_whole_letters(raw[max(0, end - _STRETCH) : end]) for end in ends.tolist()]
    return np.concatenate(parts), np.cumsum([0, *map(len, parts)])


def _whole_letters(raw: Bytes) -> Bytes:
    """Leave out the letter that a stretch begins within, and its last one."""
    begins = np.flatnonzero((raw & 0xC0) != 0x80)
    return raw[begins[0] : begins[-1]]
