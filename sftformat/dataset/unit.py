"""One unit of input through the straight line: read, validate, normalize, split, check. Runs in any process.

Whatever grows with the data goes to files in the unit's own folder: `rows.arrow` (canonical rows), `rejects.jsonl`,
`diagnostics.jsonl` and what the tally spills. What comes back is small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sftformat.check import Settings, Summary, Tally, active, check_rows, inner_marks, near_similarity, told
from sftformat.dataset.options import DatasetOptions
from sftformat.diagnostics import Diagnostic, Severity
from sftformat.errors import UsageError
from sftformat.formats import read
from sftformat.layouts.bind import compiled
from sftformat.layouts.layout import Binding, source_pointer
from sftformat.normalize import ColumnTypes, TypeLines, count_types, normalize
from sftformat.plan import Input, Unit
from sftformat.record import Batch, Reject, encode_json, reject_line
from sftformat.rules.rule import Rule
from sftformat.schema.arrow import arrow_schema
from sftformat.split import assign, positions, split_counts, with_split
from sftformat.validate import validate, without

#: Rows of canonical Parquet that are worked on at once.
BATCH_ROWS = 4096
#: The column of `rows.arrow` that keeps the source text of each row, for rows that are dropped later.
RAW = "raw"
#: The folder of the tallies, beside the folders of the units.
KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Need:
    """What comes of the rows of a unit: kept in `rows.arrow`, or only looked at by rules, or only counted by split.

    `fields` are the canonical fields that are looked at, None all of them.
    """

    kept: bool = True
    checked: bool = True
    fields: frozenset[str] | None = None

    @property
    def ids(self) -> bool:
        return self.fields is None or "id" in self.fields


@dataclass(frozen=True, slots=True)
class Job:
    """What every unit of a run needs to know; it can be pickled. `binding` is that of the unit's input."""

    options: DatasetOptions
    unit: Unit
    source_input: Input
    binding: Binding
    folder: Path
    limit: int | None = None
    need: Need = field(default_factory=Need)

    @property
    def task(self) -> str:
        return self.binding.layout.task


@dataclass(slots=True)
class UnitResult:
    """What is left of a unit besides its files: counts of rows, JSON types of columns, and the summary of its tally."""

    unit: Unit
    folder: Path
    read: int = 0
    rejected: int = 0
    rows: int = 0
    splits: Counter[str] = field(default_factory=Counter)
    blank_lines: int = 0
    rejected_by_code: Counter[str] = field(default_factory=Counter)
    types: ColumnTypes = field(default_factory=dict)
    type_lines: TypeLines = field(default_factory=dict)
    header: tuple[str, ...] | None = None
    summary: Summary | None = None


def work(job: Job) -> UnitResult:
    """Bring one unit from bytes to checked canonical rows.

    Raises:
        InputError: the input is damaged as a whole.
        UsageError: rows have a split already and another one was asked for.
    """
    job.folder.mkdir(parents=True)
    result = UnitResult(job.unit, job.folder)
    tally = new_tally(job)
    rules = active(job.options.settings, job.task)
    with _Output(job) as output:
        for batch, rows, rejects, findings in _batches(job, result):
            checked = _checked(job, rules, batch, rows, findings, rejects)
            output.write(checked, batch, rejects, findings)
            if job.need.checked:
                tally.add(checked)
            result.splits.update(split_counts(checked))
            result.rejected += len(rejects)
            result.rows += checked.num_rows
            result.read += checked.num_rows + len(rejects)
            for reject in rejects:
                result.rejected_by_code[reject.diagnostics[0].code] += 1
    result.summary = tally.finish()
    return result


def new_tally(job: Job) -> Tally:
    """Return an empty tally for a unit; the tallies of all units share one folder."""
    keys = job.folder.parent / KEYS
    keys.mkdir(exist_ok=True)
    named = [job.source_input.split] if job.source_input.split else []
    if job.options.fractions is not None:
        named += [split for split, share in asdict(job.options.fractions).items() if share]
    near = near_similarity(active(job.options.settings, job.task))
    return Tally(keys, job.unit.index, job.task, splits=named, near=near, ids=job.need.ids)


_Step = tuple[Batch, pa.RecordBatch, list[Reject], list[Diagnostic]]


def _batches(job: Job, result: UnitResult) -> Iterator[_Step]:
    """Yield for each batch the records that fit, their canonical rows, the rejects so far and the findings so far."""
    if job.source_input.canonical:
        yield from canonical_batches(job)
        return
    schema = compiled(job.binding.layout, job.binding.at, job.binding.captures)
    binding = replace(job.binding, compiled=schema)
    left = job.limit
    for batch in read(job.unit.source, job.options.read):
        if left is not None:
            batch = first_of(batch, left)
            left -= len(batch) + len(batch.rejects)
        result.blank_lines += batch.blank_lines
        result.header = batch.header or result.header
        fitting, rejects = validate(batch, binding)
        count_types(fitting, result.types, binding, result.type_lines)
        rows = normalize(fitting, binding, job.source_input.split, job.need.fields)
        yield fitting, rows, [*batch.rejects, *rejects], list(batch.diagnostics)
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


def canonical_batches(job: Job) -> Iterator[_Step]:
    """Read a file of a data set folder of ours: its rows are canonical, and keep their own source."""
    schema = arrow_schema(job.task)
    with pq.ParquetFile(job.unit.source.path) as file:
        for rows in file.iter_batches(BATCH_ROWS):
            rows = rows.cast(schema)
            plain = rows.to_pylist()
            places = [row["source"] for row in plain]
            yield (
                Batch(
                    job.source_input.name,
                    "parquet",
                    plain,
                    [place["line"] for place in places],
                    [place["byte"] for place in places],
                    [encode_json(row) for row in plain] if job.options.drop_duplicates else [b""] * len(plain),
                ),
                rows,
                [],
                [],
            )


def _checked(
    job: Job,
    rules: Sequence[Rule],
    batch: Batch,
    rows: pa.RecordBatch,
    findings: list[Diagnostic],
    rejects: list[Reject],
) -> pa.RecordBatch:
    """Give rows their split and run the row rules; rows with an error leave for the rejects."""
    rows = _split(job, rows)
    settings = job.options.settings

    def locate(path: str, row: Callable[[], Mapping[str, Any]]) -> str:
        return source_pointer(path, job.binding, row)

    marked = {each.line for each in findings if each.code == "SFT007"}
    findings.extend(each for each in inner_marks(rows, job.task, locate) if each.line not in marked)
    findings[:] = [said for each in findings if (said := told(each, settings))]
    if settings.thresholds:
        rejects[:] = [_told(each, settings) for each in rejects]
    wrong: dict[int, list[Diagnostic]] = {}
    for index, found in check_rows(rows, job.task, rules, locate):
        findings.append(found)
        if found.severity is Severity.ERROR:
            wrong.setdefault(index, []).append(found)
    for reject in rejects:
        findings.extend(reject.diagnostics)
    findings.sort(key=lambda each: each.line or 0)
    if wrong:
        rejects.extend(batch.reject(index, tuple(found)) for index, found in sorted(wrong.items()))
        kept = [index for index in range(rows.num_rows) if index not in wrong]
        rows = rows.take(pa.array(kept, pa.int64()))
    rejects.sort(key=lambda each: each.line)
    return rows


def _told(reject: Reject, settings: Settings) -> Reject:
    found = (told(each, settings, costs_row=True) or each for each in reject.diagnostics)
    return replace(reject, diagnostics=tuple(found))


def _split(job: Job, rows: pa.RecordBatch) -> pa.RecordBatch:
    options = job.options
    if options.fractions is None:
        usual = "test" if options.unlabelled else "train"
        own: Any = rows.column("split")
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


class _Output:
    """The three files of a unit, written as its batches come."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.keep_raw = job.options.drop_duplicates
        schema = arrow_schema(job.task)
        self.schema = schema.append(pa.field(RAW, pa.binary())) if self.keep_raw else schema
        self.rows = pa.ipc.new_stream(str(job.folder / "rows.arrow"), self.schema)
        self.rejects: BinaryIO = open(job.folder / "rejects.jsonl", "wb")  # noqa: SIM115 - closed by __exit__
        self.diagnostics: BinaryIO = open(job.folder / "diagnostics.jsonl", "wb")  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rows.close()
        self.rejects.close()
        self.diagnostics.close()

    def write(
        self, rows: pa.RecordBatch, batch: Batch, rejects: Sequence[Reject], findings: Sequence[Diagnostic]
    ) -> None:
        if rows.num_rows and self.job.need.kept:
            self.rows.write_batch(self._with_raw(rows, batch) if self.keep_raw else rows)
        self.rejects.writelines(reject_line(reject) for reject in rejects)
        self.diagnostics.writelines(encode_json(found.to_json()) + b"\n" for found in findings)

    def _with_raw(self, rows: pa.RecordBatch, batch: Batch) -> pa.RecordBatch:
        raws = dict(zip(zip(batch.lines, batch.offsets, strict=True), batch.raw, strict=True))
        sources: list[Any] = rows.column("source").to_pylist()
        places = [(place["line"], place["byte"]) for place in sources]
        kept = pa.array([raws[place] for place in places], pa.binary())
        return pa.RecordBatch.from_arrays([*rows.columns, kept], schema=self.schema)


def read_diagnostics(path: Path) -> Iterator[Diagnostic]:
    """Read back the findings of a unit."""
    import msgspec

    with open(path, "rb") as file:
        for line in file:
            fields: Mapping[str, Any] = msgspec.json.decode(line)
            yield Diagnostic(**{**fields, "severity": Severity(fields["severity"])})
