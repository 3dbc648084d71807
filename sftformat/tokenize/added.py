"""Added tokens inside texts: where they may stand, so that no cut comes near them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sftformat.tokenize.proof import Bytes

Ints = npt.NDArray[np.int64]


def occurrences(text: Bytes, patterns: Sequence[bytes]) -> tuple[Ints, Ints]:
    """Return where the patterns begin and end in bytes, overlapping ones too."""
    starts, ends = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for first in sorted({pattern[0] for pattern in patterns}):
        candidates = np.flatnonzero(text == first)
        for pattern in patterns if candidates.size else ():
            if pattern[0] == first:
                hits = _hits(text, candidates, pattern)
                starts.append(hits)
                ends.append(hits + len(pattern))
    return np.concatenate(starts), np.concatenate(ends)


def _hits(text: Bytes, candidates: Ints, pattern: bytes) -> Ints:
    hits = candidates[candidates + len(pattern) <= len(text)]
    for place, byte in enumerate(pattern[1:], 1):
        if not hits.size:
            break
        hits = hits[text[hits + place] == byte]
    return hits


def around(starts: Ints, ends: Ints, cuts: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the stretches in which nothing is to be cut, apart and sorted: from one cut to another, within a text.

    A token may swallow the blanks on its right and looks at the character on either side. So a stretch begins at the
    last cut before the token and ends at the second that is not inside it. `cuts` are sorted and hold all of `rows`.
    What only seems a token, since it begins in one text and ends in the next, does no harm.
    """
    text = np.searchsorted(rows, starts, "right") - 1
    low = np.maximum(cuts[np.maximum(np.searchsorted(cuts, starts) - 1, 0)], rows[text])
    high = np.minimum(cuts[np.minimum(np.searchsorted(cuts, ends) + 1, len(cuts) - 1)], rows[text + 1])
    return merged(low, high)


def merged(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return the union of stretches as stretches that do not overlap, sorted; those that touch stay two."""
    if not low.size:
        return low, high
    order = np.argsort(low, kind="stable")
    low, reach = low[order], np.maximum.accumulate(high[order])
    first = np.flatnonzero(np.concatenate(([True], low[1:] >= reach[:-1])))
    return low[first], reach[np.append(first[1:], len(low)) - 1]


def inside(low: Ints, high: Ints, size: int) -> npt.NDArray[np.bool_]:
    """Return for each of `size` bytes whether it lies in one of the stretches, which do not overlap."""
    change = np.zeros(size + 1, np.int8)
    np.add.at(change, low, 1)
    np.add.at(change, high, -1)
    covered: npt.NDArray[np.bool_] = np.cumsum(change[:-1], dtype=np.int8) > 0
    return covered
