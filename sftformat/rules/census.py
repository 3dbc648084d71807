"""The whole data set as set rules see it: the tallies of all units as one, whatever the cuts between them were."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sftformat.record import SPLITS, Place
from sftformat.rules.count import Count, merged
from sftformat.rules.near import Near, Unit
from sftformat.rules.spill import FAMILIES, PLACE, Records, joined, partition_groups, read_repeated
from sftformat.rules.tags import STEPS, Step
from sftformat.rules.tally import LABELS, Summary, spill_path
from sftformat.rules.texts import Indices

#: From records of one partition that share a key with another: the rows found, and for each the row it points at.
Select = Callable[[Records], tuple[Records, Records]]

#: Calls a function for each of some runs of partitions.
Each = Callable[[Sequence[range], Callable[[range], int]], Iterator[int]]

_Name = TypeVar("_Name", str, Step)
_PAIR = np.dtype([("later", PLACE), ("first", PLACE), ("name", "S64")])
_READ_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the data set: its unit, its index among the kept rows of the unit, its split and its place."""

    unit: int
    row: int
    split: str
    place: Place


@dataclass(frozen=True, slots=True)
class Pair:
    """A row that was found and the earlier row that it points at; `name` is the group's, where there is one."""

    later: Row
    first: Row
    name: str


def _alone(items: Sequence[range], work: Callable[[range], int]) -> Iterator[int]:
    return map(work, items)


class Census:
    """The data set of all summaries. `locked` is the label map the user gave, None without one.

    `each` calls a function that can be pickled for every item, here or in other processes, and gives the results in
    order.
    """

    def __init__(
        self,
        summaries: Sequence[Summary],
        folder: Path,
        task: str,
        locked: Sequence[str] | None = None,
        each: Each = _alone,
    ) -> None:
        self._each = each
        self._summaries = sorted(summaries, key=lambda summary: summary.unit)
        self._folder = folder
        self.task = task
        self.locked = None if locked is None else tuple(locked)
        names = {name for summary in summaries for name in (*summary.splits, *summary.named)}
        self.splits = (*(name for name in SPLITS if name in names), *sorted(names - set(SPLITS)))
        self._kept: dict[tuple[str, int], int] = {}
        self._runs_written = 0
        self._files: dict[str, int] = {}
        for summary in self._summaries:
            for name in summary.files:
                self._files.setdefault(name, len(self._files))

    @cached_property
    def rows(self) -> dict[str, Count]:
        """The rows of each split that has some."""
        return merged([summary.rows for summary in self._summaries])

    @property
    def total(self) -> int:
        """The number of rows of the data set."""
        return sum(count.rows for count in self.rows.values())

    @cached_property
    def labelled(self) -> dict[str, int]:
        """The number of rows with a target, by split."""
        return {name: sum(summary.labelled.get(name, 0) for summary in self._summaries) for name in self.splits}

    @cached_property
    def labels(self) -> dict[str, dict[str, Count]]:
        """The labels of each split, in the order of the data; empty when there are too many (`overflow`)."""
        if self.overflow:
            return {}
        return {name: merged([summary.labels.get(name, {}) for summary in self._summaries]) for name in self.splits}

    @cached_property
    def all_labels(self) -> dict[str, Count]:
        """The labels of all splits together, in the order of the data."""
        found = merged([self.labels.get(name, {}) for name in self.splits])
        return dict(sorted(found.items(), key=lambda item: (item[1].unit, item[1].row, item[0])))

    @cached_property
    def tag_steps(self) -> dict[Step, Count]:
        """How often one tag follows another, in the order of the data; empty when there are too many (`STEPS`)."""
        if any(len(summary.tag_steps) > STEPS for summary in self._summaries):
            return {}
        found = merged([summary.tag_steps for summary in self._summaries])
        found = dict(sorted(found.items(), key=lambda item: (item[1].unit, item[1].row)))
        return found if len(found) <= STEPS else {}

    @cached_property
    def overflow(self) -> bool:
        """Whether there are more labels than are counted (LABELS)."""
        distinct: set[str] = set()
        for summary in self._summaries:
            distinct.update(name for labels in summary.labels.values() for name in labels)
            if summary.overflow or len(distinct) > LABELS:
                return True
        return False

    @cached_property
    def learned_from(self) -> tuple[str, dict[str, Count]]:
        """The labels that a model learns from, and their split: train where it has labels, else "" and all splits."""
        train = self.labels.get("train", {})
        return ("train", train) if train else ("", self.all_labels)

    def pairs(self, family: str, select: Select) -> Iterator[Pair]:
        """Return what `select` finds in the partitions of a family, in the order of the rows found.

        All partitions are looked at before this returns, one at a time; what is found waits on disk.
        """
        runs = []
        for records in self._repeats(family):
            later, first = select(records)
            if len(later):
                runs.append(self._write_run(later, first))
        return (self._pair(*values) for values in heapq.merge(*(_read_run(path) for path in runs), key=_order))

    def near(self, similarity: float, across: bool) -> Iterator[Pair]:
        """Return the rows whose input is nearly that of an earlier row, at least as alike as asked for, in their order.

        `across`: of an earlier split, else of the same split. `name` of a pair is how alike they are, from 0 to 1.
        """
        assert all("near" in summary.index for summary in self._summaries), "the tallies did not look for near texts"
        units = [Unit(each.unit, each.index["near"], *self._numbers(each)) for each in self._summaries]
        found = Near(self._folder, units, similarity, across)
        runs = []
        for partition in range(self._summaries[0].partitions if self._summaries else 0):
            later, first = found.found(partition)
            if len(later):
                runs.append(self._write_run(later, first))
        merged = heapq.merge(*(_read_run(path) for path in runs), key=_order)
        return (self._pair(*_first_of(group)) for _, group in groupby(merged, key=_order))

    def _numbers(self, summary: Summary) -> tuple[Indices, Indices]:
        """The numbers of a unit's files and splits in the whole data set."""
        files = np.array([self._files[name] for name in summary.files], np.int64)
        return files, np.array([self.splits.index(name) for name in summary.splits], np.int64)

    def _write_run(self, later: Records, first: Records) -> Path:
        found = np.zeros(len(later), _PAIR)
        for name, _ in PLACE:
            found["later"][name], found["first"][name] = later[name], first[name]
        if "name" in (later.dtype.names or ()):
            found["name"] = later["name"]
        found = found[np.lexsort((found["later"]["row"], found["later"]["unit"]))]
        self._runs_written += 1
        path = self._folder / f"found-{self._runs_written:06d}.pairs"
        path.write_bytes(found.tobytes())
        return path

    def _pair(self, later: Sequence[int], first: Sequence[int], name: bytes) -> Pair:
        return Pair(self._row(*later), self._row(*first), name.decode("utf-8", "ignore"))

    def _row(self, unit: int, row: int, file: int, split: int, line: int, byte: int) -> Row:
        return Row(unit, row, self.splits[split], Place(self._file_names[file], line, byte if byte >= 0 else None))

    @cached_property
    def _file_names(self) -> list[str]:
        return list(self._files)

    def _repeats(self, family: str) -> Iterator[Records]:
        """The records whose key stands more than once, some partitions at a time; looked for once, then kept beside."""
        if not any(summary.index[family] for summary in self._summaries):
            return
        partitions = self._summaries[0].partitions
        assert all(summary.partitions == partitions for summary in self._summaries)
        groups = partition_groups([summary.index[family] for summary in self._summaries], partitions)
        units = [Unit(each.unit, each.index[family], *self._numbers(each)) for each in self._summaries]
        look = _Look(self._folder, family, units)
        new = [group for group in groups if (family, group.start) not in self._kept]
        counts = iter(self._each(new, look))
        for group in groups:
            if (family, group.start) not in self._kept:
                self._kept[family, group.start] = next(counts)
            if self._kept[family, group.start]:
                yield np.fromfile(look.path(group), FAMILIES[family])


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks for the records of a run of partitions that share a key, in any process; they wait in a file."""

    folder: Path
    family: str
    units: Sequence[Unit]

    def path(self, group: range) -> Path:
        return self.folder / f"{self.family}-{group.start:04d}.repeats"

    def __call__(self, group: range) -> int:
        """Write the records, files and splits numbered for the whole data set; return how many they are."""
        spills = [(spill_path(self.folder, each.unit, self.family), each.index) for each in self.units]
        parts = read_repeated(spills, self.family, group)
        for each, records in zip(self.units, parts, strict=True):
            if len(records):
                records["file"], records["split"] = each.files[records["file"]], each.splits[records["split"]]
                records["unit"] = each.unit  # it may have had another number when they were written
        found = joined(parts, self.family)
        if len(found):
            self.path(group).write_bytes(found.tobytes())
        return len(found)


def _order(values: tuple[Any, ...]) -> tuple[int, int]:
    return values[0][0], values[0][1]


def _first_of(group: Iterator[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Of the pairs of one row the one whose other row comes first: by split, then in the order of the data."""
    return min(group, key=lambda values: (values[1][3], values[1][0], values[1][1]))


def _read_run(path: Path) -> Iterator[tuple[Any, ...]]:
    total = path.stat().st_size // _PAIR.itemsize
    for start in range(0, total, _READ_AT_ONCE):  # opened for each piece: there may be more runs than file handles
        yield from np.fromfile(path, _PAIR, _READ_AT_ONCE, offset=start * _PAIR.itemsize).tolist()
    path.unlink()
