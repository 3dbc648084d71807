"""Plots as SVG: plain text without script, the same bytes for the same numbers, readable in any browser."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import Environment

from sftformat.calibration import Calibration
from sftformat.diagnostics import clip, visible
from sftformat.events import Trial

#: The plot is so wide and high; the axes stand so far from its edges: left, top, right, bottom.
WIDTH, HEIGHT = 640, 360
_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 40, 24, 52
#: A line of more points than this is drawn through the means of stretches.
MOST_POINTS = 600
#: A matrix of more classes is not drawn: nobody could read it.
MOST_CLASSES = 40
_COLOURS = ("#2a6db0", "#c2571a", "#3d8c40", "#7a4fa3", "#a33b4f", "#4d4d4d")

_CHART = """<svg xmlns="http://www.w3.org/2000/svg" width="{{ width }}" height="{{ height }}" \
viewBox="0 0 {{ width }} {{ height }}" font-family="sans-serif" font-size="12" role="img">
<title>{{ title }}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="{{ left }}" y="24" font-size="14" font-weight="bold">{{ title }}</text>
{% for x, words in x_ticks -%}
<line x1="{{ x }}" y1="{{ top }}" x2="{{ x }}" y2="{{ bottom }}" stroke="#e4e4e4"/>
<text x="{{ x }}" y="{{ bottom + 16 }}" text-anchor="middle">{{ words }}</text>
{% endfor -%}
{% for y, words in y_ticks -%}
<line x1="{{ left }}" y1="{{ y }}" x2="{{ right }}" y2="{{ y }}" stroke="#e4e4e4"/>
<text x="{{ left - 6 }}" y="{{ y + 4 }}" text-anchor="end">{{ words }}</text>
{% endfor -%}
<text x="{{ (left + right) / 2 }}" y="{{ height - 14 }}" text-anchor="middle">{{ x_label }}</text>
<text x="16" y="{{ (top + bottom) / 2 }}" text-anchor="middle" \
transform="rotate(-90 16 {{ (top + bottom) / 2 }})">{{ y_label }}</text>
{% for bar in bars -%}
<rect x="{{ bar.x }}" y="{{ bar.y }}" width="{{ bar.width }}" height="{{ bar.height }}" fill="#2a6db0" \
fill-opacity="{{ bar.opacity }}"><title>{{ bar.words }}</title></rect>
{% endfor -%}
{% for line in lines -%}
<polyline points="{{ line.points }}" fill="none" stroke="{{ line.colour }}" stroke-width="1.5"\
{% if line.dashed %} stroke-dasharray="4 4"{% endif %}/>
{% for x, y, words in line.dots -%}
<circle cx="{{ x }}" cy="{{ y }}" r="3.5" fill="{{ line.colour }}"><title>{{ words }}</title></circle>
{% endfor -%}
{% if line.name -%}
<text x="{{ right }}" y="{{ line.at }}" text-anchor="end" fill="{{ line.colour }}">{{ line.name }}</text>
{% endif -%}
{% endfor -%}
</svg>
"""

_MATRIX = """<svg xmlns="http://www.w3.org/2000/svg" width="{{ width }}" height="{{ height }}" \
viewBox="0 0 {{ width }} {{ height }}" font-family="sans-serif" font-size="12" role="img">
<title>{{ title }}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="24" font-size="14" font-weight="bold">{{ title }}</text>
<text x="12" y="44">rows: target; columns: prediction</text>
{% for label in labels -%}
<text x="{{ left - 6 }}" y="{{ top + (loop.index0 + 0.5) * size + 4 }}" text-anchor="end">{{ label }}</text>
<text text-anchor="end" transform="translate({{ left + (loop.index0 + 0.5) * size + 4 }} {{ bottom + 8 }}) \
rotate(-60)">{{ label }}</text>
{% endfor -%}
{% for cell in cells -%}
<rect x="{{ cell.x }}" y="{{ cell.y }}" width="{{ size }}" height="{{ size }}" fill="#2a6db0" \
fill-opacity="{{ cell.share }}" stroke="#ddd"><title>{{ cell.words }}</title></rect>
{% if size >= 28 -%}
<text x="{{ cell.x + size / 2 }}" y="{{ cell.y + size / 2 + 4 }}" text-anchor="middle" \
fill="{{ '#fff' if cell.share > 0.55 else '#222' }}">{{ cell.count }}</text>
{% endif -%}
{% endfor -%}
</svg>
"""

_made = Environment(autoescape=True, keep_trailing_newline=True)


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y) that a line joins; `dots` marks each of them."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis from `low` to `high`, on paper from `start` to `stop`; `log` = equal factors are equal steps."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return where a value stands on paper."""
        low, high, here = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return round(self.start + (here - low) / ((high - low) or 1.0) * (self.stop - self.start), 2)

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and words of about five round values."""
        if self.log:
            powers = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
            factors = (1, 2, 5) if len(powers) < 3 else (1,)
            values = [factor * 10.0**power for power in range(powers.start - 1, powers.stop) for factor in factors]
            return [
                (self.at(value), f"{value:g}")
                for value in values
                if self.low <= value * (1 + 1e-9) <= self.high * (1 + 2e-9)
            ]
        step = 10 ** math.floor(math.log10((self.high - self.low) / 4 or 1.0))
        step *= next((factor for factor in (1, 2, 5) if (self.high - self.low) / (step * factor) <= 6), 10)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(self.at(number * step), f"{number * step:.10g}") for number in range(first, last + 1)]


def chart(
    title: str,
    x_label: str,
    y_label: str,
    series: Sequence[Series],
    *,
    log_x: bool = False,
    span: tuple[float, float] | None = None,
    bars: Sequence[tuple[float, float, float, float, str]] = (),
) -> str:
    """Return a chart of lines; `span` is the reach of y (default: that of the points), `bars` are
    (from x, to x, height, opacity, words)."""
    xs = [x for each in series for x, _ in each.points] or [0.0, 1.0]
    ys = [y for each in series for _, y in each.points] or [0.0, 1.0]
    across = Axis(*_reach(min(xs), max(xs)), _LEFT, WIDTH - _RIGHT, log_x)
    up = Axis(*(span or _reach(min(ys), max(ys))), HEIGHT - _BOTTOM, _TOP)
    return _made.from_string(_CHART).render(
        title=title,
        x_label=x_label,
        y_label=y_label,
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        top=_TOP,
        right=WIDTH - _RIGHT,
        bottom=HEIGHT - _BOTTOM,
        x_ticks=across.ticks(),
        y_ticks=up.ticks(),
        bars=[_bar(across, up, *each) for each in bars],
        lines=[_line(across, up, number, each) for number, each in enumerate(series)],
    )


def _reach(low: float, high: float) -> tuple[float, float]:
    """Return the two ends of an axis, apart from each other also where all values are one."""
    if high - low > max(1e-9 * max(abs(low), abs(high)), 1e-300):
        return low, high
    around = abs(low) / 2 or 0.5
    return low - around, low + around


def _bar(across: Axis, up: Axis, start: float, stop: float, height: float, opacity: float, words: str) -> Any:
    x, top = across.at(start), up.at(height)
    return {
        "x": x,
        "y": top,
        "width": round(across.at(stop) - x - 1, 2),
        "height": round(up.at(up.low) - top, 2),
        "opacity": round(opacity, 3),
        "words": words,
    }


def _line(across: Axis, up: Axis, number: int, series: Series) -> Any:
    points = [(across.at(x), up.at(y)) for x, y in series.points]
    words = [f"{series.name} {x:g}: {y:.4g}" for x, y in series.points] if series.dots else []
    return {
        "name": series.name,
        "points": " ".join(f"{x:g},{y:g}" for x, y in points),
        "colour": _COLOURS[number % len(_COLOURS)],
        "dashed": series.dashed,
        "dots": [(x, y, said) for (x, y), said in zip(points, words, strict=False)],
        "at": _TOP + 14 + 16 * number,
    }


def thinned(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most MOST_POINTS points: the means of stretches of equal length."""
    every = np.array(list(points), np.float64).reshape(-1, 2)
    if len(every) <= MOST_POINTS:
        return [(float(x), float(y)) for x, y in every]
    return [(float(x), float(y)) for x, y in (part.mean(0) for part in np.array_split(every, MOST_POINTS))]


def training_plots(history: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return `loss.svg` and `learning-rate.svg` from the lines of a history."""
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
        "loss.svg": chart("loss", "step", "loss", losses),
        "learning-rate.svg": chart("learning rate", "step", "learning rate", [Series("", rates)]),
    }


def grid_plot(trials: Sequence[Trial]) -> str | None:
    """Return validation by learning rate: a line through the means, a dot a trial; None for fewer than two rates."""
    sound = [trial for trial in trials if trial.value is not None]
    rates = sorted({trial.learning_rate for trial in sound})
    if len(rates) < 2:
        return None
    by_rate = {rate: [t.value for t in sound if t.learning_rate == rate and t.value is not None] for rate in rates}
    series = [Series("mean", [(rate, float(np.mean(values))) for rate, values in by_rate.items()], dots=True)]
    for seed in dict.fromkeys(trial.seed for trial in sound):
        own = [(t.learning_rate, t.value) for t in sound if t.seed == seed and t.value is not None]
        if len({trial.seed for trial in sound}) > 1:
            series.append(Series(f"seed {seed}", own, dots=True, dashed=True))
    return chart("grid on validation", "learning rate", trials[0].metric, series, log_x=True)


def confusion_plot(labels: Sequence[str], confusion: Sequence[Sequence[int]], title: str) -> str | None:
    """Return a confusion matrix, each row shaded by its shares; None for more than MOST_CLASSES classes."""
    if len(labels) > MOST_CLASSES:
        return None
    size, left, top = max(14, min(48, 420 // len(labels))), 150, 60
    names = [visible(clip(label, 20)) for label in labels]
    cells = [
        {
            "x": left + column * size,
            "y": top + row * size,
            "share": round(count / max(1, sum(counts)), 3),
            "count": count,
            "words": f"{names[row]} as {names[column]}: {count:,}",
        }
        for row, counts in enumerate(confusion)
        for column, count in enumerate(counts)
    ]
    bottom = top + size * len(labels)
    sizes = {"width": max(left + size * len(labels) + 24, 320), "height": bottom + 140, "left": left, "top": top}
    return _made.from_string(_MATRIX).render(**sizes, bottom=bottom, size=size, labels=names, cells=cells, title=title)


def reliability_plot(found: Calibration, title: str) -> str:
    """Return how often decisions of each confidence are right, against the diagonal; dark bars hold many of them."""
    most = max(each.rows for each in found.bins)
    bars = [
        (each.low, each.high, each.accuracy, 0.25 + 0.75 * each.rows / most, f"{each.rows:,}: {each.accuracy:.3f}")
        for each in found.bins
        if each.accuracy is not None
    ]
    title = f"{title}: calibration error {found.ece:.3f}"
    diagonal = [Series("", [(0.0, 0.0), (1.0, 1.0)], dashed=True)]
    return chart(title, "confidence", "share that is right", diagonal, span=(0.0, 1.0), bars=bars)
