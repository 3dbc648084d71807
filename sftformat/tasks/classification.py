"""Classification: one of C classes a row. Targets are (N,) int64 class ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sftformat.metrics import accuracy, confusion_matrix, macro_f1, matthews, precision_recall_f1, softmax
from sftformat.tasks.task import Answers, ClassScore, Confusion, Statistic, Task, scores_of_classes

if TYPE_CHECKING:
    from torch import Tensor

#: A bootstrap of macro-F1 holds as many confusion matrices at once as it draws resamples.
MOST_CLASSES = 64


def loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the cross-entropy of each row, `smoothing` of its target spread over all classes."""
    from torch.nn import functional

    return functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)


def losses(answers: Answers) -> NDArray[np.float64]:
    """Return the cross-entropy of each row, in float64."""
    logits = np.asarray(answers.logits, np.float64)
    top = logits.max(-1, keepdims=True)
    whole = np.log(np.exp(logits - top).sum(-1)) + top[:, 0]
    return np.asarray(whole - logits[np.arange(len(answers.targets)), answers.targets], np.float64)


def decide(answers: Answers) -> NDArray[np.int64]:
    """Return the most likely class."""
    return np.asarray(np.asarray(answers.logits).argmax(-1), np.int64)


def scores(answers: Answers) -> list[float]:
    """Return accuracy, macro-F1, Matthews' coefficient and the mean loss."""
    predictions, classes = decide(answers), answers.logits.shape[1]
    confusion = confusion_matrix(answers.targets, predictions, classes)
    values = [accuracy(answers.targets, predictions), float(macro_f1(confusion)), float(matthews(confusion))]
    return [*values, float(losses(answers).mean())]


def statistics(answers: Answers, predictions: NDArray[Any]) -> Mapping[str, Statistic]:
    """Return accuracy and, unless there are very many classes, macro-F1."""
    right, classes = (predictions == answers.targets).astype(np.float64), answers.logits.shape[1]
    cells = np.asarray(answers.targets * classes + predictions, np.int64)
    found: dict[str, Statistic] = {"accuracy": lambda drawn: right[drawn].mean(-1)}
    if classes <= MOST_CLASSES:
        found["macro_f1"] = lambda drawn: macro_f1(confusions(cells[drawn], classes))
    return found


def confusions(cells: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count cells (R, N) into (R, C, C) confusion matrices."""
    size = classes * classes
    shifted = cells + size * np.arange(len(cells))[:, None]
    return np.bincount(shifted.ravel(), minlength=size * len(cells)).reshape(-1, classes, classes)


def per_class(answers: Answers, predictions: NDArray[Any]) -> tuple[tuple[ClassScore, ...], Confusion]:
    """Return the scores of each class and the confusion matrix, row = target."""
    matrix = confusion_matrix(answers.targets, predictions, len(answers.labels))
    table = scores_of_classes(answers.labels, precision_recall_f1(matrix), matrix.sum(1), matrix.sum(0))
    return table, tuple(tuple(int(cell) for cell in row) for row in matrix)


def warnings(targets: NDArray[Any], labels: Sequence[str]) -> Iterator[str]:
    """Say when there is one class only."""
    if len(np.unique(targets)) == 1:
        yield f"every row of train has the label {labels[targets[0]]!r}"


ROW = Task(
    name="classification",
    column=pa.int64(),
    head="AutoModelForSequenceClassification",
    problem="single_label_classification",
    metric="accuracy",
    metrics=("accuracy", "macro_f1", "matthews", "loss"),
    loss=loss,
    losses=losses,
    decide=decide,
    scores=scores,
    statistics=statistics,
    named=lambda labels, value: labels[int(value)],
    chances=lambda answers: softmax(answers.logits),
    per_class=per_class,
    warnings=warnings,
    smoothed=loss,
    one_class=True,
)
