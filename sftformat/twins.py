"""Rows with the same tokens: the same row to the model, wherever they stand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sftformat.loader import Split


def keys(split: Split) -> NDArray[np.uint64]:
    """Return a hash (N,) of the tokens and token types of each row: a sum of token times a random number by place.

    Windows of a record have the hash of all of them.
    """
    longest = int(split.lengths.max())
    factors = np.random.default_rng(0).integers(1, 1 << 63, size=(2, longest), dtype=np.uint64) | np.uint64(1)
    found = []
    for chunk in split.chunks:
        starts = chunk.offsets[:-1].astype(np.int64)
        place = np.arange(len(chunk.ids)) - np.repeat(starts, np.diff(chunk.offsets))  # (tokens,)
        parts = (chunk.ids.astype(np.uint64) + np.uint64(1)) * factors[0, place]
        parts += chunk.types.astype(np.uint64) * factors[1, place]
        found.append(np.add.reduceat(_mixed(parts), starts))
    own = np.concatenate(found)
    if len(split.firsts) == len(split):
        return own
    number = np.arange(len(split)) - np.repeat(split.firsts, split.windows)
    whole = np.add.reduceat(_mixed(own * (2 * number.astype(np.uint64) + np.uint64(1))), split.firsts)
    return np.repeat(whole, split.windows)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the upper bits over the lower ones, so that any of them will do."""
    values = (values ^ values >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
    return values ^ values >> np.uint64(32)


def shared(split: Split, rows: NDArray[np.int64], other: Split, others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return pairs (K, 2) of each row of a split whose tokens are also in another one, and the first such row there."""
    own, there = keys(split)[rows], keys(other)[others]
    distinct, first = np.unique(there, return_index=True)
    place = np.minimum(np.searchsorted(distinct, own), len(distinct) - 1)
    same = distinct[place] == own
    return np.stack([rows[same], others[first[place[same]]]], axis=1)
