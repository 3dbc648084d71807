"""Numbers that say how good predictions are, in NumPy alone; scikit-learn and SciPy are the oracles in the tests.

Shapes: N rows, C classes. A confusion matrix is (C, C), row = target, column = prediction; the functions on it also
take (…, C, C), which is how a bootstrap of a thousand resamples costs one call. Where a ratio has nothing to divide
by, precision, recall, F1 and Matthews are 0 (as in scikit-learn) and correlations are nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LOWER_IS_BETTER = frozenset({"loss", "perplexity", "mse", "mae", "hamming_loss"})


def _ratio(above: Any, below: Any) -> Floats:
    """Divide, with 0 where there is nothing to divide by."""
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    zeros = np.zeros(np.broadcast_shapes(above.shape, below.shape))
    return np.asarray(np.divide(above, below, out=zeros, where=below != 0))


def accuracy(targets: Ints, predictions: Ints) -> float:
    """Return the share of rows predicted right; nan for no rows."""
    return float(np.mean(targets == predictions)) if len(targets) else math.nan


def confusion_matrix(targets: Ints, predictions: Ints, classes: int) -> NDArray[np.int64]:
    """Count (target, prediction) pairs: (C, C) int64."""
    cells = np.asarray(targets, np.int64) * classes + predictions
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def precision_recall_f1(confusion: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and F1 of each class: three times (…, C)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    predicted, actual = confusion.sum(-2), confusion.sum(-1)
    return _ratio(hits, predicted), _ratio(hits, actual), _ratio(2 * hits, predicted + actual)


def macro_f1(confusion: NDArray[Any]) -> Floats:
    """Return the mean F1 over the classes that are there, as a target or as a prediction: (…,)."""
    seen = (confusion.sum(-1) + confusion.sum(-2)) > 0
    return _ratio(np.where(seen, precision_recall_f1(confusion)[2], 0.0).sum(-1), seen.sum(-1))


def matthews(confusion: NDArray[Any]) -> Floats:
    """Return Matthews' correlation coefficient for any number of classes (Gorodkin 2004): (…,)."""
    confusion = np.asarray(confusion, np.float64)
    total, hits = confusion.sum((-1, -2)), np.trace(confusion, axis1=-2, axis2=-1)
    predicted, actual = confusion.sum(-2), confusion.sum(-1)
    covariance = hits * total - (predicted * actual).sum(-1)
    spread = (total**2 - (predicted**2).sum(-1)) * (total**2 - (actual**2).sum(-1))
    return _ratio(covariance, np.sqrt(np.maximum(spread, 0.0)))


def pearson(targets: Floats, predictions: Floats) -> Any:
    """Return Pearson's correlation along the last axis; nan where one side does not vary or has fewer than two rows."""
    x, y = np.asarray(targets, np.float64), np.asarray(predictions, np.float64)
    constant = np.ptp(x, axis=-1, keepdims=True) * np.ptp(y, axis=-1, keepdims=True) == 0 if x.size else np.array(True)
    x, y = x - x.mean(-1, keepdims=True), y - y.mean(-1, keepdims=True)
    # scaled before squaring: tiny and huge values neither vanish nor overflow
    x = x / np.maximum(np.abs(x).max(-1, keepdims=True), np.finfo(np.float64).tiny)
    y = y / np.maximum(np.abs(y).max(-1, keepdims=True), np.finfo(np.float64).tiny)
    below = np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    value = np.clip(_ratio((x * y).sum(-1), below), -1.0, 1.0)
    return np.where(constant[..., 0] if constant.ndim else constant, np.nan, value)[()]


def average_ranks(values: Floats) -> NDArray[np.float64]:
    """Rank from 1, equal values sharing the mean of their ranks: (N,)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2.0)[place]
    return ranks


def spearman(targets: Floats, predictions: Floats) -> float:
    """Return Spearman's rank correlation; ties share their mean rank."""
    return float(pearson(average_ranks(targets), average_ranks(predictions)))


def mse(targets: Floats, predictions: Floats) -> float:
    """Return the mean squared error."""
    return float(np.mean((np.asarray(predictions, np.float64) - targets) ** 2))


def mae(targets: Floats, predictions: Floats) -> float:
    """Return the mean absolute error."""
    return float(np.mean(np.abs(np.asarray(predictions, np.float64) - targets)))


def multilabel_counts(targets: NDArray[Any], predictions: NDArray[Any]) -> NDArray[np.int64]:
    """Count true positives, false positives and false negatives of each row and label: (N, C) twice to (N, C, 3)."""
    true, guess = np.asarray(targets, bool), np.asarray(predictions, bool)
    return np.stack([true & guess, ~true & guess, true & ~guess], axis=-1).astype(np.int64)


def micro_f1(counts: NDArray[Any]) -> Floats:
    """Return the F1 of all decisions together, from (…, 3) summed counts: (…,)."""
    return _ratio(2 * counts[..., 0], 2 * counts[..., 0] + counts[..., 1] + counts[..., 2])


def label_scores(counts: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and F1 of each label from summed counts (C, 3): three times (C,)."""
    hits, wrong, missed = counts[..., 0], counts[..., 1], counts[..., 2]
    return _ratio(hits, hits + wrong), _ratio(hits, hits + missed), micro_f1(counts)


def majority_baseline(targets: Ints, classes: int) -> tuple[int, float]:
    """Return the commonest class (the first of equals) and the accuracy of always answering it."""
    counts = np.bincount(targets, minlength=classes)
    best = int(counts.argmax())
    return best, float(counts[best] / max(1, len(targets)))


def softmax(logits: Floats) -> NDArray[np.float64]:
    """Return probabilities along the last axis, in float64."""
    logits = np.asarray(logits, np.float64)
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities: NDArray[np.float64] = powers / powers.sum(-1, keepdims=True)
    return probabilities


def sigmoid(logits: Floats) -> NDArray[np.float64]:
    """Return the logistic function, in float64 and without overflow."""
    half = np.tanh(np.asarray(logits, np.float64) / 2)
    return np.asarray(0.5 * (1 + half), np.float64)


def plain(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Return metrics as JSON has them: None where one is not defined."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}


def rank(metric: str, values: Mapping[str, float]) -> tuple[int, float]:
    """Return a key that is greater for better scores; where the metric is not defined, the loss decides, behind."""
    value = values[metric]
    if not math.isfinite(value):
        return (0, -values["loss"]) if math.isfinite(values["loss"]) else (-1, 0.0)
    return (1, -value if metric in LOWER_IS_BETTER else value)


def bootstrap_interval(
    statistic: Callable[[NDArray[np.int64]], Any],
    rows: int,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval (Efron 1979) of a statistic over rows drawn with replacement.

    `statistic` gets row numbers (R, rows) and returns (R,) values; resamples where it is nan are left out.
    """
    random = np.random.default_rng(seed)
    at_once = max(1, (1 << 22) // max(1, rows))
    values: list[Floats] = []
    for start in range(0, resamples, at_once):
        drawn = random.integers(0, rows, size=(min(at_once, resamples - start), rows))
        values.append(np.asarray(statistic(drawn), np.float64))
    found = np.concatenate(values)
    found = found[~np.isnan(found)]
    if not len(found):
        return math.nan, math.nan
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
