"""Plots as values: what is drawn, whether as SVG (`svg`) or as PNG (`png`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sftformat.calibration import Calibration
from sftformat.diagnostics import clip, visible
from sftformat.events import Trial

#: A line of more points than this is drawn through the means of stretches.
MOST_POINTS = 600
#: A matrix of more classes is not drawn: nobody could read it.
MOST_CLASSES = 40


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y) that a line joins; `dots` marks each of them."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over two axes; `span` is the reach of y (default: that of the points), `bars` are
    (from x, to x, height, opacity, words). With `whole_x` x counts something: there is nothing at a half."""

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    log_x: bool = False
    log_y: bool = False
    whole_x: bool = False
    span: tuple[float, float] | None = None
    bars: Sequence[tuple[float, float, float, float, str]] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts (C, C) by target (row) and prediction (column)."""

    title: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


Plot = Chart | Matrix


def thinned(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most MOST_POINTS points: the means of stretches of equal length."""
    every = np.array(list(points), np.float64).reshape(-1, 2)
    if len(every) <= MOST_POINTS:
        return [(float(x), float(y)) for x, y in every]
    return [(float(x), float(y)) for x, y in (part.mean(0) for part in np.array_split(every, MOST_POINTS))]


def training_plots(history: Sequence[Mapping[str, Any]]) -> dict[str, Chart]:
    """Return the plots `loss` and `learning-rate` from the lines of a history."""
    steps = [line for line in history if "step" in line]
    if not steps:
        return {}
    done, last = [line for line in history if "step" not in line], steps[-1]["step"]
    per_epoch = last / max(1, steps[-1]["epoch"])
    validation = [
        (line["epoch"] * per_epoch, line["validation"]["loss"])
        for line in done
        if line.get("validation") and line["validation"].get("loss") is not None
    ]
    losses = [Series("train", thinned((line["step"], line["loss"]) for line in steps))]
    losses += [Series("validation", validation, dots=True)] if validation else []
    rates = thinned((line["step"], line["learning_rate"]) for line in steps)
    return {
        "loss": Chart("loss", "step", "loss", losses, whole_x=True),
        "learning-rate": Chart("learning rate", "step", "learning rate", [Series("", rates)], whole_x=True),
    }


def grid_plot(trials: Sequence[Trial]) -> Chart | None:
    """Return validation by learning rate: a line through the means, a dot a trial; None for fewer than two rates.

    Of one seed there is no mean, and the line is its own.
    """
    sound = [trial for trial in trials if trial.value is not None]
    rates = sorted({trial.learning_rate for trial in sound})
    if len(rates) < 2:
        return None
    by_rate = {rate: [t.value for t in sound if t.learning_rate == rate and t.value is not None] for rate in rates}
    seeds = list(dict.fromkeys(trial.seed for trial in sound))
    several = len(seeds) > 1
    series = [Series("mean", [(rate, float(np.mean(values))) for rate, values in by_rate.items()], dots=True)]
    for seed in seeds:
        own = [(t.learning_rate, t.value) for t in sound if t.seed == seed and t.value is not None]
        series.append(Series(f"seed {seed}", own, dots=True, dashed=several))
    series = series if several else series[1:]
    return Chart("grid on validation", "learning rate", trials[0].metric, series, log_x=True)


def confusion_plot(labels: Sequence[str], confusion: Sequence[Sequence[int]], title: str) -> Matrix | None:
    """Return a confusion matrix, each row shaded by its shares; None for more than MOST_CLASSES classes."""
    if len(labels) > MOST_CLASSES:
        return None
    return Matrix(title, tuple(visible(clip(label, 20)) for label in labels), tuple(map(tuple, confusion)))


def reliability_plot(found: Calibration, title: str) -> Chart:
    """Return how often decisions of each confidence are right, against the diagonal; dark bars hold many of them."""
    most = max(each.rows for each in found.bins)
    bars = tuple(
        (each.low, each.high, each.accuracy, 0.25 + 0.75 * each.rows / most, f"{each.rows:,}: {each.accuracy:.3f}")
        for each in found.bins
        if each.accuracy is not None
    )
    title = f"{title}: calibration error {found.ece:.3f}"
    diagonal = [Series("", [(0.0, 0.0), (1.0, 1.0)], dashed=True)]
    return Chart(title, "confidence", "share that is right", diagonal, span=(0.0, 1.0), bars=bars)
