"""Token-classification: a tag for every word. Targets are `Ragged`: a tag id for each word of each row.

There are two rows: one for tags of entities (B-PER, I-PER, O), which are scored as entities, and one for other tags
(parts of speech), which are scored one by one. Logits are (V, C), one for each of the V words of all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sftformat.metrics import accuracy, confusion_matrix, label_scores, macro_f1, micro_f1, softmax
from sftformat.tasks import classification
from sftformat.tasks.entities import Scheme, matches, scheme_of, strangers
from sftformat.tasks.ragged import Ragged, flat
from sftformat.tasks.task import IGNORED, Answers, ClassScore, Confusion, Statistic, Task, scores_of_classes

if TYPE_CHECKING:
    from torch import Tensor


def loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0, weights: Tensor | None = None) -> Tensor:
    """Return the mean cross-entropy over the labelled tokens of each row (B,), from (B, T, C) and (B, T).

    With `weights` (C,) it is the mean by the weights of the tokens' labels.
    """
    import torch
    from torch.nn import functional

    each = functional.cross_entropy(
        logits.transpose(1, 2), targets, reduction="none", ignore_index=IGNORED, label_smoothing=smoothing
    )  # (B, T), 0 where ignored
    there = targets != IGNORED
    if weights is None:
        return each.sum(1) / there.sum(1).clamp(min=1)
    shares = weights[targets.clamp(min=0)] * there
    return (each * shares).sum(1) / shares.sum(1).clamp(min=torch.finfo(each.dtype).tiny)


def asked(targets: NDArray[Any], weights: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Count the labelled tokens of each row, or add up the `weights` (C,) of their labels: (B, T) to (B,)."""
    there = targets != IGNORED
    return np.asarray((there if weights is None else weights[np.maximum(targets, 0)] * there).sum(1), np.float32)


def _by_word(answers: Answers) -> Answers:
    return replace(answers, targets=answers.targets.values)


def losses(answers: Answers) -> NDArray[np.float64]:
    """Return the mean cross-entropy over the words of each row, in float64."""
    means: NDArray[np.float64] = answers.targets.of_values(classification.losses(_by_word(answers))).means()
    return means


def decide(answers: Answers) -> Ragged:
    """Return the most likely tag of each word."""
    predictions: Ragged = answers.targets.of_values(classification.decide(answers))
    return predictions


def said(answers: Answers) -> Iterator[dict[str, Any]]:
    """Yield the tag of each word of a row and the probability of that tag."""
    predictions = decide(answers)
    chances = softmax(answers.logits)[np.arange(len(predictions.values)), predictions.values]
    for tags, sure in zip(predictions, predictions.of_values(chances), strict=True):
        yield {"prediction": named(answers.labels, tags), "scores": sure.tolist()}


def named(labels: Sequence[str], tags: NDArray[Any]) -> list[str]:
    """Return the tags of a row."""
    return [labels[tag] for tag in tags.tolist()]


def _loss(answers: Answers) -> float:
    return float(classification.losses(_by_word(answers)).mean())


# ------------------------------------------------------------------------------------------------- tags one by one


def tag_scores(answers: Answers) -> list[float]:
    """Return accuracy, macro-F1 and the mean loss, all over words."""
    targets, predictions = flat(answers.targets), flat(decide(answers))
    confusion = confusion_matrix(targets, predictions, answers.logits.shape[1])
    return [accuracy(targets, predictions), float(macro_f1(confusion)), _loss(answers)]


def tag_statistics(answers: Answers, predictions: Any) -> Mapping[str, Statistic]:
    """Return accuracy over words, of sentences drawn as a whole."""
    below = np.concatenate(([0], np.cumsum(flat(predictions) == flat(answers.targets))))
    right, counts = np.diff(below[answers.targets.offsets]), answers.targets.counts
    return {"accuracy": lambda drawn: right[drawn].sum(-1) / np.maximum(counts[drawn].sum(-1), 1)}


def tag_table(answers: Answers, predictions: Any) -> tuple[tuple[ClassScore, ...], Confusion]:
    """Return the scores of each tag and the confusion matrix, over words."""
    return classification.per_class(_by_word(answers), flat(predictions))


def tag_warnings(targets: Any, labels: Sequence[str]) -> Iterator[str]:
    """Say when there is one tag only, and when a few tags keep the others from being scored as entities."""
    yield from classification.warnings(flat(targets), labels)
    if strange := strangers(labels):
        names = ", ".join(map(repr, strange[:3])) + (", …" if len(strange) > 3 else "")
        yield f"tags are scored one by one, not as entities: {names} belongs to no scheme of B-, I- and O"


# --------------------------------------------------------------------------------------------------------- entities


def _scheme(answers: Answers) -> Scheme:
    scheme = scheme_of(answers.labels)
    assert scheme is not None  # `task_of` chose this row by it
    return scheme


def entity_scores(answers: Answers) -> list[float]:
    """Return F1, precision, recall and macro-F1 of entities, strict F1, and accuracy and mean loss over words."""
    scheme, predictions = _scheme(answers), decide(answers)
    _, by_type = matches(scheme, answers.targets, predictions)
    strict, _ = matches(scheme, answers.targets, predictions, strict=True)
    precision, recall, f1 = label_scores(by_type.sum(0))
    of_types, seen = label_scores(by_type)[2], by_type.sum(1) > 0
    macro = float(of_types[seen].mean()) if seen.any() else 0.0
    values = [float(f1), float(precision), float(recall), macro, float(micro_f1(strict.sum(0)))]
    return [*values, accuracy(flat(answers.targets), flat(predictions)), _loss(answers)]


def entity_statistics(answers: Answers, predictions: Any) -> Mapping[str, Statistic]:
    """Return F1, precision and recall of entities and accuracy over words, of sentences drawn as a whole."""
    counts, _ = matches(_scheme(answers), answers.targets, predictions)
    found: dict[str, Statistic] = {
        name: lambda drawn, place=place: label_scores(counts[drawn].sum(1))[place]  # type: ignore[misc]
        for place, name in ((2, "f1"), (0, "precision"), (1, "recall"))
    }
    return {**found, **tag_statistics(answers, predictions)}


def entity_table(answers: Answers, predictions: Any) -> tuple[tuple[ClassScore, ...], None]:
    """Return the scores of each type of entity."""
    scheme = _scheme(answers)
    _, counts = matches(scheme, answers.targets, predictions)
    support, predicted = counts[:, 0] + counts[:, 2], counts[:, 0] + counts[:, 1]
    return scores_of_classes(scheme.names, label_scores(counts), support, predicted), None


def statistics_of(
    targets: Sequence[Sequence[str | None]], predictions: Sequence[Sequence[str | None]]
) -> Mapping[str, Statistic]:
    """Return what `statistics` does from the tags of N rows as they are written; words without a tag were cut off."""
    kept = [[tag for tag in row if tag is not None] for row in targets]
    guess = [[tag for tag in row if tag is not None] for row in predictions]
    labels = sorted({tag for rows in (kept, guess) for row in rows for tag in row})
    number = {label: place for place, label in enumerate(labels)}
    offsets = np.cumsum([0, *(len(row) for row in kept)])
    true, given = (
        Ragged(np.array([number[tag] for row in rows for tag in row], np.int64), offsets) for rows in (kept, guess)
    )
    answers = Answers(np.empty((0, len(labels))), true, labels)
    return row_for(labels).statistics(answers, given)


TAGS = Task(
    name="token-classification",
    column=pa.list_(pa.int64()),
    head="AutoModelForTokenClassification",
    problem=None,
    metric="accuracy",
    metrics=("accuracy", "macro_f1", "loss"),
    loss=loss,
    losses=losses,
    decide=decide,
    scores=tag_scores,
    statistics=tag_statistics,
    named=named,
    said=said,
    chances=lambda answers: softmax(answers.logits),
    per_class=tag_table,
    warnings=tag_warnings,
    smoothed=loss,
    one_class=True,
    asked=asked,
    unit="word",
    classes="tag",
)
ENTITIES = replace(
    TAGS,
    metric="f1",
    metrics=("f1", "precision", "recall", "macro_f1", "strict_f1", "accuracy", "loss"),
    scores=entity_scores,
    statistics=entity_statistics,
    per_class=entity_table,
    classes="type",
)


def row_for(labels: Sequence[str] | None) -> Task:
    """Return the row that tags of a label map are scored by."""
    return ENTITIES if scheme_of(labels or ()) is not None else TAGS
