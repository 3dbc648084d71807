"""Plots as SVG: plain text without script, the same bytes for the same numbers, readable in any browser."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment

from sftformat.plots import Chart, Matrix, Series

#: The plot is so wide and high; the axes stand so far from its edges: left, top, right, bottom.
WIDTH, HEIGHT = 640, 360
_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 40, 24, 52
COLOURS = ("#2a6db0", "#c2571a", "#3d8c40", "#7a4fa3", "#a33b4f", "#4d4d4d")

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
class Axis:
    """One axis from `low` to `high`, on paper from `start` to `stop`; `log` = equal factors are equal steps.

    `whole` = only whole numbers have a tick.
    """

    low: float
    high: float
    start: float
    stop: float
    log: bool = False
    whole: bool = False

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
        step = max(step, 1) if self.whole else step
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(self.at(number * step), f"{number * step:.10g}") for number in range(first, last + 1)]


def svg(plot: Chart | Matrix) -> str:
    """Return a plot as the text of an SVG file."""
    return _chart(plot) if isinstance(plot, Chart) else _matrix(plot)


def _chart(plot: Chart) -> str:
    points = [point for each in plot.series for point in each.points] or [(0.0, 0.0), (1.0, 1.0)]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    across = Axis(*_reach(min(xs), max(xs)), _LEFT, WIDTH - _RIGHT, plot.log_x, plot.whole_x)
    up = Axis(*(plot.span or _reach(min(ys), max(ys))), HEIGHT - _BOTTOM, _TOP, plot.log_y)
    return _made.from_string(_CHART).render(
        title=plot.title,
        x_label=plot.x_label,
        y_label=plot.y_label,
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        top=_TOP,
        right=WIDTH - _RIGHT,
        bottom=HEIGHT - _BOTTOM,
        x_ticks=across.ticks(),
        y_ticks=up.ticks(),
        bars=[_bar(across, up, *each) for each in plot.bars],
        lines=[_line(across, up, number, each) for number, each in enumerate(plot.series)],
    )


def _matrix(plot: Matrix) -> str:
    names, left, top = plot.labels, 150, 60
    size = max(14, min(48, 420 // len(names)))
    cells = [
        {
            "x": left + column * size,
            "y": top + row * size,
            "share": round(count / max(1, sum(counts)), 3),
            "count": count,
            "words": f"{names[row]} as {names[column]}: {count:,}",
        }
        for row, counts in enumerate(plot.counts)
        for column, count in enumerate(counts)
    ]
    bottom = top + size * len(names)
    sizes = {"width": max(left + size * len(names) + 24, 320), "height": bottom + 140, "left": left, "top": top}
    said = {"labels": names, "cells": cells, "title": plot.title}
    return _made.from_string(_MATRIX).render(**sizes, **said, bottom=bottom, size=size)


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
        "colour": COLOURS[number % len(COLOURS)],
        "dashed": series.dashed,
        "dots": [(x, y, said) for (x, y), said in zip(points, words, strict=False)],
        "at": _TOP + 14 + 16 * number,
    }
