"""One unit of input through the straight line: read, validate, normalize, split, check. Runs in any process.

Whatever grows with the data goes to files in the unit's own folder: canonical rows, `rejects.jsonl`,
`diagnostics.jsonl`, `repairs.jsonl` and what the tally spills. What comes back is small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sftformat.check import Settings, Tally, View, active, check_rows, inner_marks, near_similarity, told
from sftformat.dataset.fixes import fix_rows, fixes_for
from sftformat.dataset.key import part_key
from sftformat.dataset.names import count_names
from sftformat.dataset.options import DatasetOptions
from sftformat.dataset.output import Output, Step
from sftformat.dataset.rejected import canonical_rows, read_as
from sftformat.dataset.standing import KEYS, UnitResult, keep, taken_over
from sftformat.diagnostics import Diagnostic, Severity
from sftformat.errors import InputError, UsageError
from sftformat.folder.files import remove
from sftformat.formats import read
from sftformat.inputs import Input
from sftformat.layouts.bind import compiled
from sftformat.layouts.layout import Binding
from sftformat.layouts.reader import source_pointer
from sftformat.normalize import count_types, normalize
from sftformat.plan import Unit
from sftformat.record import Batch, Reject, encode_json
from sftformat.repair import Wanted, repair_keys, repair_rows, still_found
from sftformat.rules.rule import Rule
from sftformat.schema.arrow import arrow_schema
from sftformat.split import assign, positions, split_counts, with_split
from sftformat.validate import validate, without

#: Rows of canonical Parquet that are worked on at once.
BATCH_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Need:
    """What comes of the rows of a unit: kept, or only looked at by rules, or only counted by split.

    `in_order` says that they are looked at again when all units are done, so they are not yet apart by split.
    `fields` are the canonical fields that are looked at, None all of them. Without `ids` no row was given one.
    """

    kept: bool = True
    in_order: bool = False
    checked: bool = True
    fields: frozenset[str] | None = None
    ids: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """What every unit of a run needs to know; it can be pickled. `binding` is that of the unit's input.

    `forms` says for labels that are to be written in another form which one that is (see `repairs.label_form`).
    `key` is that of the whole unit where it is kept and may have been, in one of the `stores`; "" where it is not.
    """

    options: DatasetOptions
    unit: Unit
    source_input: Input
    binding: Binding
    folder: Path
    limit: int | None = None
    need: Need = field(default_factory=Need)
    forms: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    stores: tuple[Path, ...] = ()

    @property
    def task(self) -> str:
        return self.binding.layout.task


def work(job: Job) -> UnitResult:
    """Bring one unit from bytes to checked canonical rows, or take it over from an earlier run.

    Raises:
        InputError: the input is damaged as a whole.
        UsageError: rows have a split already and another one was asked for.
    """
    remove(job.folder)
    known = _known(job) if job.key else None
    if known is not None:
        return known
    job.folder.mkdir(parents=True)
    result = UnitResult(job.unit, job.folder, read_as(job.source_input, job.unit.source, job.task))
    tally = new_tally(job)
    rules = active(job.options.settings, job.task)
    how = {"kept": job.need.kept, "in_order": job.need.in_order, "keep_raw": job.options.drop_duplicates}
    with Output(job.folder, job.task, result.read_as, **how) as output:
        for step in _batches(job, result):
            checked, kept = _checked(job, rules, step)
            output.write(checked, kept, step)
            if job.need.checked:
                tally.add(checked)
            result.splits.update(split_counts(checked))
            result.filtered += sum(reject.reason == "filtered" for reject in step.rejects)
            result.rejected += sum(reject.reason != "filtered" for reject in step.rejects)
            result.rows += checked.num_rows
            result.read += checked.num_rows + len(step.rejects)
            for reject in (each for each in step.rejects if each.reason != "filtered"):
                result.rejected_by_code[reject.diagnostics[0].code] += 1
    result.summary = tally.finish()
    if job.key and job.source_input.unchanged():
        keep(result, part_key(job.key, _cut(job, result.read), job.forms), job.stores[0])
    return result


def _known(job: Job) -> UnitResult | None:
    """Return what an earlier run has made of the unit: of all of it where no limit cuts it, else up to the limit."""
    whole = taken_over(job.unit, job.folder, part_key(job.key, None, job.forms), job.stores, below=job.limit)
    if whole is not None or job.limit is None:
        return whole
    return taken_over(job.unit, job.folder, part_key(job.key, job.limit, job.forms), job.stores)


def _cut(job: Job, read: int) -> int | None:
    """Return the limit if it may have cut the unit, of which so many records were read."""
    return job.limit if job.limit is not None and read >= job.limit else None


@dataclass(frozen=True, slots=True)
class Unread:
    """A unit that could not be read to its end: what was found up to there lies in `folder`."""

    folder: Path
    error: InputError


def attempt(job: Job) -> UnitResult | Unread:
    """As `work`, but an input that is damaged as a whole is what comes back, and no error.

    Raises:
        UsageError: rows have a split already and another one was asked for.
    """
    try:
        return work(job)
    except InputError as error:
        return Unread(job.folder, error)


def new_tally(job: Job) -> Tally:
    """Return an empty tally for a unit; the tallies of all units share one folder."""
    keys = job.folder.parent / KEYS
    keys.mkdir(exist_ok=True)
    named = [job.source_input.split] if job.source_input.split else []
    if job.options.fractions is not None:
        named += [split for split, share in asdict(job.options.fractions).items() if share]
    near = near_similarity(active(job.options.settings, job.task))
    return Tally(keys, job.unit.index, job.task, splits=named, near=near, ids=job.need.ids)


def _batches(job: Job, result: UnitResult) -> Iterator[Step]:
    """Yield the batches of a unit, their rows normalized and repaired."""
    how = replace(job.options.repairs(), forms=job.forms)
    if job.source_input.canonical:
        yield from canonical_batches(job, how)
        return
    schema = compiled(job.binding.layout, job.binding.at, job.binding.captures)
    binding = replace(job.binding, compiled=schema)
    left, fixes = job.limit, fixes_for(job.options.fixes, job.task)
    for batch in read(job.unit.source, job.options.read):
        if left is not None:
            batch = first_of(batch, left)
            left -= len(batch) + len(batch.rejects)
        result.blank_lines += batch.blank_lines
        result.header = batch.header or result.header
        batch, keys = repair_keys(batch, how)
        if result.read_as.task is not None:
            fitting, rows, rejects = canonical_rows(batch, job.task)
        else:
            fitting, rejects = validate(batch, binding)
            count_types(fitting, result.types, binding, result.type_lines)
            count_names(fitting, result.names, binding)
            rows = normalize(fitting, binding, job.source_input.split, job.need.fields)
        rows, repaired = repair_rows(rows, job.task, how)
        rows, fixed = fix_rows(rows, repaired, fixes)
        for index, place in enumerate(zip(fitting.lines, fitting.offsets, strict=True) if keys else ()):
            if place in keys:
                repaired[index] = [*keys[place], *repaired.get(index, ())]
        findings = [*still_found(fitting.diagnostics, fitting, repaired), *fixed]
        yield Step(fitting, rows, [*batch.rejects, *rejects], findings, repaired)
        if left is not None and left <= 0:
            return


def first_of(batch: Batch, count: int) -> Batch:
    """Return the first `count` records and rejects of a batch, in the order of the file."""
    places = sorted(
        [*((line, 0, i) for i, line in enumerate(batch.lines)), *((r.line, 1, i) for i, r in enumerate(batch.rejects))]
    )
    kept = {(kind, index) for _, kind, index in places[:count]}
    dropped = {index for index in range(len(batch)) if (0, index) not in kept}
    rejects = tuple(each for index, each in enumerate(batch.rejects) if (1, index) in kept)
    return replace(without(batch, dropped), rejects=rejects)


def canonical_batches(job: Job, how: Wanted | None = None) -> Iterator[Step]:
    """Read a file of a data set folder of ours: its rows are canonical, and keep their own source."""
    import pyarrow.parquet as pq

    schema, fixes = arrow_schema(job.task), fixes_for(job.options.fixes, job.task)
    source = job.unit.source
    with pq.ParquetFile(source.path, pre_buffer=False) as file:
        groups = [*range(source.start, file.num_row_groups if source.stop is None else source.stop)]
        for rows in file.iter_batches(BATCH_ROWS, row_groups=groups):
            rows = rows.cast(schema)
            plain = rows.to_pylist()
            places = [row["source"] for row in plain]
            batch = Batch(
                job.source_input.name,
                "parquet",
                plain,
                [place["line"] for place in places],
                [place["byte"] for place in places],
                [encode_json(row) for row in plain],
            )
            rows, repaired = repair_rows(rows, job.task, how or Wanted())
            rows, fixed = fix_rows(rows, repaired, fixes)
            yield Step(batch, rows, [], fixed, repaired)


def _checked(job: Job, rules: Sequence[Rule], step: Step) -> tuple[pa.RecordBatch, Sequence[int]]:
    """Give rows their split and run the row rules; rows with an error leave for the rejects.

    Returns:
        the rows that are kept, and the index that each of them had before.
    """
    rows = _split(job, step.rows)
    settings, view = job.options.settings, View(rows, job.task)

    def locate(path: str, row: Callable[[], Mapping[str, Any]]) -> str:
        return source_pointer(path, job.binding, row)

    marked = {(each.file, each.line) for each in step.findings if each.code == "SFT007"}
    step.findings.extend(each for each in inner_marks(view, locate) if (each.file, each.line) not in marked)
    step.findings[:] = [said for each in step.findings if (said := told(each, settings))]
    if settings.thresholds:
        step.rejects[:] = [_told(each, settings) for each in step.rejects]
    wrong: dict[int, list[Diagnostic]] = {}
    for index, found in check_rows(view, rules, locate):
        step.findings.append(found)
        if found.severity is Severity.ERROR:
            wrong.setdefault(index, []).append(found)
    for reject in step.rejects:
        step.findings.extend(reject.diagnostics)
    step.findings.sort(key=lambda each: each.line or 0)
    kept: Sequence[int] = range(rows.num_rows)
    if wrong:
        step.rejects.extend(step.batch.reject(index, tuple(found)) for index, found in sorted(wrong.items()))
        kept = [index for index in kept if index not in wrong]
        rows = rows.take(pa.array(kept, pa.int64()))
    step.rejects.sort(key=lambda each: each.line)
    return rows, kept


def _told(reject: Reject, settings: Settings) -> Reject:
    found = (told(each, settings, costs_row=True) or each for each in reject.diagnostics)
    return replace(reject, diagnostics=tuple(found))


def _split(job: Job, rows: pa.RecordBatch) -> pa.RecordBatch:
    options = job.options
    if options.fractions is None:
        usual = "test" if options.unlabelled else "train"
        own: Any = rows.column("split")
        if own.null_count == len(own):
            return with_split(rows, pa.repeat(pa.scalar(usual, own.type), len(own)))
        return with_split(rows, pc.fill_null(own, usual)) if own.null_count else rows
    given = rows.column("split").to_pylist()
    if not options.resplit and any(given):
        row = next(index for index, split in enumerate(given) if split)
        place = rows.column("source")[row].as_py()
        raise UsageError(
            f"{place['file']}:{place['line']}: belongs to the split {given[row]!r} already; "
            "leave out --split, or split again with --resplit"
        )
    if options.stratify:
        return with_split(rows, [None] * rows.num_rows)
    return with_split(rows, assign(positions(rows, job.task, options.seed), options.fractions))
