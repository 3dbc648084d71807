"""Compare: two runs on the same rows of their sealed evaluations, and whether they differ by more than chance.

Rows are matched by file, line and id. Shares of right rows are tested with the exact test of McNemar (1947), every
other metric by a paired permutation test: each row's two predictions change sides or stay, as if it did not matter
which run they came from. The intervals of the differences are percentile bootstrap intervals over rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sftformat import metrics
from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.evaluation import PREDICTIONS, Evaluation, read_evaluation
from sftformat.folder.files import open_regular
from sftformat.folder.manifest import MANIFEST, open_folder
from sftformat.openings import EVALUATIONS
from sftformat.tasks import overlap, task_of, tokens
from sftformat.tasks.classification import MOST_CLASSES, confusions

#: Takes row numbers (R, N) into the rows of A followed by those of B, and returns (R,) values.
Statistic = Callable[[NDArray[np.int64]], Any]
#: What McNemar's test is about: metrics that are the share of rows that are right.
_SHARES = ("accuracy", "exact_match")


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of both runs: `difference` is B − A, `interval` its 95 % bootstrap interval, `p` two-sided."""

    metric: str
    a: float | None
    b: float | None
    difference: float | None
    interval: tuple[float | None, float | None]
    p: float | None
    test: str  # mcnemar (exact) or permutation


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same `n` rows; `only_a` and `only_b` count the rows that one of them alone gets right."""

    name: str
    split: str
    task: str
    metric: str
    n: int
    only_a: int | None
    only_b: int | None
    differences: tuple[Difference, ...]


class _Row(msgspec.Struct):
    """What is read of a line of predictions.jsonl."""

    id: str
    file: str
    line: int
    target: Any
    prediction: Any
    correct: bool | None
    loss: float


def compare(
    run_a: Path, run_b: Path, split: str, *, name: str | None = None, resamples: int = 2000, seed: int = 0
) -> Comparison:
    """Compare two runs on the evaluations of a split that stand in both; `name` says which where there are several.

    Raises:
        UsageError: no evaluation in common, or two that are not about the same rows: the text says which differ.
        FolderError: a run or an evaluation that is damaged.
    """
    for run in (run_a, run_b):
        open_folder(run, "run")
    name = name if name is not None else _name_in_common(run_a, run_b, split)
    found_a, found_b = (_evaluation(run, name, split) for run in (run_a, run_b))
    if found_a.task != found_b.task:
        raise UsageError(f"{run_a} is for {found_a.task}, {run_b} for {found_b.task}: there is nothing to compare")
    a, b = _matched(_read(found_a), _read(found_b), (str(run_a), str(run_b)))
    right = np.array([[bool(row.correct) for row in rows] for rows in (a, b)])  # (2, N)
    only_a, only_b = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    labels = sorted({each.label for found in (found_a, found_b) for each in found.per_class})
    statistics = _statistics(found_a.task, [*a, *b], labels)
    differences = [_difference(key, of, len(a), resamples, seed) for key, of in statistics.items()]
    exact = mcnemar(only_a, only_b)
    counted = found_a.task != "regression"
    shares = _SHARES if task_of(found_a.task, None).unit == "row" else ()
    return Comparison(
        name,
        split,
        found_a.task,
        found_a.metric,
        len(a),
        only_a if counted else None,
        only_b if counted else None,
        tuple(replace(each, p=exact, test="mcnemar") if each.metric in shares else each for each in differences),
    )


def _name_in_common(run_a: Path, run_b: Path, split: str) -> str:
    ending = f"-{split}"
    names = [
        {path.parent.name.removesuffix(ending) for path in (run / EVALUATIONS).glob(f"*{ending}/{MANIFEST}")}
        for run in (run_a, run_b)
    ]
    for run, own in zip((run_a, run_b), names, strict=True):
        if not own:
            raise UsageError(
                f"{run}: was not evaluated on {split}: sftformat evaluate {run} SHARDS --eval-split {split}"
            )
    both = sorted(names[0] & names[1])
    if len(both) == 1:
        return both[0]
    if both:
        raise UsageError(f"both runs have several evaluations on {split}: say --name {' or '.join(both)}")
    raise UsageError(
        f"no evaluation on {split} has the same name in both runs ({', '.join(sorted(names[0]))} in {run_a}, "
        f"{', '.join(sorted(names[1]))} in {run_b}): evaluate both with the same --name"
    )


def _evaluation(run: Path, name: str, split: str) -> Evaluation:
    folder = run / EVALUATIONS / f"{name}-{split}"
    if not folder.is_dir():
        raise UsageError(f"{run}: has no evaluation {name!r} on {split}")
    return read_evaluation(folder)


def _read(found: Evaluation) -> list[_Row]:
    decoder = msgspec.json.Decoder(_Row)
    with open_regular(found.folder / PREDICTIONS) as file:
        return [decoder.decode(line) for line in file]


def _matched(a: Sequence[_Row], b: Sequence[_Row], names: tuple[str, str]) -> tuple[list[_Row], list[_Row]]:
    """Return the rows of both in one order: that of A.

    Raises:
        UsageError: a row of one that the other lacks, or a row with another target.
    """
    first, second = _keyed(a), _keyed(b)
    for own, other, here, there in ((first, second, *names), (second, first, *names[::-1])):
        lost = [row for key, row in own.items() if key not in other]
        if lost:
            raise UsageError(
                f"the runs were evaluated on different rows: {len(lost):,} of {here} ({lost[0].file}:{lost[0].line}, "
                f"id {lost[0].id}, first) are not among those of {there}"
            )
    pairs = [(row, second[key]) for key, row in first.items()]
    for x, y in pairs:
        if x.target != y.target:
            differ = f"{clip(repr(x.target), 40)} in {names[0]} and {clip(repr(y.target), 40)} in {names[1]}"
            raise UsageError(f"{x.file}:{x.line} (id {x.id}): the target is {differ}")
    return [x for x, _ in pairs], [y for _, y in pairs]


def _keyed(rows: Sequence[_Row]) -> dict[tuple[str, int, str, int], _Row]:
    """Return rows by file, line, id and, of rows that are equal in all three, their number."""
    seen: Counter[tuple[str, int, str]] = Counter()
    keyed = {}
    for row in rows:
        key = (row.file, row.line, row.id)
        keyed[*key, seen[key]] = row
        seen[key] += 1
    return keyed


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the two-sided p of the exact test of McNemar: that so uneven a split of the rows on which two runs
    disagree comes of throwing coins."""
    n, least = only_a + only_b, min(only_a, only_b)
    log_half = n * math.log(2)
    logs = (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - log_half for k in range(least + 1))
    return min(1.0, 2 * math.fsum(math.exp(value) for value in logs))


def _difference(metric: str, statistic: Statistic, n: int, resamples: int, seed: int) -> Difference:
    """Measure A (rows 0 to n) against B (rows n to 2n)."""
    own = np.arange(n)[None, :]
    a, b = float(statistic(own)[0]), float(statistic(own + n)[0])
    low, high = metrics.bootstrap_interval(
        lambda drawn: statistic(drawn + n) - statistic(drawn), n, resamples=resamples, seed=seed
    )
    p = permutation_p(statistic, n, b - a, resamples=resamples, seed=seed)
    shown = metrics.plain({"a": a, "b": b, "difference": b - a, "low": low, "high": high, "p": p})
    return Difference(
        metric, shown["a"], shown["b"], shown["difference"], (shown["low"], shown["high"]), shown["p"], "permutation"
    )


def permutation_p(statistic: Statistic, n: int, difference: float, *, resamples: int, seed: int) -> float:
    """Return how often a difference as great comes of swapping the runs at random, row by row; nan where undefined.

    The observed assignment counts as one of those drawn (Phipson and Smyth 2010), so p is never 0.
    """
    if not math.isfinite(difference):
        return math.nan
    random, greater, rows = np.random.default_rng([seed, 1]), 0, np.arange(n)
    at_once = max(1, (1 << 22) // max(1, n))
    for start in range(0, resamples, at_once):
        swapped = random.integers(0, 2, size=(min(at_once, resamples - start), n)) * n
        drawn = np.asarray(statistic(rows + n - swapped)) - np.asarray(statistic(rows + swapped))
        greater += int((np.abs(np.nan_to_num(drawn)) >= abs(difference) - 1e-12).sum())
    return (greater + 1) / (resamples + 1)


def _statistics(task: str, rows: Sequence[_Row], labels: Sequence[str]) -> Mapping[str, Statistic]:
    """Return what is compared, by metric: those of the task, from what is written of each row."""
    right = np.array([row.correct is True for row in rows], np.float64)
    loss = np.array([row.loss for row in rows], np.float64)
    found: dict[str, Statistic] = {}
    if task == "classification":
        number = {label: place for place, label in enumerate(labels)}
        cells = np.array([number[row.target] * len(labels) + number[row.prediction] for row in rows], np.int64)
        found["accuracy"] = lambda drawn: right[drawn].mean(-1)
        if len(labels) <= MOST_CLASSES:
            found["macro_f1"] = lambda drawn: metrics.macro_f1(confusions(cells[drawn], len(labels)))
    elif task == "multilabel":
        hot = np.array([[[label in side for label in labels] for side in (row.target, row.prediction)] for row in rows])
        counts = metrics.multilabel_counts(hot[:, 0], hot[:, 1]).sum(1)
        found["micro_f1"] = lambda drawn: metrics.micro_f1(counts[drawn].sum(1))
        found["exact_match"] = lambda drawn: right[drawn].mean(-1)
    elif task == "regression":
        x, y = (np.array([getattr(row, side) for row in rows], np.float64) for side in ("target", "prediction"))
        scaled = np.concatenate([_scaled(half) for half in np.split(y, 2)])
        found["pearson"] = lambda drawn: metrics.pearson(x[drawn], scaled[drawn])
        found["mae"] = lambda drawn: np.abs(x - y)[drawn].mean(-1)
    elif task == "token-classification":
        found |= tokens.statistics_of([row.target for row in rows], [row.prediction for row in rows])
    elif all(isinstance(row.prediction, str) for row in rows):
        found |= _of_texts(rows)
        found["exact_match"] = lambda drawn: right[drawn].mean(-1)
    found["loss" if task in _BY_ROW else "loss_of_rows"] = lambda drawn: loss[drawn].mean(-1)
    return found


#: Tasks whose loss is a mean over rows; that of the others is over words or tokens, so that of rows has its own name.
_BY_ROW = frozenset({"classification", "multilabel", "regression"})


def _of_texts(rows: Sequence[_Row]) -> dict[str, Statistic]:
    """Return chrF and BLEU of what was written against the target alone: other right answers are not written down."""
    overlap.require_text_extra()
    written, wanted = [row.prediction for row in rows], [[row.target] for row in rows]
    made = {name: overlap.counted(name, written, wanted, lowercase=False) for name in ("chrf", "bleu")}
    return {f"{name}_of_target": each.drawn for name, each in made.items()}


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values with mean 0 and deviation 1: a correlation knows no scale, so swapping runs must not mix two."""
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread or 1.0), np.float64)
