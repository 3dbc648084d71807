"""Repairs on the terminal: how many of each and the first places, or every one of them as a unified diff."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from unicodedata import normalize

from rich.text import Text

from sftformat.dataset.fixes import NAME as FIXED
from sftformat.diagnostics import clip, visible
from sftformat.repairs import REPAIRS
from sftformat.repairs.repair import Repaired
from sftformat.report.findings import SHOWN
from sftformat.report.screen import Screen, count

#: What the diff shows of a line: so much before the first change, so much in all.
LEAD, WIDTH = 40, 160
#: Labels and keys are shown in quotes, so that their blanks are seen.
_QUOTED = frozenset({FIXED, *(each.name for each in REPAIRS if each.scope != "text")})
_STYLES = {"-": "red", "+": "green", "@": "cyan"}


@dataclass(slots=True)
class RepairDigest:
    """What has been repaired so far, bounded: how often each repair was made, its first places, in how many rows."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[Repaired]] = field(default_factory=dict)
    rows: int = 0
    last: tuple[str, int, int | None] | None = None

    def add(self, made: Repaired) -> None:
        """Take one repair in."""
        key = f"{made.code} {made.name}"
        self.counts[key] += 1
        places = self.first.setdefault(key, [])
        if len(places) < SHOWN:
            places.append(made)
        if self.last != (here := (made.file, made.line, made.byte)):
            self.rows, self.last = self.rows + 1, here

    def words(self, verb: str = "Made", before: int = 0) -> str:
        """Return how much was repaired, in one line; `before` are repairs that the data set read brought along."""
        total, earlier = self.counts.total(), f" (and {before:,} when the data set was made)" if before else ""
        if not total:
            return f"{verb} no repairs{earlier}."
        kinds = ", ".join(f"{key.split()[1]} {number:,}" for key, number in sorted(self.counts.items()))
        return f"{verb} {count(total, 'repair')} in {count(self.rows, 'row')}{earlier}: {kinds}."


def show_repairs(where: Screen, digest: RepairDigest, path: Callable[[str], str]) -> None:
    """Print the repairs grouped by kind, with the first places of each; `path` leads to an input from here."""
    for key in sorted(digest.first):
        where.show(Text.assemble((visible(key), "bold green"), f"  {digest.counts[key]:,} repaired"))
        for made in digest.first[key]:
            place, shown = visible(f"{path(made.file)}:{made.line}"), visible(f"  {made.path}{_change(made)}")
            where.out.print(Text("  ").append(place, "bold").append(shown), soft_wrap=True)
        more = digest.counts[key] - len(digest.first[key])
        if more > 0:
            where.out.print(Text(f"  … and {more:,} more", "dim"))


def _change(made: Repaired) -> str:
    """Return what changed, in quotes; nothing where the values are not shown."""
    if made.before == made.after:
        return ""
    before, after = _around(*_in_quotes(made.before, made.after))
    return f": {clip(before, 80)} → {clip(after, 80)}"


def _in_quotes(before: str, after: str) -> tuple[str, str]:
    """Return two values in quotes, with escapes where they would look the same."""
    alike = normalize("NFC", before) == normalize("NFC", after)
    return json.dumps(before, ensure_ascii=alike), json.dumps(after, ensure_ascii=alike)


class Diff:
    """Prints repairs as a unified diff while they come: a header a row, a hunk a value. Call `close` at the end.

    Repairs whose values are not to be shown come as hunks without lines. `path` leads to an input from here.
    """

    def __init__(self, where: Screen, path: Callable[[str], str]) -> None:
        self.where, self.path = where, path
        self.held: list[Repaired] = []
        self.row: tuple[str, int, int | None] | None = None

    def add(self, made: Repaired) -> None:
        """Take one repair in; all of one value come one after the other."""
        if self.held and _value(self.held[0]) != _value(made):
            self.close()
        self.held.append(made)

    def close(self) -> None:
        """Print what is held."""
        if not self.held:
            return
        first = self.held[0]
        if self.row != (first.file, first.line, first.byte):
            self.row = first.file, first.line, first.byte
            for mark in ("---", "+++"):
                self._print(f"{mark} {self.path(first.file)}:{first.line}", "bold")
        for line in hunk(self.held):
            self._print(line, _STYLES.get(line[0], ""))
        self.held = []

    def _print(self, line: str, style: str) -> None:
        self.where.out.print(Text(visible(line), style), soft_wrap=True)


def _value(made: Repaired) -> tuple[str, int, int | None, str]:
    return made.file, made.line, made.byte, made.path


def hunk(made: Sequence[Repaired]) -> Iterator[str]:
    """Yield the lines of the hunk for all repairs of one value: its place in the row, their names, before and after."""
    names = dict.fromkeys(f"{each.code} {each.name}" for each in made)
    before, after = made[0].before, made[-1].after
    if before == after:
        yield f"@@ … @@ {made[0].path}  {', '.join(names)}"
        return
    if made[0].name in _QUOTED:
        before, after = _in_quotes(before, after)
    lines = list(unified_diff(before.split("\n"), after.split("\n"), n=1, lineterm=""))[2:]
    for start, stop in _runs(lines):
        removed = [line for line in lines[start:stop] if line[0] == "-"]
        added = [line for line in lines[start:stop] if line[0] == "+"]
        if removed and len(removed) == len(added):
            pairs = [_around(old, new) for old, new in zip(removed, added, strict=True)]
            yield from (old for old, _ in pairs)
            yield from (new for _, new in pairs)
        elif lines[start][0] == "@":
            yield f"{lines[start]} {made[0].path}  {', '.join(names)}"
        else:
            yield from (clip(line, WIDTH) for line in lines[start:stop])


def _runs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of each run of changed lines, and of each other line by itself."""
    start = 0
    while start < len(lines):
        stop = start + 1
        while lines[start][0] in "-+" and stop < len(lines) and lines[stop][0] in "-+":
            stop += 1
        yield start, stop
        start = stop


def _around(before: str, after: str) -> tuple[str, str]:
    """Return two lines, each cut to what stands around their first difference; a mark at the start of both stays."""
    same = next((at for at, (old, new) in enumerate(zip(before[1:], after[1:], strict=False)) if old != new), None)
    same = min(len(before), len(after)) - 1 if same is None else same
    skip = max(0, same - LEAD)
    if not skip or max(len(before), len(after)) <= WIDTH:
        return clip(before, WIDTH), clip(after, WIDTH)
    return clip(f"{before[0]}…{before[1 + skip :]}", WIDTH), clip(f"{after[0]}…{after[1 + skip :]}", WIDTH)
