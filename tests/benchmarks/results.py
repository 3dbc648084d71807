"""What the last benchmark came to: kept as JSON, and shown as the tables and the plot of README.md."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sftformat.plots import Chart, Series
from sftformat.svg import svg

from .entrant import OURS, Race

SAVED = Path(__file__).with_name("results.json")
PICTURE = Path(__file__).with_name("results.svg")
#: Packages whose versions are told.
_TOLD = (
    *("sftformat", "pyarrow", "tokenizers", "datasets", "transformers", "torch"),
    *("orjson", "jsonschema-rs", "jsonschema", "frictionless"),
)


@dataclass(frozen=True)
class Line:
    """One entrant of a race at one size: medians of so many turns, in seconds and MiB, and how many times as fast ours
    is, with the least and the most.
    """

    race: str
    entrant: str
    size: int
    turns: int
    seconds: float
    memory: int
    ratio: float
    least: float
    most: float


@dataclass(frozen=True)
class Results:
    """The lines of all races, and in words the machine that they ran on."""

    machine: str
    lines: tuple[Line, ...]

    def over(self, before: Results, races: Iterable[str]) -> Results:
        """Return these with those of the races that they lack, where the machine was the same one.

        Races stand in the order of `races`.
        """
        run = {line.race for line in self.lines}
        kept = [line for line in before.lines if line.race not in run] if before.machine == self.machine else []
        order = list(races)
        return Results(self.machine, tuple(sorted((*self.lines, *kept), key=lambda line: order.index(line.race))))

    def save(self) -> None:
        """Write the results and their plot."""
        SAVED.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        PICTURE.write_text(picture(self), encoding="utf-8")

    @staticmethod
    def load() -> Results:
        """Read what `save` wrote; nothing where it wrote nothing yet."""
        if not SAVED.exists():
            return Results("", ())
        told: dict[str, Any] = json.loads(SAVED.read_text(encoding="utf-8"))
        return Results(told["machine"], tuple(Line(**line) for line in told["lines"]))


def machine() -> str:
    """Return what the machine is, and the versions that ran on it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    versions = ", ".join(f"{name} {found}" for name in _TOLD if (found := _version(name)))
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB of memory, {platform.system()}; "
        f"Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def section(results: Results, races: dict[str, Race]) -> str:
    """Return what README.md says of the results, in Markdown."""
    lines = [
        "Medians, the least and the most ratio in brackets; each turn is a process of its own, and all take turns.",
        "Only ratios mean something elsewhere. `wanted` is what ours is to reach against the fastest peer.",
        "",
        f"Machine: {results.machine}.",
        "",
        "| work | size | turns | against | s | ours, s | MiB | ours, MiB | ours is | wanted |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *_rows(results.lines, races),
        *_growth(results.lines, races),
        "",
        "![How many times as fast as the fastest peer, by size](tests/benchmarks/results.svg)",
        "",
        "In each race:",
        "",
        *(f"- {name}: {races[name].work}." for name in dict.fromkeys(line.race for line in results.lines)),
    ]
    return "\n".join(lines) + "\n"


def _rows(lines: Sequence[Line], races: dict[str, Race]) -> Iterator[str]:
    """Yield for every peer how it did at the largest size that it ran at; the fastest peer is what ours is held to."""
    at = {(line.race, line.size, line.entrant): line for line in lines}
    for (name, entrant), line in {(line.race, line.entrant): line for line in lines}.items():
        if entrant == OURS:
            continue
        ours = at[name, line.size, OURS]
        wanted = f"{races[name].wanted:g}x" if line == fastest(lines, name) else ""
        ratio = f"{line.ratio:.2f}x ({line.least:.2f} to {line.most:.2f})"
        yield (
            f"| {name} | {sized(line, races)} | {line.turns} | {entrant} | {line.seconds:,.2f} | {ours.seconds:,.2f} "
            f"| {line.memory:,} | {ours.memory:,} | {ratio} | {wanted} |"
        )


def _growth(lines: Sequence[Line], races: dict[str, Race]) -> Iterator[str]:
    each: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        each.setdefault((line.race, line.entrant), []).append(line)
    grown = {key: (found[0], found[-1]) for key, found in each.items() if len(found) > 1}
    if grown:
        yield from ("", "How time and memory grow from the smallest size to the largest:", "")
        yield from ("| work | size | by | time | memory |", "|---|---|---|---|---|")
    for (name, entrant), (first, last) in grown.items():
        yield (
            f"| {name} | {sized(first, races)} to {sized(last, races)}: {last.size / first.size:g}x | {entrant} "
            f"| {last.seconds / first.seconds:.1f}x | {last.memory / first.memory:.1f}x |"
        )


def fastest(lines: Sequence[Line], race: str) -> Line:
    """Return the fastest peer at the largest size of a race."""
    largest = max(line.size for line in lines if line.race == race)
    peers = [line for line in lines if line.race == race and line.size == largest and line.entrant != OURS]
    return min(peers, key=lambda line: line.seconds)


def sized(line: Line, races: dict[str, Race]) -> str:
    """Return the size of a line in words."""
    return f"{line.size:,} {races[line.race].unit}"


def verdicts(results: Results, races: dict[str, Race]) -> Iterator[str]:
    """Yield for each race, at its largest size, how ours stands against the fastest peer and what is wanted."""
    for name in dict.fromkeys(line.race for line in results.lines):
        best = fastest(results.lines, name)
        said = "enough" if best.ratio >= races[name].wanted else "too slow"
        yield f"{name}: {best.ratio:.2f} times the speed of {best.entrant}, {races[name].wanted:g} wanted: {said}"


def picture(results: Results) -> str:
    """Return the plot as SVG: how many times as fast as the fastest peer ours is.

    A line for each race of several sizes; a dot for each race where none has several.
    """
    series = []
    for name in dict.fromkeys(line.race for line in results.lines):
        sizes = sorted({line.size for line in results.lines if line.race == name})
        found = [fastest([line for line in results.lines if line.size == size], name) for size in sizes]
        series.append(Series(name, [(line.size / sizes[0], line.ratio) for line in found], dots=True))
    lines = [each for each in series if len(each.points) > 1]
    title = "How many times as fast as the fastest peer"
    x_label = "size, as a multiple of the smallest"
    return svg(Chart(title, x_label, "times as fast", lines or series, log_x=True, log_y=True))
