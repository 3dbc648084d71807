"""The folder `plots/` of a run or an evaluation: every plot as SVG and, where it is wanted, as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sftformat.folder.files import write_bytes
from sftformat.plots import Plot
from sftformat.png import png
from sftformat.svg import svg

PLOTS = "plots"


def draw(folder: Path, plots: Mapping[str, Plot | None], as_png: bool) -> None:
    """Write the plots that there are into `folder/plots`, by name."""
    for name, plot in plots.items():
        if plot is None:
            continue
        write_bytes(folder / PLOTS / f"{name}.svg", svg(plot).encode())
        if as_png:
            write_bytes(folder / PLOTS / f"{name}.png", png(plot))
