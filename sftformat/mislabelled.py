"""Labels that are probably wrong: where a model that has not seen a row is surer of another class than is usual.

Confident learning (Northcutt et al. 2021): the threshold of a class is the mean chance that the rows with this label
are given of it. A row that reaches the threshold of another class than its own, and not only of its own, is suspected.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def suspected(chances: NDArray[np.float64], targets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows whose label is probably wrong, the most probable first, and the class that each should have.

    `chances` (N, C) are those of a model that was not trained on the rows; `targets` (N,) their labels.
    """
    count = np.bincount(targets, minlength=chances.shape[1])  # (C,)
    own = chances[np.arange(len(targets)), targets]  # (N,)
    with np.errstate(invalid="ignore"):
        usual = np.bincount(targets, own, chances.shape[1]) / count  # (C,)
    reached = np.where(chances >= np.where(count > 0, usual, np.inf), chances, -1.0)  # (N, C)
    best = reached.argmax(1)
    rows = np.flatnonzero((reached.max(1) >= 0) & (best != targets))
    margin = chances[rows, best[rows]] - own[rows]
    order = np.argsort(-margin, kind="stable")
    order = order[margin[order] > 0]
    return rows[order], best[rows[order]]
