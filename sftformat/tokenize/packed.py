"""Rows of a causal model packed into longer ones: which rows share one, and the columns that they come to.

No row is cut, and none is joined with the rest of another: a pack is whole rows, in the order of their source. Two
things keep them apart. `position_ids` begin at 0 with each row, from which transformers tells that attention must not
cross a border: where there is no `attention_mask` (shards of packs have none) and no cache (`use_cache=False`, as in
`Trainer`). TRL reads `seq_lengths` instead. And the label of the first token of each row is -100, so that no token is
predicted from the row before.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from sftformat.tokenize.encode import Ints
from sftformat.tokenize.labels import Column
from sftformat.tokenize.made import lists

#: Rows that are packed together: so many, or as many as have so many tokens.
WINDOW_ROWS, WINDOW_TOKENS = 16_384, 4 << 20
#: Columns with a value for each row, of which a pack has a list.
_OF_ROWS = ("truncated", "weight", "id", "file", "line")


def packs_of(lengths: Ints, room: int) -> Ints:
    """Return the number of the pack of each row (N,), from 0, in the order of the first row of each pack.

    The longest rows come first, and each goes where it leaves the least room (best fit decreasing). `lengths` are 1 to
    `room`. What is looped over is different lengths, not rows.
    """
    order = np.argsort(-lengths, kind="stable")
    packs = np.empty(len(lengths), np.int64)
    free: dict[int, list[int]] = {}  # room that is left -> packs
    rooms: list[int] = []  # the keys of it, ascending
    made = start = 0
    for length, count in zip(*(each[::-1].tolist() for each in np.unique(lengths, return_counts=True)), strict=True):
        stop = start + count
        while start < stop:
            place = bisect_left(rooms, length)
            held = rooms.pop(place) if place < len(rooms) else room
            each = held // length
            wanted = -(-(stop - start) // each)
            there = free.pop(held, None) or list(range(made, made + wanted))
            made = max(made, there[-1] + 1)
            used, rest = there[:wanted], there[wanted:]
            taken = order[start : min(stop, start + each * len(used))]
            packs[taken] = np.repeat(used, each)[: len(taken)]
            last = len(taken) - each * (len(used) - 1)
            _keep(free, rooms, held, rest)
            _keep(free, rooms, held - each * length, used[:-1])
            _keep(free, rooms, held - last * length, used[-1:])
            start += len(taken)
    _, first = np.unique(packs, return_index=True)
    return np.asarray(np.argsort(np.argsort(first))[packs], np.int64)


def _keep(free: dict[int, list[int]], rooms: list[int], left: int, packs: list[int]) -> None:
    """Remember that packs have so much room left."""
    if left and packs:
        if left not in free:
            insort(rooms, left)
        free.setdefault(left, []).extend(packs)


def packed(rows: pa.RecordBatch, room: int, shape: pa.Schema) -> pa.RecordBatch:
    """Return rows of causal shards as packs of at most `room` tokens, with the columns of `shape`."""
    lengths = np.asarray(rows.column("length")).astype(np.int64)
    packs = packs_of(lengths, room)
    order = np.argsort(packs, kind="stable")
    lengths, packs, rows = lengths[order], packs[order], rows.take(order)
    of_rows = np.searchsorted(packs, np.arange(packs[-1] + 2))  # where each pack begins
    begins = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    of_tokens = begins[of_rows]
    positions = np.arange(begins[-1]) - np.repeat(begins[:-1], lengths)

    def flat(name: str) -> Column:
        values: Column = rows.column(name)
        return values.flatten()

    arrays: dict[str, Column] = {
        "input_ids": lists(of_tokens, flat("input_ids")),
        "position_ids": lists(of_tokens, positions.astype(np.int32)),
        "labels": lists(of_tokens, flat("labels")),
        "seq_lengths": lists(of_rows, lengths.astype(np.int32)),
        "length": pa.array(np.diff(of_tokens).astype(np.int32)),
        **{name: lists(of_rows, rows.column(name)) for name in _OF_ROWS},
    }
    return pa.RecordBatch.from_arrays([arrays[name] for name in shape.names], schema=shape)


class Packer:
    """Packs the rows of one unit, window by window; the windows depend on the rows alone, not on how they come."""

    def __init__(self, room: int, shape: pa.Schema, write: Callable[[pa.RecordBatch], None]) -> None:
        self.packs = 0
        self._room, self._shape, self._write = room, shape, write
        self._waiting: list[pa.RecordBatch] = []

    def add(self, rows: pa.RecordBatch) -> None:
        """Take rows, and write the windows that they fill."""
        (whole,) = pa.Table.from_batches([*self._waiting, rows]).combine_chunks().to_batches()
        tokens = np.cumsum(np.asarray(whole.column("length")).astype(np.int64))
        start = before = 0
        while start < len(whole):
            stop = min(start + WINDOW_ROWS, int(np.searchsorted(tokens, before + WINDOW_TOKENS)) + 1)
            if stop > len(whole):
                break
            self._pack(whole.slice(start, stop - start))
            start, before = stop, int(tokens[stop - 1])
        self._waiting = [whole.slice(start)] if start < len(whole) else []

    def close(self) -> None:
        """Write what is left."""
        if self._waiting:
            self._pack(self._waiting[0])
            self._waiting = []

    def _pack(self, rows: pa.RecordBatch) -> None:
        made = packed(rows, self._room, self._shape)
        self.packs += len(made)
        self._write(made)
