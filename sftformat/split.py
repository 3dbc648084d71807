"""Split: where a row goes. By content, so that a row stays where it is when others come, for any number of workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from sftformat.check import folded, input_texts
from sftformat.errors import UsageError
from sftformat.record import SPLITS


@dataclass(frozen=True, slots=True)
class Fractions:
    """The shares of train, validation and test, which sum to 1."""

    train: float
    validation: float
    test: float

    def bounds(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the cumulative shares after train and after validation, (2,) float64."""
        return np.array([self.train, self.train + self.validation])


def parse_fractions(text: str) -> Fractions:
    """Read `0.8,0.1,0.1` (train, validation, test) or `0.9,0.1` (train, test).

    Raises:
        UsageError: not two or three numbers from 0 to 1 that sum to 1.
    """
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if len(shares) == 2:
        shares.insert(1, 0.0)
    if len(shares) != 3 or not abs(sum(shares) - 1) <= 1e-9 or min(shares) < 0 or not shares[0]:
        raise UsageError(f"--split {text}: give the shares of train, validation and test, as in 0.8,0.1,0.1")
    return Fractions(*shares)


def positions(rows: pa.RecordBatch, task: str, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return for each row its place u in [0, 1): the hash of its group, or else of its folded input, and the seed.

    Rows with one group, or with the same input up to case, blanks and Unicode form, get the same place.
    """
    groups = rows.column("group").to_pylist()
    texts = input_texts(rows, task)
    keys = [f"g{group}" if group is not None else f"i{folded(text)}" for group, text in zip(groups, texts, strict=True)]
    hashes = [xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass"), seed) for key in keys]
    return np.array(hashes, np.uint64).astype(np.float64) / 2.0**64


def assign(places: np.ndarray[tuple[int], np.dtype[np.float64]], fractions: Fractions) -> Sequence[str]:
    """Return the split of each place."""
    numbers = np.searchsorted(fractions.bounds(), places, side="right")
    return [SPLITS[number] for number in numbers]


def with_split(rows: pa.RecordBatch, splits: Any) -> pa.RecordBatch:
    """Return rows with another `split` column: strings and nulls, as a sequence or an Arrow array."""
    index = rows.schema.get_field_index("split")
    column = splits if isinstance(splits, pa.Array) else pa.array(splits, pa.string())
    return rows.set_column(index, rows.schema.field(index), column)


def split_counts(rows: pa.RecordBatch) -> dict[str, int]:
    """Return how many rows each split has; rows without one are not counted."""
    splits = rows.column("split")
    if len(splits) and not splits.null_count and pc.all(pc.equal(splits, splits[0])).as_py():
        return {splits[0].as_py(): len(splits)}
    found: Any = pc.value_counts(splits)
    return {each["values"]: each["counts"] for each in found.to_pylist() if each["values"] is not None}
