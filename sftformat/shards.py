"""The tokenize stage: a committed data set folder in, a folder of Arrow shards out.

Every Parquet file becomes one Arrow file in the staging folder; then the whole account of lengths and of what
`max_length` cuts is known and yielded as `Reported`, and only after it is anything committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from sftformat.diagnostics import Diagnostic
from sftformat.errors import DataError, FolderError
from sftformat.folder.commit import Staging, stage
from sftformat.folder.files import remove, write_bytes, write_file
from sftformat.folder.manifest import fingerprint, read_manifest
from sftformat.folder.saved import dataset_dict, dataset_info, state
from sftformat.plan import Progress
from sftformat.record import ReadAs, reject_line
from sftformat.tokenize.account import manifest_fields
from sftformat.tokenize.features import features
from sftformat.tokenize.maker import WORD_TASKS
from sftformat.tokenize.outcome import Counts, Outcome, add
from sftformat.tokenize.pieces import is_cut
from sftformat.tokenize.report import Report, split_report
from sftformat.tokenize.request import Plan, TokenizeOptions, make_plan
from sftformat.tokenize.standing import outcome_of
from sftformat.tokenize.templates import OWN
from sftformat.tokenize.unit import Setting, Unit, tokenize_unit
from sftformat.workers import run, wake

__all__ = [
    "Event",
    "FellBack",
    "Progress",
    "Reported",
    "TokenizeOptions",
    "Tokenized",
    "Uncut",
    "make_plan",
    "plan_report",
    "tokenize",
]

#: Parquet files that are together smaller than this are not worth a second process.
SMALL_DATASET_BYTES = 2 << 20
#: What tells the reference library whether it may start threads.
_THREADS = "TOKENIZERS_PARALLELISM"


@dataclass(frozen=True, slots=True)
class FellBack:
    """The Parquet file `file` went through the reference library row by row: the same ids, but slower."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Uncut:
    """Where the tokenizer `name` cuts texts is not proved, so all of them go to the reference library: slower."""

    name: str


@dataclass(frozen=True, slots=True)
class Reported:
    """All rows are tokenized and nothing is committed yet: what that costs and what would keep it."""

    report: Report


@dataclass(frozen=True, slots=True)
class Tokenized:
    """The end: the manifest of OUT, the findings about whole splits, and how many rows were rejected.

    `nothing_to_do` says that OUT was there already, made from the same content with the same options. Of the `units`,
    which are files of the data set, an earlier run had done those that were `taken` over.
    """

    manifest: Mapping[str, Any]
    diagnostics: tuple[Diagnostic, ...]
    rejected: int
    nothing_to_do: bool = False
    taken: int = 0
    units: int = 0


#: What tokenizing yields; a Diagnostic is a finding about the data.
Event = Progress | Diagnostic | FellBack | Uncut | Reported | Tokenized


def up_to_date(dataset: Path, out: Path, options: TokenizeOptions) -> bool:
    """Whether OUT says that it was made of this data set with these options; its files are not looked at.

    Raises:
        as `make_plan`.
    """
    try:
        return bool(read_manifest(out, "shards")["fingerprint"] == make_plan(dataset, options).fingerprint)
    except FolderError:
        return False


def plan_report(dataset: Path, options: TokenizeOptions, *, workers: int = 1) -> Report:
    """Tokenize everything and write nothing: what `tokenize` would yield as `Reported`.

    Raises:
        as `make_plan`; DataError also for labels that the label map does not hold.
    """
    plan = make_plan(dataset, options)
    _refuse_unknown(plan)
    counts: dict[str, Counts] = {unit.split: Counts() for unit in plan.units}
    for unit, outcome in _outcomes(plan, None, workers):
        counts[unit.split] = add((counts[unit.split], outcome.counts))
    return _report(plan.setting, counts)


def tokenize(
    dataset: Path, out: Path, options: TokenizeOptions, *, overwrite: bool = False, workers: int = 1
) -> Iterator[Event]:
    """Make the shard folder OUT of a data set folder; the same bytes for any number of workers.

    Yields `Uncut` where that is so, `Progress` for each unit, a Diagnostic for each rejected row, `FellBack`, then
    `Reported`, and at the end `Tokenized`. A run that was cut off goes on where it stopped.

    Raises:
        as `make_plan` and `folder.commit.stage`; DataError, with nothing committed, for labels that the label map does
        not hold and, with truncation "error", for rows longer than `max_length`.
    """
    plan = make_plan(dataset, options)
    yield from plan.unknown
    _refuse_unknown(plan)
    with stage(out, "shards", plan.fingerprint, overwrite=overwrite) as staging:
        if staging.finished is not None:
            rejected = sum(part["rejected"] for part in staging.finished["ledger"].values())
            yield Tokenized(staging.finished, (), rejected, nothing_to_do=True)
            return
        counts: dict[str, Counts] = {unit.split: Counts() for unit in plan.units}
        uncut = _goes_uncut(plan.setting)
        if _several(plan, workers):
            wake(partial(_one_of_many, setting=plan.setting))
        yield Progress("tokenize", 0, len(plan.units), 0)
        if uncut:
            yield Uncut(plan.setting.reference.name)
        done = rows = taken = 0
        known: dict[str, str] = {}
        for unit, outcome in _outcomes(plan, staging.path, workers, staging.stores):
            counts[unit.split] = add((counts[unit.split], outcome.counts))
            known[unit.shard] = outcome.sha256
            done, rows, taken = done + 1, rows + outcome.counts.read, taken + outcome.taken
            if outcome.fallback:
                yield FellBack(unit.path.name, outcome.fallback)
            yield from _rejected(outcome)
            yield Progress("tokenize", done, len(plan.units), rows)
        report = _report(plan.setting, counts)
        yield Reported(report)
        _refuse_cut(report, staging)
        yield replace(_commit(plan, staging, counts, report, known), taken=taken, units=len(plan.units))


def _goes_uncut(setting: Setting) -> bool:
    """Whether texts that could be cut go to the reference library as they are; words and causal rows always do.

    Where special tokens follow no template all rows do, and `FellBack` says so.
    """
    reference = setting.reference
    cuttable = setting.objective != "causal" and setting.task not in WORD_TASKS
    return cuttable and None not in (reference.single, reference.pair) and not is_cut(reference)


def _outcomes(
    plan: Plan, staging: Path | None, workers: int, stores: Sequence[Path] = ()
) -> Iterator[tuple[Unit, Outcome]]:
    several = _several(plan, workers)
    work = partial(_one_of_many if several else tokenize_unit, setting=plan.setting, staging=staging, stores=stores)
    yield from zip(plan.units, run(plan.units, work, workers if several else 1), strict=True)


def _several(plan: Plan, workers: int) -> bool:
    """Whether there is work for more than one process."""
    return (
        workers > 1
        and len(plan.units) > 1
        and sum(unit.path.stat().st_size for unit in plan.units) >= SMALL_DATASET_BYTES
    )


def _one_of_many(unit: Unit, setting: Setting, staging: Path | None, stores: Sequence[Path]) -> Outcome:
    """As `tokenize_unit`, in a process beside others: the reference library's own threads would be in their way."""
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = "false"
    try:
        return tokenize_unit(unit, setting, staging, stores)
    finally:
        if before is None:
            del os.environ[_THREADS]
        else:
            os.environ[_THREADS] = before


def _rejected(outcome: Outcome) -> Iterator[Diagnostic]:
    for reject in outcome.rejects:
        if reject.reason == "rejected":
            yield from reject.diagnostics


def _report(setting: Setting, counts: Mapping[str, Counts]) -> Report:
    splits = {split: split_report(part, setting.max_length) for split, part in counts.items()}
    return Report(setting.max_length, setting.truncation, splits, setting.max_target_length, setting.stride)


def _refuse_unknown(plan: Plan) -> None:
    if plan.unknown:
        first = plan.unknown[0]
        more = f" (and {len(plan.unknown) - 1} more)" if len(plan.unknown) > 1 else ""
        raise DataError(f"{first.file}:{first.line}: {first.code} {first.name}: {first.message}{more}")


def _refuse_cut(report: Report, staging: Staging) -> None:
    """With truncation "error", refuse rows that are too long and leave OUT free for another try."""
    if report.truncation != "error":
        return
    if report.cut:
        remove(staging.path)
        most = max(part.fits_all for part in report.splits.values())
        raise DataError(
            f"{report.cut:,} rows are longer than --max-length {report.max_length}, by {report.lost:,} tokens in all; "
            f"--max-length {most} would cut none"
        )
    if rows := sum(part.aimed_cut for part in report.splits.values()):
        remove(staging.path)
        most = max(part.longest_aim for part in report.splits.values())
        raise DataError(f"{rows:,} targets are too long; --max-target-length {most} would cut none")


def _commit(
    plan: Plan, staging: Staging, counts: Mapping[str, Counts], report: Report, known: Mapping[str, str]
) -> Tokenized:
    if read_manifest(plan.dataset, "dataset")["sha256"] != plan.manifest["sha256"]:
        raise FolderError(f"{plan.dataset}: was replaced while it was tokenized; start again")
    setting = plan.setting
    for split in counts:
        names = [Path(unit.shard).name for unit in plan.units if unit.split == split]
        marked = fingerprint({"shards": plan.fingerprint, "split": split})[:16]
        write_bytes(staging.path / split / "state.json", state(split, names, marked))
        shape = {"packed": setting.pack, "windows": setting.stride > 0}
        described = dataset_info(features(setting.task, setting.labels, setting.objective, **shape))
        write_bytes(staging.path / split / "dataset_info.json", described)
    write_bytes(staging.path / "dataset_dict.json", dataset_dict(list(counts)))
    for name, content in tokenizer_files(setting).items():
        write_bytes(staging.path / "tokenizer" / name, content)
    if any(part.rejected or part.filtered for part in counts.values()):
        write_file(staging.path / "rejects.jsonl", partial(_write_rejects, plan, staging.stores[0]))
    fields = manifest_fields(plan.manifest, setting, plan.units, counts, report)
    manifest = staging.commit({**fields, "limit": plan.limit}, known=known)
    return Tokenized(manifest, report.diagnostics(), sum(part.rejected for part in counts.values()))


def tokenizer_files(setting: Setting) -> dict[str, bytes]:
    """Return the files of the tokenizer; of a causal model with the template that its rows were rendered with."""
    files = dict(setting.reference.files)
    if setting.objective == "causal" and setting.template is not None and setting.template.name != OWN:
        files[f"{OWN}.jinja"] = setting.template.text.encode()
    return files


def _write_rejects(plan: Plan, store: Path, path: Path) -> None:
    file: BinaryIO
    with open(path, "xb") as file:
        for unit in plan.units:
            outcome = outcome_of(unit.key, store)
            if outcome is None:
                raise FolderError(f"{store / unit.key}: changed while the rows left out were written; start again")
            read_as = ReadAs(task=plan.setting.task)
            file.writelines(reject_line(reject, read_as) for reject in outcome.rejects)
