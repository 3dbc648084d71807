"""Regression: one number a row. Targets are (N,) float32."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sftformat.metrics import mae, mse, pearson, spearman
from sftformat.tasks.task import Answers, Statistic, Task

if TYPE_CHECKING:
    from torch import Tensor


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the squared error of each row."""
    return (logits[:, 0] - targets) ** 2


def losses(answers: Answers) -> NDArray[np.float64]:
    """Return the squared error of each row, in float64."""
    return np.asarray((np.asarray(answers.logits, np.float64)[:, 0] - answers.targets) ** 2, np.float64)


def decide(answers: Answers) -> NDArray[np.float64]:
    """Return the values as they come."""
    return np.asarray(answers.logits, np.float64)[:, 0]


def scores(answers: Answers) -> list[float]:
    """Return Pearson's and Spearman's correlation, mean squared and mean absolute error, and the mean loss."""
    predictions, targets = decide(answers), answers.targets
    values = [float(pearson(targets, predictions)), spearman(targets, predictions)]
    return [*values, mse(targets, predictions), mae(targets, predictions), float(losses(answers).mean())]


def statistics(answers: Answers, predictions: NDArray[Any]) -> Mapping[str, Statistic]:
    """Return Pearson's correlation."""
    targets = answers.targets
    return {"pearson": lambda drawn: pearson(targets[drawn], predictions[drawn])}


def named(_: Sequence[str], value: Any) -> float:
    """Return the number: 3.2, not 3.2000000476837."""
    return float(str(value)) if isinstance(value, np.float32) else float(value)


def warnings(targets: NDArray[Any], _: Sequence[str]) -> Iterator[str]:
    """Say when the targets lie far from 0."""
    if max(abs(float(targets.mean())), float(targets.std())) > 20:
        spread = f"mean {targets.mean():.3g}, standard deviation {targets.std():.3g}"
        yield f"the targets are large ({spread}): training is slow unless they are scaled to about 0 to 5"


ROW = Task(
    name="regression",
    column=pa.float32(),
    head="AutoModelForSequenceClassification",
    problem="regression",
    metric="pearson",
    metrics=("pearson", "spearman", "mse", "mae", "loss"),
    loss=loss,
    losses=losses,
    decide=decide,
    scores=scores,
    statistics=statistics,
    named=named,
    warnings=warnings,
)
