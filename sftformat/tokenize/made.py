"""A batch of rows tokenized for its objective, before any row is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sftformat.tokenize.conversation import Fault
from sftformat.tokenize.encode import Encoded, Ints
from sftformat.tokenize.labels import UNLABELLED, Column, Labels
from sftformat.tokenize.windows import Frame


@dataclass(frozen=True, slots=True)
class Aims:
    """What is trained on in N rows of text.

    tokens    (N,) int64, tokens that are trained on before truncation
    lost      (N,) int64, how many of them are cut off
    full      (N,) int64, tokens of the side that is written, before truncation: the decoder's, or all of a causal row
    cut       (N,) int64, tokens of it that are cut off beside those of `Encoded.lost`; 0 for causal
    empty     (N,) bool, rows with a target of which no token is left even before truncation
    """

    tokens: Ints
    lost: Ints
    full: Ints
    cut: Ints
    empty: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Made:
    """N rows as tokens and labels. `more` are columns that only this objective has; `faults` are found by row.

    `aims` is None where the target is no text, `frame` where no windows are made.
    """

    encoded: Encoded
    labels: Labels
    aims: Aims | None = None
    more: Mapping[str, Column] = field(default_factory=dict)
    faults: Mapping[int, Fault] = field(default_factory=dict)
    frame: Frame | None = None

    @property
    def lost(self) -> Ints:
        """Tokens cut off, of both sides where there are two: (N,)."""
        return self.encoded.lost if self.aims is None else self.encoded.lost + self.aims.cut

    def lost_target(self, truncation: str) -> npt.NDArray[np.bool_]:
        """Tell which rows are left with nothing to train on: they had nothing, or truncation took all of it."""
        if self.aims is None:
            return np.zeros(len(self.encoded), bool)
        cut = (self.aims.tokens == self.aims.lost) & (truncation == "truncate")
        return np.asarray(self.labels.labelled & (self.aims.empty | cut), bool)

    def faulty(self) -> npt.NDArray[np.bool_]:
        """Tell which rows have a fault."""
        found = np.zeros(len(self.encoded), bool)
        found[list(self.faults)] = True
        return found


def label_lists(offsets: Ints, ids: npt.NDArray[np.int32], trained: npt.NDArray[np.bool_]) -> Column:
    """Return labels as list<int64>: the ids that are trained on, -100 elsewhere."""
    return lists(offsets, np.where(trained, ids.astype(np.int64), UNLABELLED))


def lists(offsets: Ints, values: Any) -> Column:
    """Return lists of the values from offset to offset."""
    bounds: Column = pa.array(offsets.astype(np.int32))
    return pa.ListArray.from_arrays(bounds, pa.array(values))


def sums(values: npt.NDArray[np.bool_], offsets: Ints) -> Ints:
    """Count the true values of each row."""
    below: Ints = np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
    return np.asarray(below[offsets[1:]] - below[offsets[:-1]], np.int64)
