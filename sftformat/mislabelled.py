"""Labels that are probably wrong: where a model that has not seen a row is surer of another class than is usual.

As in confident learning (Northcutt et al. 2021) each class has a threshold of its own: how sure of it the model is on
average where it is right by the label, or SURE where it is more. There the mean is over all rows of the class, right
or not: of a model that is often wrong it is low, and most of its own errors are taken for ones of the labels (with 5 %
of 2,000 labels turned and 75 % accuracy, 21 % of what is named were turned, and here 32 %, of 55 % and 40 % that are
found). A row is suspected that reaches the threshold of the class that the model says, where the label is another one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: A model that is so sure need not be as sure as it mostly is.
SURE = 0.95


def suspected(chances: NDArray[np.float64], targets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows whose label is probably wrong, the most probable first, and the class that each should have.

    `chances` (N, C) are those of a model that was not trained on the rows; `targets` (N,) their labels.
    """
    classes, every = chances.shape[1], np.arange(len(targets))
    said = chances.argmax(1)  # (N,)
    sure, right = chances[every, said], said == targets
    count = np.bincount(targets[right], minlength=classes)  # (C,)
    usual = np.minimum(np.bincount(targets[right], sure[right], classes) / np.maximum(count, 1), SURE)  # (C,)
    rows = np.flatnonzero(~right & (count[said] > 0) & (sure >= usual[said] - 1e-12))
    margin = sure[rows] - chances[rows, targets[rows]]
    rows = rows[np.argsort(-margin, kind="stable")]
    return rows, said[rows]
