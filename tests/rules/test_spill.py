"""Laws of key records on disk: what is found to stand more than once does, whatever the blocks and the partitions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sftformat.rules.spill import FAMILIES, PARTITIONS, Spill, read_repeated

#: Many of them equal, many in the same slot, some at the ends of the range.
KEY = st.sampled_from([0, 1, 64, 65, 1 << 63, (1 << 64) - 1]) | st.integers(0, (1 << 64) - 1)
UNITS = st.lists(st.lists(KEY, max_size=12), max_size=4)


@given(UNITS, st.lists(st.integers(0, PARTITIONS), max_size=3), st.integers(1, 5))
def test_the_records_whose_key_stands_more_than_once(units: list[list[int]], cuts: list[int], block: int) -> None:
    groups = [range(*pair) for pair in zip([0, *sorted(cuts)], [*sorted(cuts), PARTITIONS], strict=True)]
    with TemporaryDirectory() as name:
        spills = [_spilled(Path(name), number, keys, block) for number, keys in enumerate(units)]
        found = [read_repeated(spills, "near", group) for group in groups]
    often = Counter(key for keys in units for key in keys)
    for number, keys in enumerate(units):
        rows = sorted(row for parts in found for row in parts[number]["row"].tolist())
        assert rows == [row for row, key in enumerate(keys) if often[key] > 1]
        assert all(keys[row] == key for parts in found for row, key in parts[number][["row", "key_hi"]].tolist())
    assert all(
        key % PARTITIONS in group
        for group, parts in zip(groups, found, strict=True)
        for part in parts
        for key in part["key_hi"].tolist()
    )


def test_many_keys() -> None:
    draw = np.random.default_rng(7)
    keys = draw.integers(0, 1 << 63, 200_000, np.uint64)
    keys[150_000:150_100] = keys[:100]
    with TemporaryDirectory() as name:
        spills = [_spilled(Path(name), 0, keys.tolist(), 1 << 16)]
        (found,) = read_repeated(spills, "near", range(PARTITIONS))
    assert sorted(found["row"].tolist()) == [*range(100), *range(150_000, 150_100)]


def _spilled(folder: Path, unit: int, keys: list[int], block: int) -> tuple[Path, list[list[int]]]:
    path = folder / str(unit)
    spill = Spill(path, "near")
    records = np.zeros(len(keys), FAMILIES["near"])
    records["key_hi"], records["row"] = keys, np.arange(len(keys))
    for start in range(0, len(keys), block):
        spill.append(records[start : start + block])
        spill._flush()
    return path, spill.close()
