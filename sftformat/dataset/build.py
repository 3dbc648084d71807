"""All units of a data set, the global pass over them, and the commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sftformat.check import active, check_set, duplicates, told
from sftformat.dataset.account import Survey, manifest_fields
from sftformat.dataset.apart import refuse_folder
from sftformat.dataset.findings import (
    cell_findings,
    error_findings,
    file_findings,
    in_records,
    named_findings,
    schema_findings,
    split_findings,
    type_findings,
    unexpected_findings,
)
from sftformat.dataset.fixes import not_placed
from sftformat.dataset.joining import join_findings
from sftformat.dataset.key import unit_key
from sftformat.dataset.options import DatasetOptions, Detected, Event, Finished, too_many
from sftformat.dataset.output import read_diagnostics
from sftformat.dataset.planned import Beside, detecting, planned, several
from sftformat.dataset.repaired import in_one_form, repairs_of, write_repairs
from sftformat.dataset.standing import KEYS, UnitResult
from sftformat.dataset.stratify import stratified
from sftformat.dataset.unit import Job, Need, Unread, attempt, new_tally
from sftformat.dataset.write import rows_of, write_rejects, write_splits
from sftformat.diagnostics import Diagnostic
from sftformat.errors import InputError, SftformatError
from sftformat.folder.commit import stage, workspace
from sftformat.folder.files import remove
from sftformat.folder.kept import KEPT
from sftformat.folder.manifest import fingerprint
from sftformat.plan import Plan, Progress, check_unchanged
from sftformat.repairs.repair import Repaired
from sftformat.schema.arrow import arrow_schema
from sftformat.workers import at_once, run

#: Folder inside the staging folder for what is only needed on the way; hidden, so it is never part of the data set.
WORK = ".work"


def diagnose(
    specs: Sequence[str], options: DatasetOptions, failed: list[SftformatError] | None = None
) -> Iterator[Event]:
    """Check every row of the inputs and yield every finding; nothing is written that stays.

    With a list for what `failed`, an input that cannot be read, or not to its end, hides nothing of the others: its
    error goes there, unless it is the only one.

    Raises:
        UsageError, InputError: the inputs cannot be read or understood as a whole.
    """
    with TemporaryDirectory(prefix="sftformat-") as name:
        before = len(failed or ())
        found, beside = yield from planned(specs, options, Path(name), failed, hashed=False)
        yield from error_findings((failed or [])[before:])
        survey = yield from _counted(_survey(found, options, Path(name) / WORK, beside=beside, failed=failed))
        yield Finished(manifest_fields(survey, options, write_nothing=True))


def convert(
    specs: Sequence[str],
    out: Path,
    options: DatasetOptions,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
    retell: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Make the canonical data set of the inputs in the folder `out`; ends with `Finished`.

    Rows with errors go to `rejects.jsonl`; the rest is committed all the same. Where `out` is finished already,
    `retell` is asked whether to yield again what is found in the inputs.

    Raises:
        UsageError: `out` holds something else, or an option cannot be meant.
        InputError: an input is unreadable or damaged, or more rows than `max_rejects` were rejected.
    """
    refuse_folder(out, specs)
    if dry_run:
        yield from diagnose(specs, options)
        return
    with workspace(out) as spool:
        found, beside = yield from planned(specs, options, spool)
        with stage(out, "dataset", _fingerprint(found, options), overwrite=overwrite) as staging:
            if staging.finished is not None:
                if not retell():
                    yield Finished(staging.finished, nothing_to_do=True)
                    return
                stores = spool / KEPT, staging.stores[1]
                survey = yield from _counted(_survey(found, options, spool / WORK, stores, beside))
                yield _told(staging.finished, survey, options)
                return
            _clear(staging.path)
            survey = yield from _counted(_survey(found, options, staging.path / WORK, staging.stores, beside))
            _refuse_too_many(survey, options)
            files, known = write_splits(
                survey.task, survey.results, survey.dropped, survey.splits, staging.path, options.workers
            )
            write_rejects(survey.results, survey.dropped, staging.path / "rejects.jsonl")
            write_repairs(found, survey.results, survey.dropped, staging.path)
            manifest = manifest_fields(survey, options)
            for split, names in files.items():
                manifest["splits"][split]["files"] = names
            yield _told(staging.commit(manifest, drop=(WORK,), known=known), survey, options)


def _told(manifest: Mapping[str, Any], survey: Survey, options: DatasetOptions) -> Finished:
    _refuse_too_many(survey, options)
    taken = sum(result.taken for result in survey.results)
    return Finished(manifest, taken=taken, units=len(survey.results))


def _clear(folder: Path) -> None:
    """Remove what an earlier run left; the units that it finished stay."""
    for path in folder.iterdir():
        if path.name not in (".fingerprint", KEPT):
            remove(path)


def _fingerprint(found: Plan, options: DatasetOptions) -> str:
    inputs = [
        {"file": each.name, "split": each.split, "sha256": digest, "canonical": each.canonical}
        for each, digest in zip(found.inputs, found.hashes, strict=True)
    ]
    return fingerprint({"stage": "dataset", "inputs": inputs, "options": options.content()})


def _counted(events: Generator[Event, None, Survey]) -> Generator[Event, None, Survey]:
    """Hand events on and count the findings and repairs among them for the Survey."""
    counts: Counter[str] = Counter()
    repairs: Counter[str] = Counter()
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            survey: Survey = end.value
            survey.findings.update(counts)
            survey.repairs.update(repairs)
            return survey
        if isinstance(event, Diagnostic):
            counts[f"{event.severity.value} {event.code}"] += 1
        elif isinstance(event, Repaired):
            repairs[f"{event.code} {event.name}"] += 1
        yield event


def _survey(
    found: Plan,
    options: DatasetOptions,
    folder: Path,
    stores: tuple[Path, ...] = (),
    beside: Beside | None = None,
    failed: list[SftformatError] | None = None,
) -> Generator[Event, None, Survey]:
    """Work on every unit, then on what needs all of them; yield what is found on the way and return a Survey.

    With `stores` the rows are kept, and units that are kept there are taken over. `beside` may know the layouts.
    """
    yield from [kept for each in schema_findings(options) if (kept := told(each, options.settings))]
    many = several(sum(found.sizes), options)
    found, detected = yield from detecting(found, options, beside, failed)
    yield from detected
    for name in found.skipped:
        yield Progress(f"skipped {name}: no known format", 0, 0, 0)
    need = _need(found, detected, options, bool(stores))
    folder.mkdir(exist_ok=True)
    jobs = _jobs(found, detected, options, folder, need, stores)
    results = yield from _units(jobs, options, many, failed if len(found.inputs) > 1 else None)
    check_unchanged(found)
    task = detected[0].binding.layout.task
    splits = None
    if options.stratify and options.fractions is not None:
        splits = stratified(results, options)
        _count_again(results, splits, jobs)
    whole = [*cell_findings(options, detected), *file_findings(results, found), *unexpected_findings(results, detected)]
    whole += [*type_findings(results, detected), *split_findings(results, found, detected)]
    whole += [*named_findings(results, found), *join_findings(found, options)]
    yield from [kept for each in whole if (kept := told(each, options.settings))]
    summaries = [result.summary for result in results if result.summary is not None]
    workers = options.workers if many and at_once() else 1
    found_in_all = check_set(summaries, folder / KEYS, task, options.settings, workers=workers)
    yield from in_records(found_in_all, detected)
    unplaced = not_placed(options.fixes, results)
    yield from [kept for each in unplaced if (kept := told(each, options.settings))]
    dropped = duplicates(summaries, folder / KEYS) if options.drop_duplicates else {}
    yield from repairs_of(results, dropped)
    return Survey(task, found, detected, results, dropped, splits, Counter(), Counter())


def _need(found: Plan, detected: Sequence[Detected], options: DatasetOptions, keep_rows: bool) -> Need:
    """Say what comes of the rows: where they are not kept, nothing is made of them that no rule looks at."""
    task = detected[0].binding.layout.task
    given = any(each.canonical for each in found.inputs) or any("id" in each.binding.at for each in detected)
    given = given or any(each.origin is not None for each in found.sources)
    if keep_rows or options.drop_duplicates or options.stratify or options.fix or options.fixes:
        return Need(in_order=options.drop_duplicates or options.stratify, ids=given)
    if not active(options.settings, task) and options.fractions is None:
        return Need(kept=False, checked=False, fields=frozenset({"split"}), ids=False)
    fields = frozenset(arrow_schema(task).names) - {"meta"}
    return Need(kept=False, fields=fields if given else fields - {"id"}, ids=given)


def _jobs(
    found: Plan,
    detected: Sequence[Detected],
    options: DatasetOptions,
    folder: Path,
    need: Need,
    stores: tuple[Path, ...],
) -> list[Job]:
    kept = need.kept and stores
    content = options.unlimited().content()
    return [
        Job(
            options.of(found.inputs[unit.input].path),
            unit,
            found.inputs[unit.input],
            replace(detected[unit.input].binding, compiled=None),
            folder / f"unit-{unit.index:05}",
            options.limit,
            need,
            key=unit_key(unit, found, detected[unit.input].binding, content) if kept else "",
            stores=stores,
        )
        for unit in found.units
    ]


def _count_again(
    results: Sequence[UnitResult],
    splits: Mapping[int, Sequence[str]],
    jobs: Sequence[Job],
) -> None:
    """Tally the units once more, now that stratifying has given their rows a split."""
    if jobs:
        remove(jobs[0].folder.parent / KEYS)
    for result in results:
        tally = new_tally(jobs[result.unit.index])
        for _, rows in rows_of(result, splits):
            tally.add(rows)
        result.summary = tally.finish()


def _units(
    jobs: Sequence[Job], options: DatasetOptions, many: bool, failed: list[SftformatError] | None
) -> Generator[Event, None, list[UnitResult]]:
    workers = options.workers if many else 1
    made = run(jobs, attempt, workers) if options.limit is None else _limited(jobs, options.limit)
    results: list[UnitResult] = []
    if len(jobs) > 1:
        yield Progress("read", 0, len(jobs), 0)
    for result in made:
        if isinstance(result, Unread):
            if failed is None:
                raise result.error
            failed.append(result.error)
            yield from error_findings([result.error])
            continue
        results.append(result)
        if not options.fix:
            yield from read_diagnostics(result.folder / "diagnostics.jsonl")
        yield Progress("read", len(results), len(jobs), sum(each.read for each in results))
    if options.fix:  # what is found is known when every label has its form
        in_one_form(results, jobs, options, workers)
        for result in results:
            yield from read_diagnostics(result.folder / "diagnostics.jsonl")
    return results


def _limited(jobs: Sequence[Job], limit: int) -> Iterator[UnitResult | Unread]:
    for job in jobs:
        if limit <= 0:
            return
        result = attempt(replace(job, limit=limit))
        limit -= result.read if isinstance(result, UnitResult) else 0
        yield result


def _refuse_too_many(survey: Survey, options: DatasetOptions) -> None:
    rejected = sum(result.rejected for result in survey.results)
    read = sum(result.read for result in survey.results)
    if too_many(rejected, read, options.max_rejects):
        raise InputError(
            f"{rejected} of {read} rows were rejected, more than --max-rejects {options.max_rejects}; "
            "nothing is written"
        )
