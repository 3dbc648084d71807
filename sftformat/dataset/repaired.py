"""What was repaired in a data set: the one form of each label, found over all units, and the record of all repairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sftformat.dataset.options import DatasetOptions
from sftformat.dataset.standing import KEYS, UnitResult
from sftformat.dataset.unit import Job, work
from sftformat.folder.files import remove, write_file
from sftformat.folder.manifest import read_manifest
from sftformat.plan import Plan
from sftformat.record import encode_json
from sftformat.repairs import label_form
from sftformat.repairs.repair import Repaired
from sftformat.rules.census import Census
from sftformat.rules.rule import LABEL_TASKS
from sftformat.workers import run

#: The file of a data set folder that holds a line for every repair.
REPAIRS = "repairs.jsonl"

_Dropped = Mapping[int, np.ndarray[Any, np.dtype[np.int64]]]


def in_one_form(results: list[UnitResult], jobs: Sequence[Job], options: DatasetOptions, workers: int) -> None:
    """Work again on the units that hold a label in another form than that of most rows, and take their new results.

    The labels of all units are counted before, so no unit needs to know the others; most data needs no second look.
    """
    summaries = [result.summary for result in results if result.summary is not None]
    if not results or jobs[0].task not in LABEL_TASKS or not options.repairs().of("form"):
        return
    census = Census(summaries, jobs[0].folder.parent / KEYS, jobs[0].task)
    rows = {label: count.rows for label, count in census.all_labels.items()}
    forms = label_form.forms(rows, options.settings.labels or ())
    again = [number for number, result in enumerate(results) if _holds_any(result, forms)]
    left = _limits(results, options.limit)
    for number in again:
        remove(results[number].folder)
    todo = [replace(jobs[results[number].unit.index], forms=forms, limit=left[number]) for number in again]
    for number, result in zip(again, run(todo, work, workers), strict=True):
        results[number] = result


def _holds_any(result: UnitResult, forms: Mapping[str, str]) -> bool:
    labels = result.summary.labels.values() if result.summary is not None else ()
    return any(not forms.keys().isdisjoint(counts) for counts in labels)


def _limits(results: Sequence[UnitResult], limit: int | None) -> list[int | None]:
    """Return how many records each unit was to read."""
    if limit is None:
        return [None] * len(results)
    before = np.cumsum([0, *(result.read for result in results)])
    return [limit - int(count) for count in before[:-1]]


def repairs_of(results: Sequence[UnitResult], dropped: _Dropped) -> Iterator[Repaired]:
    """Yield what was repaired in the rows that are written, in the order of the data."""
    for result in results:
        gone = set(dropped[result.unit.index].tolist()) if result.unit.index in dropped else set()
        with open(result.folder / REPAIRS, "rb") as file:
            for line in file:
                fields = msgspec.json.decode(line)
                if fields.pop("row") not in gone:
                    yield Repaired(**fields)


def write_repairs(found: Plan, results: Sequence[UnitResult], dropped: _Dropped, folder: Path) -> None:
    """Write a line for every repair, after those that a data set that is read brings along. No repairs, no file."""
    before = inherited(found)
    first = next(repairs_of(results, dropped), None)
    if first is None and not before:
        return

    def write(beside: Path) -> None:
        with open(beside, "xb") as file:
            if before:
                file.write((found.inputs[0].path.parent / REPAIRS).read_bytes())
            file.writelines(encode_json(each.to_json()) + b"\n" for each in repairs_of(results, dropped))

    write_file(folder / REPAIRS, write)


def inherited(found: Plan) -> dict[str, int]:
    """Return the counts of the repairs that were made before, where a data set of ours is read."""
    first = found.inputs[0]
    counts: dict[str, int] = read_manifest(first.path.parent, "dataset").get("repairs", {}) if first.canonical else {}
    return counts
