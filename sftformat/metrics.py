"""Numbers that say how good predictions are, in NumPy alone; scikit-learn and SciPy are the oracles in the tests.

Shapes: N rows, C classes. A confusion matrix is (C, C), row = target, column = prediction; the functions on it also
take (…, C, C), which is how a bootstrap of a thousand resamples costs one call. Where a ratio has nothing to divide
by, precision, recall, F1 and Matthews are 0 (as in scikit-learn) and correlations are nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

#: The metric that chooses the best epoch and the best learning rate, unless another one is asked for.
DEFAULT_METRIC: Mapping[str, str] = {
    "classification": "accuracy",
    "multilabel": "micro_f1",
    "regression": "pearson",
}
#: What `scores` returns for each task, in the order it is shown.
METRICS: Mapping[str, tuple[str, ...]] = {
    "classification": ("accuracy", "macro_f1", "matthews", "loss"),
    "multilabel": ("micro_f1", "macro_f1", "exact_match", "hamming_loss", "loss"),
    "regression": ("pearson", "spearman", "mse", "mae", "loss"),
}
#: Past so many classes no interval of a confusion matrix is drawn: a thousand matrices at once would fill the memory.
MANY_CLASSES = 64
LOWER_IS_BETTER = frozenset({"loss", "mse", "mae", "hamming_loss"})


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


def losses(task: str, logits: Floats, targets: NDArray[Any]) -> NDArray[np.float64]:
    """Return the loss of each row (N,): cross-entropy, mean binary cross-entropy over labels, or squared error."""
    logits = np.asarray(logits, np.float64)
    if task == "classification":
        top = logits.max(-1, keepdims=True)
        whole = np.log(np.exp(logits - top).sum(-1)) + top[:, 0]
        return np.asarray(whole - logits[np.arange(len(targets)), targets], np.float64)
    if task == "multilabel":
        each = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
        return np.asarray(each.mean(-1), np.float64)
    return np.asarray((logits[:, 0] - targets) ** 2, np.float64)


def decide(task: str, logits: Floats, threshold: float = 0.5) -> NDArray[Any]:
    """Return predictions: class ids (N,), 0/1 decisions (N, C) at `threshold`, or values (N,)."""
    if task == "classification":
        return np.asarray(np.asarray(logits).argmax(-1), np.int64)
    if task == "multilabel":
        return (sigmoid(logits) >= threshold).astype(np.int8)
    return np.asarray(logits, np.float64)[:, 0]


def scores(task: str, logits: Floats, targets: NDArray[Any], threshold: float = 0.5) -> dict[str, float]:
    """Return every metric of `METRICS[task]` from logits (N, C) and targets; nan where one is not defined."""
    predictions = decide(task, logits, threshold)
    loss = float(losses(task, logits, targets).mean())
    if task == "classification":
        confusion = confusion_matrix(targets, predictions, logits.shape[1])
        values = [accuracy(targets, predictions), float(macro_f1(confusion)), float(matthews(confusion))]
    elif task == "multilabel":
        counts = multilabel_counts(targets, predictions)
        exact = (predictions == targets).all(-1)
        per_label = micro_f1(counts.sum(0))
        values = [float(micro_f1(counts.sum((0, 1)))), float(per_label.mean()), float(exact.mean())]
        values.append(float((predictions != targets).mean()))
    else:
        values = [float(pearson(targets, predictions)), spearman(targets, predictions)]
        values += [mse(targets, predictions), mae(targets, predictions)]
    return dict(zip(METRICS[task], [*values, loss], strict=True))


def plain(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Return metrics as JSON has them: None where one is not defined."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}


def rank(metric: str, values: Mapping[str, float]) -> tuple[int, float]:
    """Return a key that is greater for better scores; where the metric is not defined, the loss decides, behind."""
    value = values[metric]
    if not math.isfinite(value):
        return (0, -values["loss"]) if math.isfinite(values["loss"]) else (-1, 0.0)
    return (1, -value if metric in LOWER_IS_BETTER else value)


def one_class_warning(
    task: str, logits: Floats, targets: NDArray[Any], labels: Sequence[str] | None, where: str, rate: float
) -> str | None:
    """Return a warning when a classifier answers the same for every row although the targets differ."""
    if task != "classification" or labels is None or len(np.unique(targets)) < 2:
        return None
    predictions = decide(task, logits)
    if (predictions != predictions[0]).any():
        return None
    majority, share = majority_baseline(targets, len(labels))
    cause = "too high" if rate >= 2e-4 else "too low, or there were too few steps"
    return (
        f"{where}: every one of {len(targets):,} rows is predicted {labels[predictions[0]]!r}; always answering "
        f"{labels[majority]!r} is right for {share:.1%}: the learning rate ({rate:.3g}) is likely {cause}"
    )


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


def intervals(
    task: str, logits: Floats, targets: NDArray[Any], threshold: float = 0.5, *, resamples: int = 1000, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Return 95 % bootstrap intervals of the main metrics of a task."""
    predictions, found = decide(task, logits, threshold), {}
    statistics: dict[str, Callable[[NDArray[np.int64]], Any]] = {}
    if task == "classification":
        right, classes = (predictions == targets).astype(np.float64), logits.shape[1]
        cells = np.asarray(targets * classes + predictions, np.int64)
        statistics["accuracy"] = lambda drawn: right[drawn].mean(-1)
        if classes <= MANY_CLASSES:
            statistics["macro_f1"] = lambda drawn: macro_f1(confusions(cells[drawn], classes))
    elif task == "multilabel":
        counts = multilabel_counts(targets, predictions).sum(1)
        statistics["micro_f1"] = lambda drawn: micro_f1(counts[drawn].sum(1))
    else:
        statistics["pearson"] = lambda drawn: pearson(targets[drawn], predictions[drawn])
    for name, statistic in statistics.items():
        found[name] = bootstrap_interval(statistic, len(targets), resamples=resamples, seed=seed)
    return found


def confusions(cells: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count cells (R, N) into (R, C, C) confusion matrices."""
    size = classes * classes
    shifted = cells + size * np.arange(len(cells))[:, None]
    return np.bincount(shifted.ravel(), minlength=size * len(cells)).reshape(-1, classes, classes)
