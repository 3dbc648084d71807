"""Plots as PNG, for papers and slides: drawn by matplotlib, which the extra `plots` brings."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from typing import Any, cast
from warnings import catch_warnings, filterwarnings

from sftformat.errors import UsageError
from sftformat.plots import Chart, Matrix, Plot
from sftformat.svg import COLOURS


def require() -> None:
    """Check that PNGs can be drawn.

    Raises:
        UsageError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise UsageError("--png needs matplotlib: pip install 'sftformat[plots]'")


def png(plot: Plot) -> bytes:
    """Return a plot as the bytes of a PNG file; nothing in them tells the day."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6) if isinstance(plot, Chart) else (6, 6), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(_plain(plot.title), loc="left")
    if isinstance(plot, Chart):
        _chart(axes, plot)
    else:
        _matrix(axes, plot)
    drawn, canvas = BytesIO(), cast(Any, FigureCanvasAgg(figure))
    with catch_warnings():
        filterwarnings("ignore", "Glyph")  # a script that the font has not is drawn as boxes
        canvas.print_png(drawn, metadata={"Software": None})
    return drawn.getvalue()


def _plain(text: str) -> str:
    """Keep matplotlib from reading formulas."""
    return text.replace("$", r"\$")


def _chart(axes: Any, plot: Chart) -> None:
    axes.set_xlabel(plot.x_label)
    axes.set_ylabel(plot.y_label)
    axes.grid(color="#e4e4e4")
    axes.set_axisbelow(True)
    for low, high, height, opacity, _ in plot.bars:
        axes.bar((low + high) / 2, height, width=(high - low) * 0.95, color=COLOURS[0], alpha=opacity)
    for number, each in enumerate(plot.series):
        style = {"linestyle": "--" if each.dashed else "-", "marker": "o" if each.dots else "", "markersize": 4}
        colour = COLOURS[number % len(COLOURS)]
        name = _plain(each.name) or None
        axes.plot([x for x, _ in each.points], [y for _, y in each.points], color=colour, label=name, **style)
    if plot.log_x:
        axes.set_xscale("log")
    if plot.whole_x:
        axes.xaxis.get_major_locator().set_params(integer=True)
    if plot.log_y:
        axes.set_yscale("log")
    if plot.span:
        axes.set_ylim(*plot.span)
    if any(each.name for each in plot.series):
        axes.legend()


def _matrix(axes: Any, plot: Matrix) -> None:
    shares = [[count / max(1, sum(row)) for count in row] for row in plot.counts]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names, places = [_plain(label) for label in plot.labels], range(len(plot.labels))
    axes.set_xticks(places, names, rotation=60, ha="right")
    axes.set_yticks(places, names)
    axes.set_xlabel("prediction")
    axes.set_ylabel("target")
    for row, counts in enumerate(plot.counts) if len(names) <= 20 else ():
        for column, count in enumerate(counts):
            colour = "white" if shares[row][column] > 0.55 else "black"
            axes.text(column, row, f"{count}", ha="center", va="center", color=colour)
