"""Calibration: whether what a model is sure of to 80 % is right in 80 % of the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True, slots=True)
class Bin:
    """Decisions whose confidence lies in `low` < c <= `high` (the first bin holds 0 too)."""

    low: float
    high: float
    rows: int
    confidence: float | None  # mean; None where the bin is empty
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Expected and greatest calibration error (Guo et al. 2017, equal widths) and the table they come from."""

    ece: float
    mce: float
    bins: tuple[Bin, ...]


def calibrate(confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_], bins: int = BINS) -> Calibration:
    """Return the calibration of N decisions: `confidence` (N,) in 0 to 1, `right` (N,) whether each came true."""
    numbers = np.clip(np.ceil(np.asarray(confidence, np.float64) * bins).astype(np.int64) - 1, 0, bins - 1)  # (N,)
    rows = np.bincount(numbers, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(numbers, confidence, bins) / rows
        share = np.bincount(numbers, right, bins) / rows
    gaps = np.abs(mean - share)[rows > 0]
    table = tuple(
        Bin(
            place / bins,
            (place + 1) / bins,
            int(rows[place]),
            float(mean[place]) if rows[place] else None,
            float(share[place]) if rows[place] else None,
        )
        for place in range(bins)
    )
    return Calibration(float((gaps * rows[rows > 0]).sum() / rows.sum()), float(gaps.max()), table)


def decisions(
    task: str, chances: NDArray[np.float64], targets: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return confidence and truth of what is decided: of classification the chance (N,) of the class predicted, of
    multilabel the chance (N·C,) that each label applies."""
    if task == "multilabel":
        return chances.ravel(), targets.ravel() > 0.5
    best = chances.argmax(1)
    return chances[np.arange(len(best)), best], best == targets
