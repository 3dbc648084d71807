"""Rows of different lengths in one flat array: what is asked of words is as long as its sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ragged:
    """N rows of V values in all: row i has `values[offsets[i]:offsets[i + 1]]`."""

    values: NDArray[Any]  # (V, …)
    offsets: NDArray[np.int64]  # (N + 1,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, rows: int) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, rows: NDArray[np.int64]) -> Ragged: ...
    def __getitem__(self, rows: int | NDArray[np.int64]) -> NDArray[Any] | Ragged:
        """Return the values of one row, or the rows numbered, in that order."""
        if isinstance(rows, int):
            return self.values[self.offsets[rows] : self.offsets[rows + 1]]
        return Ragged(self.values[self.places(rows)], np.concatenate(([0], np.cumsum(self.counts[rows]))))

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[row] for row in range(len(self)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many values each row has: (N,)."""
        return np.diff(self.offsets)

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where the values of the rows numbered stand, in the order of the rows."""
        counts = self.counts[rows]
        ends = np.cumsum(counts)
        return np.repeat(self.offsets[:-1][rows] - (ends - counts), counts) + np.arange(counts.sum())

    def padded(self, rows: NDArray[np.int64], value: int) -> NDArray[np.int64]:
        """Return the rows numbered as one array, padded on the right with `value` to the longest: (B, U) int64."""
        counts = self.counts[rows]
        made = np.full((len(rows), int(counts.max(initial=0))), value, np.int64)
        made[np.arange(made.shape[1]) < counts[:, None]] = self.values[self.places(rows)]
        return made

    def of_values(self, values: NDArray[Any]) -> Ragged:
        """Return other values in the same rows."""
        return Ragged(values, self.offsets)

    def means(self) -> NDArray[np.float64]:
        """Return the mean of each row, nan for a row without values: (N,)."""
        below = np.concatenate(([0.0], np.cumsum(self.values, dtype=np.float64)))
        with np.errstate(invalid="ignore"):
            return np.asarray((below[self.offsets[1:]] - below[self.offsets[:-1]]) / self.counts, np.float64)


def flat(values: Any) -> NDArray[Any]:
    """Return targets or predictions as one array, whether there is one a row or as many as the row has words."""
    return values.values if isinstance(values, Ragged) else np.asarray(values)
