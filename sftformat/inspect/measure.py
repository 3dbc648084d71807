"""One unit of input, counted: in any process, and what comes back is small."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sftformat.check import Summary, Tally
from sftformat.dataset.options import DatasetOptions
from sftformat.dataset.rejected import canonical_rows
from sftformat.dataset.unit import Job as UnitJob
from sftformat.dataset.unit import canonical_batches, first_of
from sftformat.errors import InputError
from sftformat.formats import read
from sftformat.inputs import Input
from sftformat.inspect.lengths import Histogram, characters, count, tokens
from sftformat.inspect.section import First, present
from sftformat.layouts.bind import compiled
from sftformat.layouts.layout import Binding, Pointer, render
from sftformat.normalize import ColumnTypes, count_types, normalize
from sftformat.plan import Unit
from sftformat.record import JSON_TYPES, Batch, Record, Reject
from sftformat.split import with_split
from sftformat.tokenize.load import Reference
from sftformat.validate import validate

#: Of records without a layout so many columns are told, and members of objects so deep.
MAX_COLUMNS, MAX_DEPTH = 200, 4


@dataclass(frozen=True, slots=True)
class Job:
    """One unit and how to look at it; it can be pickled. `binding` is None where the layout is not clear.

    `folder` is that of the tallies of its section. `first` rows are kept to be shown.
    """

    options: DatasetOptions
    unit: Unit
    source_input: Input
    binding: Binding | None
    folder: Path
    reference: Reference | None
    first: int
    limit: int | None


@dataclass(slots=True)
class Measured:
    """What a unit came to. `scores` counts targets of regression, rounded to four digits.

    `damage` says why reading ended before the end.
    """

    unit: Unit
    read: int = 0
    fitting: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    blank_lines: int = 0
    types: ColumnTypes = field(default_factory=dict)
    characters: dict[str, Histogram] = field(default_factory=dict)
    tokens: dict[str, Histogram] = field(default_factory=dict)
    scores: Counter[float] = field(default_factory=Counter)
    first: list[First] = field(default_factory=list)
    summary: Summary | None = None
    damage: str = ""


def measure(job: Job) -> Measured:
    """Read a unit to its end, to the limit, or to where it is damaged, and count."""
    if parent_process() is not None:  # the tokenizer's own threads would be in the way of the processes beside
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
    made = Measured(job.unit)
    binding = _compiled(job.binding)
    tally = Tally(job.folder, job.unit.index, binding.layout.task) if binding is not None else None
    try:
        for batch, rows in _batches(job, binding, made):
            made.fitting += len(batch)
            _count(made, job, tally, batch, rows)
    except InputError as error:
        made.damage = str(error)
    made.summary = tally.finish() if tally is not None else None
    return made


def _count(made: Measured, job: Job, tally: Tally | None, batch: Batch, rows: pa.RecordBatch | None) -> None:
    if rows is None:
        _keep_first(made, job, batch, batch.records)
        return
    _keep_first(made, job, batch, [present(row) for row in rows[: job.first].to_pylist()])
    _count_rows(made, job, rows)
    if tally is not None:
        tally.add(rows)


def _compiled(binding: Binding | None) -> Binding | None:
    if binding is None or binding.layout.name == "canonical":
        return binding
    schema = compiled(binding.layout, binding.at, binding.captures)
    return replace(binding, compiled=schema)


def _batches(job: Job, binding: Binding | None, made: Measured) -> Iterator[tuple[Batch, pa.RecordBatch | None]]:
    """Yield the records that fit and their canonical rows, or without a layout all records; count what they were."""
    if job.source_input.canonical and binding is not None:
        own = UnitJob(job.options, job.unit, job.source_input, binding, job.folder)
        for step in canonical_batches(own):
            made.read += len(step.batch)
            count_types(step.batch, made.types)
            yield step.batch, step.rows
        return
    left = job.limit
    for batch in read(job.unit.source, job.options.read):
        if left is not None:
            batch = first_of(batch, left)
            left -= len(batch) + len(batch.rejects)
        made.read += len(batch) + len(batch.rejects)
        made.blank_lines += batch.blank_lines
        _count_rejects(made, batch.rejects)
        count_types(batch, made.types, binding)
        if binding is None:
            _count_members(batch, made.types)
        yield _canonical(batch, binding, job, made) if binding is not None else (batch, None)
        if left is not None and left <= 0:
            return


def _canonical(batch: Batch, binding: Binding, job: Job, made: Measured) -> tuple[Batch, pa.RecordBatch]:
    origin = job.unit.source.origin
    if origin is not None and origin.task is not None:
        fitting, rows, rejects = canonical_rows(batch, origin.task)
    else:
        fitting, rejects = validate(batch, binding)
        rows = normalize(fitting, binding, job.source_input.split)
    _count_rejects(made, rejects)
    return fitting, with_split(rows, [split or "train" for split in rows.column("split").to_pylist()])


def _count_members(batch: Batch, types: ColumnTypes) -> None:
    """Count the types of what stands inside objects, under its pointer: one of them may be the text that is meant."""
    waiting: list[tuple[Pointer, Any]] = [
        ((key,), value) for record in batch.records for key, value in record.items() if type(value) is dict
    ]
    while waiting:
        pointer, value = waiting.pop()
        for key, item in value.items():
            here = (*pointer, key)
            name = render(here)
            if name in types or len(types) < MAX_COLUMNS:
                types.setdefault(name, Counter())[JSON_TYPES[type(item)]] += 1
                if type(item) is dict and len(here) < MAX_DEPTH:
                    waiting.append((here, item))


def _count_rejects(made: Measured, rejects: Sequence[Reject]) -> None:
    made.rejected.update(each.diagnostics[0].code for each in rejects)


def _keep_first(made: Measured, job: Job, batch: Batch, rows: Sequence[Record]) -> None:
    left = job.first - len(made.first)
    for index in range(min(left, len(batch))):
        row, file, line = rows[index], batch.file_of(index), batch.lines[index]
        if job.binding is not None:
            file, line = row["source"]["file"], row["source"]["line"]
        made.first.append(First(file, line, row))


def _count_rows(made: Measured, job: Job, rows: pa.RecordBatch) -> None:
    assert job.binding is not None
    task = job.binding.layout.task
    count(made.characters, characters(rows, task))
    if job.reference is not None:
        count(made.tokens, tokens(rows, task, job.reference))
    if task == "regression":
        values, times = np.unique(rows.column("target").drop_null().to_numpy(), return_counts=True)
        for value, rows_of_it in zip(values.tolist(), times.tolist(), strict=True):
            made.scores[float(f"{value:.4g}")] += rows_of_it
