"""Key records on disk: what the global rules need of each row, in partitions, so that one fits in memory at a time.

A spill is one file a unit and family (`input`, `id`, `group`). It consists of blocks; a block holds its records sorted
by partition, and the index says where each partition begins. Equal keys are always in the same partition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from sftformat.rules.texts import Array

PARTITIONS = 64
#: Records held in memory before they are written.
BLOCK = 1 << 16

#: Where a row stands. `line` and `byte` are -1 when unknown; `file` and `split` are numbers of the unit's own lists.
PLACE = [("unit", "<u4"), ("row", "<u4"), ("file", "<u4"), ("split", "<u4"), ("line", "<i8"), ("byte", "<i8")]
KEY, EXACT, TARGET = ("key_hi", "key_lo"), ("exact_hi", "exact_lo"), ("target_hi", "target_lo")
#: Families `input` (key = normalized input) and `id` (key = id); exact = exact input; target 0 = unlabelled.
ROW = np.dtype([*((name, "<u8") for name in (*KEY, *EXACT, *TARGET)), *PLACE])
#: Family `group`: key = group, `name` its first bytes.
GROUP = np.dtype([*((name, "<u8") for name in KEY), *PLACE, ("name", "S64")])
#: Family `near`: key = bucket of nearly equal inputs; only where the rules about them run.
NEAR = np.dtype([("key_hi", "<u8"), ("unit", "<u4"), ("row", "<u4")])
FAMILIES = {"input": ROW, "id": ROW, "group": GROUP, "near": NEAR}
#: The families that every tally writes.
ALWAYS = ("input", "id", "group")

Records = np.ndarray[Any, np.dtype[Any]]
Keys = tuple[Records, Records]


def keys(texts: Array) -> Keys:
    """Return the xxh3-128 of each text of a string column as two columns of 64 bits; 0 and 0 for null."""
    return keys_of(texts.cast("binary").to_pylist())


def keys_of(texts: Sequence[bytes | None]) -> Keys:
    """Return the xxh3-128 of each text as two columns of 64 bits; 0 and 0 for None."""
    digest, nothing = xxhash.xxh3_128_digest, bytes(16)
    joined = b"".join([nothing if text is None else digest(text) for text in texts])
    pairs = np.frombuffer(joined, ">u8").reshape(-1, 2).astype("<u8")
    return pairs[:, 0], pairs[:, 1]


#: The key of an input of which folding leaves nothing.
EMPTY_HI, EMPTY_LO = (int(part[0]) for part in keys_of([b""]))


class Spill:
    """Writes the records of one unit and family; `close` returns the index that `read_partition` needs."""

    def __init__(self, path: Path, family: str, partitions: int = PARTITIONS) -> None:
        self._path, self._dtype, self._partitions = path, FAMILIES[family], partitions
        self._waiting: list[Records] = []
        self._count, self._written = 0, 0
        self._index: list[list[int]] = []
        path.write_bytes(b"")

    def append(self, records: Records) -> None:
        """Add records; they are written when a block is full."""
        self._waiting.append(records)
        self._count += len(records)
        if self._count >= BLOCK:
            self._flush()

    def close(self) -> list[list[int]]:
        """Write what is left and return the index: for each block the (partitions + 1) record numbers of the cuts."""
        self._flush()
        return self._index

    def _flush(self) -> None:
        if not self._count:
            return
        records = np.concatenate(self._waiting)
        partition = (records["key_hi"] % np.uint64(self._partitions)).astype(np.int16)
        order = np.argsort(partition, kind="stable")
        cuts = np.searchsorted(partition[order], np.arange(self._partitions + 1)) + self._written
        with self._path.open("ab") as file:
            file.write(records[order].tobytes())
        self._index.append(cuts.tolist())
        self._written += len(records)
        self._waiting, self._count = [], 0


def read_partition(path: Path, family: str, index: Sequence[Sequence[int]], partition: int) -> Iterator[Records]:
    """Return the records of one partition of one unit, block by block."""
    dtype = FAMILIES[family]
    for cuts in index:
        start, end = cuts[partition], cuts[partition + 1]
        if end > start:
            yield np.fromfile(path, dtype, end - start, offset=start * dtype.itemsize)


def runs(records: Records, by: Sequence[str], order: Sequence[str] = ("unit", "row")) -> tuple[Records, Records]:
    """Sort records by `by`, then by `order`; return them and, for each, the index of the first with equal `by`."""
    if not len(records):
        return records, np.zeros(0, np.int64)
    records = records[np.lexsort([records[name] for name in reversed([*by, *order])])]
    start = np.zeros(len(records), np.bool_)
    start[0] = True
    for name in by:
        column = records[name]
        start[1:] |= column[1:] != column[:-1]
    return records, np.maximum.accumulate(np.where(start, np.arange(len(records)), 0))


def not_empty(records: Records) -> Records:
    """Leave out the records whose input is empty once folded."""
    return np.asarray(records[(records["key_hi"] != EMPTY_HI) | (records["key_lo"] != EMPTY_LO)])


def repeated(records: Records) -> Records:
    """Return the records whose key may stand more than once (equal upper halves), in no particular order."""
    if len(records) < 2:
        return records[:0]
    order = np.argsort(records["key_hi"])
    key = records["key_hi"][order]
    same = key[1:] == key[:-1]
    return np.asarray(records[order[np.append(same, False) | np.insert(same, 0, False)]])
