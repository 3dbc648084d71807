"""How often something occurs and where: its first place, and a few of those that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from sftformat.record import Place
from sftformat.rules.texts import Indices

#: Places that are kept besides the first.
LATER = 4

_Name = TypeVar("_Name")
#: A place and its order in the input: unit, and row of the unit.
At = tuple[int, int, Place]


@dataclass(slots=True)
class Count:
    """How often something occurs, its first place in input order (unit, then row of the unit), and some later ones."""

    rows: int
    unit: int
    row: int
    split: str
    place: Place
    later: list[At] = field(default_factory=list)

    def also(self) -> str:
        """Return where else it occurs, for the end of a message: `; also in lines 15, 22 and more`, or nothing."""
        lines = [place.line for _, _, place in self.later if place.file == self.place.file]
        lines = list(dict.fromkeys(line for line in lines if line > self.place.line))
        if not lines:
            return ""
        more = " and more" if self.rows > 1 + len(lines) else ""
        return f"; also in line{'s' if len(lines) > 1 or more else ''} {', '.join(map(str, lines))}{more}"


def merged(parts: Sequence[Mapping[_Name, Count]]) -> dict[_Name, Count]:
    """Return the counts of several parts of the data together."""
    found: dict[_Name, list[Count]] = {}
    for part in parts:
        for name, count in part.items():
            found.setdefault(name, []).append(count)
    return {name: _sum(counts) for name, counts in found.items()}


def _sum(counts: Sequence[Count]) -> Count:
    first = min(counts, key=lambda each: (each.unit, each.row))
    places = [at for each in counts for at in ((each.unit, each.row, each.place), *each.later)]
    later = sorted(places, key=lambda at: at[:2])[1 : LATER + 1]
    return Count(sum(each.rows for each in counts), first.unit, first.row, first.split, first.place, later)


def tallied(codes: Indices, size: int) -> Indices:
    """The codes that stand there, all below `size`, in ascending order: each, its first index and how often it does."""
    if size > 2 * len(codes) + 64:  # most of them would be looked at in vain
        return np.stack(np.unique(codes, return_index=True, return_counts=True), 1)
    counts, first = np.bincount(codes, minlength=size), np.zeros(size, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    found = np.flatnonzero(counts)
    return np.stack((found, first[found], counts[found]), 1)
