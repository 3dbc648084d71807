"""One row of the table of tasks: everything that a task changes in the model half.

Shapes: N rows, B of them in a batch, C classes (1 for regression).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sftformat.diagnostics import clip
from sftformat.metrics import Floats, bootstrap_interval, majority_baseline
from sftformat.tasks.ragged import flat

if TYPE_CHECKING:
    from torch import Tensor

#: The label of what is not asked: an unlabelled row, a token that is not the first of a word.
IGNORED = -100
#: A statistic of a bootstrap: row numbers (R, N) to values (R,).
Statistic = Callable[[NDArray[np.int64]], Any]


@dataclass(frozen=True, slots=True)
class Sides:
    """What belongs to N answers that are texts: what was asked, further right answers, what a model wrote if anything.

    `lowercase` says that the tokenizer knows no capitals, so that texts are compared without them. `best` are the
    targets as the tokenizer puts them together again: BERT's forgets blanks (don ' t), and no model writes it better.
    """

    asked: Sequence[str]
    others: Sequence[Sequence[str]]
    written: Sequence[str] | None = None
    lowercase: bool = False
    best: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of N rows: logits (N, C), or (V, C) for V words, and the targets (see `loader.Split`).

    `labels` is () for regression; `threshold` is the probability from which a label of multilabel applies.
    """

    logits: Floats
    targets: Any
    labels: Sequence[str] = ()
    threshold: float = 0.5
    sides: Sides | None = None

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class (or one label of multilabel) is predicted."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int  # rows with this target
    predicted: int


Confusion = tuple[tuple[int, ...], ...]


def one_each(targets: Any) -> NDArray[np.float32]:
    """Return 1 for every row of a batch."""
    return np.ones(len(targets), np.float32)


@dataclass(frozen=True, slots=True)
class Task:
    """What a task changes in the model half.

    name        as in manifests
    column      the Arrow type of `labels` in shards
    head        the class of transformers that puts the head on
    problem     problem_type in config.json
    metric      chooses the best epoch and the best learning rate, unless another one is asked for
    metrics     what `scores` returns, in the order it is shown
    loss        logits (B, C) and targets of a batch -> the loss of each row (B,), in torch
    losses      the same of N rows (N,), in NumPy
    decide      predictions, shaped as the targets are
    scores      the values of `metrics`; nan where one is not defined
    statistics  predictions -> what gets a bootstrap interval, by the name of the metric
    named       a target or a prediction in the words of the data
    chances     the probability of each class (N, C), of words (V, C), where a row or a word has one
    said        what is predicted for each row where that is not one value: {prediction, scores}
    per_class   predictions -> how each class is predicted, and the confusion matrix
    warnings    what a person should know of the targets of train
    smoothed    the loss with label smoothing, where there are classes of which one is right
    one_class   whether one class is the answer, so that one class alone is nothing to learn and no good answer
    asked       targets of a batch -> how many things are asked in each row (B,): its share in the loss of the batch
    unit        what gets one answer
    shown       the metric that an evaluation is known by, where it is not the one that chooses
    baselines   the scores of answers that need no model, by what they are
    correct     which rows are answered right, where that is not that prediction and target are equal
    classes     what `per_class` tells apart: class, tag, or type of entity
    """

    name: str
    column: pa.DataType
    head: str
    problem: str | None
    metric: str
    metrics: tuple[str, ...]
    loss: Callable[[Tensor, Tensor], Tensor]
    losses: Callable[[Answers], NDArray[np.float64]]
    decide: Callable[[Answers], Any]
    scores: Callable[[Answers], Sequence[float]]
    statistics: Callable[[Answers, Any], Mapping[str, Statistic]]
    named: Callable[[Sequence[str], Any], Any]
    chances: Callable[[Answers], NDArray[np.float64]] | None = None
    said: Callable[[Answers], Iterator[dict[str, Any]]] | None = None
    per_class: Callable[[Answers, Any], tuple[tuple[ClassScore, ...], Confusion | None]] | None = None
    warnings: Callable[[Any, Sequence[str]], Iterator[str]] | None = None
    smoothed: Callable[..., Tensor] | None = None
    one_class: bool = False
    asked: Callable[..., NDArray[np.float32]] = one_each
    unit: str = "row"
    classes: str = "class"
    shown: str | None = None
    baselines: Callable[[Answers], Mapping[str, Mapping[str, float]]] | None = None
    correct: Callable[[Answers], Sequence[bool]] | None = None


def measure(task: Task, answers: Answers) -> dict[str, float]:
    """Return every metric of `task.metrics`; nan where one is not defined."""
    return dict(zip(task.metrics, task.scores(answers), strict=True))


def said_by(task: Task, answers: Answers) -> Iterator[dict[str, Any]]:
    """Yield what is predicted for each row where that is one value."""
    predictions, chances = task.decide(answers), task.chances(answers) if task.chances else None
    for place in range(len(answers)):
        scores = {} if chances is None else {"scores": dict(zip(answers.labels, chances[place].tolist(), strict=True))}
        yield {"prediction": task.named(answers.labels, predictions[place]), **scores}


def intervals(task: Task, answers: Answers, *, resamples: int = 1000, seed: int = 0) -> dict[str, tuple[float, float]]:
    """Return 95 % bootstrap intervals of the main metrics of a task, over rows."""
    statistics = task.statistics(answers, task.decide(answers))
    rows = len(answers.targets)
    return {
        name: bootstrap_interval(statistic, rows, resamples=resamples, seed=seed)
        for name, statistic in statistics.items()
    }


def one_class_warning(task: Task, answers: Answers, where: str, rate: float) -> str | None:
    """Return a warning when a model answers the same for every row or word although the targets differ."""
    said, targets, labels = task.decide(answers), answers.targets, answers.labels
    if isinstance(targets, list):  # texts; None where they were not decoded
        alike = len(set(said)) == 1 and None not in said and len(set(targets)) > 1
    else:
        said, targets = flat(said), flat(targets)
        alike = _alike(said, np.ptp(targets) if task.name == "regression" else 0) and not _alike(targets)
    if not alike:
        return None
    cause = "too high" if rate >= 2e-4 else "too low, or there were too few steps"
    one = labels[said[0]] if task.one_class else task.named(labels, said[0])
    words = f"every one of {len(targets):,} {task.unit}s is predicted {clip(repr(one), 60)}"
    if task.one_class:
        majority, share = majority_baseline(targets, len(labels))
        words += f"; always answering {labels[majority]!r} is right for {share:.1%}"
    return f"{where}: {words}: the learning rate ({rate:.3g}) is likely {cause}"


def _alike(values: NDArray[Any], span: Any = 0) -> bool:
    """Tell whether all values are one, or lie within a thousandth of `span`."""
    return bool((np.abs(values - values[0]) <= span / 1000).all())


def scores_of_classes(
    labels: Sequence[str], columns: Sequence[Floats], support: NDArray[Any], predicted: NDArray[Any]
) -> tuple[ClassScore, ...]:
    """Return one ClassScore a label; `columns` are precision, recall and F1, each (C,)."""
    table = zip(labels, *columns, support, predicted, strict=True)
    return tuple(ClassScore(label, float(p), float(r), float(f), int(s), int(g)) for label, p, r, f, s, g in table)
