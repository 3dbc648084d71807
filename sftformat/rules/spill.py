"""Key records on disk: what the global rules need of each row, in partitions, so that one fits in memory at a time.

A spill is one file a unit and family (`input`, `id`, `group`). It consists of blocks; a block holds its records sorted
by partition, column after column, and the index says where each partition begins. Equal keys are always in the same
partition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from sftformat.rules.texts import Array

PARTITIONS = 64
#: Records held in memory before they are written.
BLOCK = 1 << 15
#: Records whose keys are compared at once, as long as a partition does not hold more.
AT_ONCE = 1 << 18

#: How keys that stand more than once are looked for, table after table: the lowest of the bits that tell the slot of a
#: key (the first 6 are those of its partition), and how many slots there are for each key, or up to twice as many.
_LOOKS = ((36, 2), (8, 8), (20, 8))

#: Where a row stands. `line` and `byte` are -1 when unknown; `file` and `split` are numbers of the unit's own lists.
PLACE = [("unit", "<u4"), ("row", "<u4"), ("file", "<u4"), ("split", "<u4"), ("line", "<i8"), ("byte", "<i8")]
KEY = ("key_hi", "key_lo")
#: Families `input` (key = normalized input) and `id` (key = id). `exact` is half of the key of the exact input, and
#: `target` half of that of the target, 0 = unlabelled: they are compared between rows of one key only.
ROW = np.dtype([*((name, "<u8") for name in (*KEY, "exact", "target")), *PLACE])
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
    nulls = texts.null_count
    high, low = keys_of((texts.fill_null("") if nulls else texts).cast("binary").to_pylist())
    if nulls:
        missing = texts.is_null().to_numpy(zero_copy_only=False)
        high[missing] = low[missing] = 0
    return high, low


def keys_of(texts: Sequence[bytes]) -> Keys:
    """Return the xxh3-128 of each text as two columns of 64 bits."""
    pairs = np.frombuffer(b"".join(map(xxhash.xxh3_128_digest, texts)), ">u8").reshape(-1, 2).astype("<u8")
    return pairs[:, 0], pairs[:, 1]


#: The key of an input of which folding leaves nothing.
EMPTY_HI, EMPTY_LO = (int(part[0]) for part in keys_of([b""]))


class Spill:
    """Writes the records of one unit and family; `close` returns the index that `read_partition` needs."""

    def __init__(self, path: Path, family: str, partitions: int = PARTITIONS) -> None:
        self._path, self._partitions = path, partitions
        kinds = FAMILIES[family]
        self._waiting = {name: np.empty(0, kinds[name]) for name in kinds.names or ()}
        self._count, self._written = 0, 0
        self._index: list[list[int]] = []
        path.unlink(missing_ok=True)  # the file that stands there may have another name elsewhere
        path.write_bytes(b"")

    def append(self, records: Records | Mapping[str, Records]) -> None:
        """Add records, as such or as their columns by name; they are written when a block is full."""
        needed = self._count + len(records["key_hi"])
        for name, waiting in self._waiting.items():
            if needed > len(waiting):
                grown = np.empty(max(needed, min(2 * needed, BLOCK)), waiting.dtype)
                grown[: self._count] = waiting[: self._count]
                self._waiting[name] = waiting = grown
            waiting[self._count : needed] = records[name]
        self._count = needed
        if self._count >= BLOCK:
            self._flush()

    def close(self) -> list[list[int]]:
        """Write what is left and return the index: for each block the (partitions + 1) record numbers of the cuts."""
        self._flush()
        return self._index

    def _flush(self) -> None:
        if not self._count:
            return
        partition = (self._waiting["key_hi"][: self._count] % np.uint64(self._partitions)).astype(np.int16)
        order = np.argsort(partition, kind="stable")
        cuts = np.cumsum(np.bincount(partition, minlength=self._partitions)) + self._written
        with self._path.open("ab") as file:
            for waiting in self._waiting.values():
                waiting.take(order).tofile(file)
        self._index.append([self._written, *cuts.tolist()])
        self._written += self._count
        self._count = 0


def read_partition(path: Path, family: str, index: Sequence[Sequence[int]], partition: int) -> Iterator[Records]:
    """Return the records of one partition of one unit, block by block."""
    alone = range(partition, partition + 1)
    for cuts in index:
        columns = _read(path, family, cuts, alone, FAMILIES[family].names or ())
        if len(columns["key_hi"]):
            yield _together(columns, family)


def partition_groups(indexes: Sequence[Sequence[Sequence[int]]], partitions: int) -> list[range]:
    """Return all partitions in runs, each of at most AT_ONCE records or one partition; those of all files together."""
    sizes = np.zeros(partitions, np.int64)
    for index in indexes:
        for cuts in index:
            sizes += np.diff(cuts)
    groups, first, held = [], 0, 0
    for partition, size in enumerate(sizes.tolist()):
        if held and held + size > AT_ONCE:
            groups.append(range(first, partition))
            first, held = partition, 0
        held += size
    return [*groups, range(first, partitions)]


def read_repeated(spills: Sequence[tuple[Path, Sequence[Sequence[int]]]], family: str, group: range) -> list[Records]:
    """Return the records of a run of partitions whose key may stand more than once (equal upper halves), by spill.

    A spill is a file and its index. The upper halves of all are read, and nothing more of records that stand alone.
    """
    blocks = [(number, path, cuts) for number, (path, index) in enumerate(spills) for cuts in index]
    upper = [_read(path, family, cuts, group, ("key_hi",))["key_hi"] for _, path, cuts in blocks]
    found: list[list[Records]] = [[] for _ in spills]
    ends = np.cumsum([0, *map(len, upper)])
    repeated = _repeated(np.concatenate([np.zeros(0, np.uint64), *upper]))
    within = np.split(repeated, np.searchsorted(repeated, ends[1:-1]))
    for (number, path, cuts), start, places in zip(blocks, ends.tolist(), within, strict=False):
        if len(places):
            columns = _read(path, family, cuts, group, FAMILIES[family].names or ())
            found[number].append(_together({name: each.take(places - start) for name, each in columns.items()}, family))
    return [joined(parts, family) for parts in found]


def joined(parts: Sequence[Records], family: str) -> Records:
    """Return parts of the records of a family as one."""
    some = [each for each in parts if len(each)]
    return some[0] if len(some) == 1 else np.concatenate([np.zeros(0, FAMILIES[family]), *some])


def _read(path: Path, family: str, cuts: Sequence[int], group: range, names: Sequence[str]) -> dict[str, Records]:
    """Read some columns of a run of partitions of the block that has these cuts."""
    whole = FAMILIES[family]
    assert whole.fields is not None
    first, records = cuts[0], cuts[-1] - cuts[0]
    start, stop = cuts[group.start], cuts[group.stop]
    found: dict[str, Records] = {}
    with open(path, "rb", buffering=0) as file:
        for name in names:
            kind, before, *_ = whole.fields[name]  # the bytes of a record before it
            offset = first * whole.itemsize + records * before + (start - first) * kind.itemsize
            found[name] = np.frombuffer(_bytes(file, offset, (stop - start) * kind.itemsize), kind)
    return found


def _bytes(file: FileIO, offset: int, size: int) -> bytes:
    """Read so many bytes from a place, fewer only where the file ends."""
    file.seek(offset)
    data = file.read(size)
    while 0 < len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data


def _together(columns: Mapping[str, Records], family: str) -> Records:
    records = np.empty(len(columns["key_hi"]), FAMILIES[family])
    for name, values in columns.items():
        records[name] = values
    return records


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


def _repeated(keys: Records) -> Records:
    """Return where the keys stand that stand more than once, in ascending order; keys are hashes.

    A key that has a slot of a table for itself, which a few of its bits tell, stands alone. Of the others different
    bits tell the slots of the next table, and only what is left then is sorted.
    """
    suspects = np.arange(len(keys))
    for shift, slots in _LOOKS:
        suspects = suspects[_shared(keys.take(suspects), shift, (slots * len(suspects)).bit_length())]
    order = suspects[np.argsort(keys[suspects])]
    same = np.concatenate(([False], keys[order[1:]] == keys[order[:-1]], [False]))
    return np.sort(order[same[1:] | same[:-1]]) if len(order) else order


def _shared(keys: Records, shift: int, bits: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which keys have the same so many bits as another one; `shift` are the bits below these."""
    slots = (keys >> np.uint64(shift) & np.uint64((1 << bits) - 1)).astype(np.intp)
    return np.asarray(np.bincount(slots, minlength=1).take(slots) > 1)
