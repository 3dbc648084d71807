"""Multilabel: any number of C labels a row. Targets are (N, C) float32 multi-hot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sftformat.metrics import label_scores, micro_f1, multilabel_counts, sigmoid
from sftformat.tasks.task import Answers, ClassScore, Statistic, Task, scores_of_classes

if TYPE_CHECKING:
    from torch import Tensor


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean binary cross-entropy over the labels of each row."""
    from torch.nn import functional

    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1)


def losses(answers: Answers) -> NDArray[np.float64]:
    """Return the mean binary cross-entropy over the labels of each row, in float64."""
    logits = np.asarray(answers.logits, np.float64)
    each = np.maximum(logits, 0) - logits * answers.targets + np.log1p(np.exp(-np.abs(logits)))
    return np.asarray(each.mean(-1), np.float64)


def decide(answers: Answers) -> NDArray[np.int8]:
    """Return 1 for every label whose probability reaches the threshold."""
    return (sigmoid(answers.logits) >= answers.threshold).astype(np.int8)


def scores(answers: Answers) -> list[float]:
    """Return micro-F1, macro-F1, the shares of rows right as a whole and of decisions wrong, and the mean loss."""
    predictions, targets = decide(answers), answers.targets
    counts = multilabel_counts(targets, predictions)
    exact = (predictions == targets).all(-1)
    per_label = micro_f1(counts.sum(0))
    values = [float(micro_f1(counts.sum((0, 1)))), float(per_label.mean()), float(exact.mean())]
    return [*values, float((predictions != targets).mean()), float(losses(answers).mean())]


def statistics(answers: Answers, predictions: NDArray[Any]) -> Mapping[str, Statistic]:
    """Return micro-F1."""
    counts = multilabel_counts(answers.targets, predictions).sum(1)
    return {"micro_f1": lambda drawn: micro_f1(counts[drawn].sum(1))}


def per_class(answers: Answers, predictions: NDArray[Any]) -> tuple[tuple[ClassScore, ...], None]:
    """Return the scores of each label; there is no confusion matrix."""
    columns = label_scores(multilabel_counts(answers.targets, predictions).sum(0))
    support = answers.targets.sum(0).astype(int)
    return scores_of_classes(answers.labels, columns, support, predictions.sum(0)), None


def named(labels: Sequence[str], value: Any) -> list[str]:
    """Return the labels that apply."""
    return [label for label, applies in zip(labels, value, strict=True) if applies]


ROW = Task(
    name="multilabel",
    column=pa.list_(pa.float32()),
    head="AutoModelForSequenceClassification",
    problem="multi_label_classification",
    metric="micro_f1",
    metrics=("micro_f1", "macro_f1", "exact_match", "hamming_loss", "loss"),
    loss=loss,
    losses=losses,
    decide=decide,
    scores=scores,
    statistics=statistics,
    named=named,
    chances=lambda answers: sigmoid(answers.logits),
    per_class=per_class,
)
