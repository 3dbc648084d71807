"""All units of all inputs, counted and gathered into sections."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sftformat.dataset.bindings import Settled, settle
from sftformat.dataset.options import DatasetOptions
from sftformat.dataset.sample import sample
from sftformat.errors import InputError
from sftformat.formats import sniff
from sftformat.formats.source import check_columns
from sftformat.inputs import resolve
from sftformat.inspect.lengths import LABELLED, ROW, Histogram, advise, summarize
from sftformat.inspect.measure import Job, Measured, measure
from sftformat.inspect.section import Column, Looked, Repeats, Scores, Section, Unread
from sftformat.layouts.layout import Binding, render
from sftformat.layouts.reader import reader_of
from sftformat.normalize import ColumnTypes
from sftformat.plan import SMALL_INPUT_BYTES, Plan, Progress, check_unchanged, plan_inputs
from sftformat.rules import RULES, conflicting_targets, duplicate_record, leakage
from sftformat.rules.census import Census
from sftformat.rules.rule import LABEL_TASKS, SetFinding
from sftformat.schema.arrow import arrow_schema
from sftformat.tokenize.load import Reference, load_tokenizer
from sftformat.workers import run

#: What inspecting yields; the sections come at the end, in the order of their first inputs.
Event = Progress | Unread | Section
#: Bars of the targets of regression.
BINS = 10


def inspect(
    specs: Sequence[str], options: DatasetOptions, *, tokenizer: str | None = None, first: int = 3
) -> Iterator[Event]:
    """Look at every record of the inputs and yield what they are; nothing is written that stays.

    Inputs of one layout with the fields in the same places are one section. An input whose layout is not clear is a
    section with the candidates. `tokenizer` (a folder, or a name on the hub) also measures rows in tokens. `first`
    rows of each section are kept. `options.limit` counts for each input by itself. Of several inputs one that cannot
    be read is `Unread`, and the others are looked at.

    Raises:
        UsageError: no such input, or options that contradict each other.
        InputError: no input can be read.
        ModelError: the tokenizer cannot be loaded.
    """
    reference = load_tokenizer(tokenizer) if tokenizer is not None else None
    with TemporaryDirectory(prefix="sftformat-") as name:
        folder = Path(name)
        found = yield from _found(specs, options, folder)
        settled = settle(found, options)
        groups = _groups(settled)
        made: list[Measured] = []
        for unit in _measured(_jobs(found, settled, groups, options, reference, first, folder), options):
            made.append(unit)
            yield Progress("read", len(made), len(found.units), sum(each.read for each in made))
        check_unchanged(found)
        yield from (_damage(found, each) for each in made if each.damage)
        for number, members in enumerate(groups):
            yield _section(found, settled, members, made, _tallies(folder, number), reference, first)


def _found(specs: Sequence[str], options: DatasetOptions, folder: Path) -> Generator[Event, None, Plan]:
    """Yield what is not looked at and return the plan for the rest."""
    check_columns(options.read)
    inputs, skipped = resolve(specs, folder)
    for name in skipped:
        yield Progress(f"skipped {name}: no known format", 0, 0, 0)
    readable = []
    for each in inputs:
        try:
            source = sniff(each.path, each.name, options.read.of(each.path), each.beside, each.texts)
            if not each.canonical:
                sample(source, options)
            readable.append(each)
        except InputError as error:
            if len(inputs) == 1:
                raise
            yield Unread(each.name, str(error).removeprefix(f"{each.name}: "))
    if not readable:
        raise InputError("no input can be read")
    return plan_inputs(readable, skipped, options.read)


def _groups(settled: Sequence[Settled]) -> list[list[int]]:
    """Return the inputs of each section."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, each in enumerate(settled):
        groups[_likeness(each, index)].append(index)
    return list(groups.values())


def _likeness(each: Settled, index: int) -> Hashable:
    """Inputs with equal likeness are told together."""
    if each.detected is None:
        return index
    binding = each.detected.binding
    at = sorted(binding.at.items())
    return binding.layout.task, binding.layout.name, tuple(at), tuple(binding.captures.items())


def _damage(found: Plan, unit: Measured) -> Unread:
    name = found.inputs[unit.unit.input].name
    return Unread(name, unit.damage.removeprefix(f"{name}: "))


def _tallies(folder: Path, number: int) -> Path:
    return folder / f"section-{number:05}"


def _jobs(
    found: Plan,
    settled: Sequence[Settled],
    groups: Sequence[Sequence[int]],
    options: DatasetOptions,
    reference: Reference | None,
    first: int,
    folder: Path,
) -> list[Job]:
    place = {index: _tallies(folder, number) for number, members in enumerate(groups) for index in members}
    for tallies in set(place.values()):
        tallies.mkdir()
    jobs = []
    for unit in found.units:
        detected = settled[unit.input].detected
        binding = Binding(detected.binding.layout, detected.binding.at, detected.binding.captures) if detected else None
        own = found.inputs[unit.input]
        jobs.append(Job(options.of(own.path), unit, own, binding, place[unit.input], reference, first, options.limit))
    return jobs


def _measured(jobs: Sequence[Job], options: DatasetOptions) -> Iterator[Measured]:
    if options.limit is None:
        small = (
            sum(job.unit.source.path.stat().st_size for job in jobs if not job.unit.source.start) < SMALL_INPUT_BYTES
        )
        yield from run(jobs, measure, 1 if small else options.workers)
        return
    seen: Counter[int] = Counter()
    for job in jobs:
        if seen[job.unit.input] < options.limit:
            made = measure(replace(job, limit=options.limit - seen[job.unit.input]))
            seen[job.unit.input] += made.read
            yield made


# ---------------------------------------------------------------------------------------------------- sections


def _section(
    found: Plan,
    settled: Sequence[Settled],
    members: Sequence[int],
    made: Sequence[Measured],
    tallies: Path,
    reference: Reference | None,
    first: int,
) -> Section:
    units = [each for each in made if each.unit.input in members]
    speaking = next((settled[index] for index in members if settled[index].candidates), settled[members[0]])
    binding = speaking.detected.binding if speaking.detected else None
    task = binding.layout.task if binding else ""
    census = Census([each.summary for each in units if each.summary is not None], tallies, task)
    characters = _added(each.characters for each in units)
    tokens = _added(each.tokens for each in units)
    weigh = reference is not None and task in LABELLED and ROW in tokens
    return Section(
        inputs=tuple(_looked(found, index, units) for index in members),
        detected=speaking.detected,
        candidates=speaking.candidates,
        why=speaking.why,
        near=speaking.near,
        columns=tuple(_columns(units, binding)),
        rows={split: count.rows for split, count in census.rows.items()},
        unlabelled=census.total - sum(census.labelled.values()),
        labels=_labels(census) if task in LABEL_TASKS else None,
        too_many=census.overflow,
        scores=_scores(units) if task == "regression" else None,
        repeats=_repeats(census) if binding else None,
        characters={field: summarize(each) for field, each in characters.items()},
        tokens={field: summarize(each) for field, each in tokens.items()},
        advice=advise(tokens[ROW], reference) if reference is not None and weigh else None,
        first=tuple(row for unit in units for row in unit.first)[:first],
    )


def _looked(found: Plan, index: int, units: Sequence[Measured]) -> Looked:
    own = [each for each in units if each.unit.input == index]
    rejected: Counter[str] = Counter()
    for each in own:
        rejected.update(each.rejected)
    read, fitting = sum(each.read for each in own), sum(each.fitting for each in own)
    blank = sum(each.blank_lines for each in own)
    return Looked(found.sources[index], found.sizes[index], found.inputs[index].split, read, fitting, rejected, blank)


def _added(parts: Iterator[dict[str, Histogram]]) -> dict[str, Histogram]:
    added: dict[str, Histogram] = {}
    for part in parts:
        for field, histogram in part.items():
            added.setdefault(field, Counter()).update(histogram)
    return added


def _columns(units: Sequence[Measured], binding: Binding | None) -> Iterator[Column]:
    types: ColumnTypes = {}
    for unit in units:
        for name, counts in unit.types.items():
            types.setdefault(name, Counter()).update(counts)
    readable = sum(unit.read for unit in units) - sum(
        count for unit in units for code, count in unit.rejected.items() if code.startswith("SFT0")
    )
    fields = _fields(binding)
    for name, counts in types.items():
        if not name.endswith("/*") and (name[:1] != "/" or binding is None):
            rest = "meta" if binding is not None else ""
            yield Column(name, dict(sorted(counts.items())), readable - counts.total(), fields.get(name, rest))


def _fields(binding: Binding | None) -> dict[str, str]:
    """Return for each column of the records the canonical fields that are made of it."""
    if binding is None:
        return {}
    if binding.layout.name == "canonical":
        return {name: name for name in arrow_schema(binding.layout.task).names}
    found: dict[str, list[str]] = defaultdict(list)
    for key, pointer in binding.at.items():
        found[pointer[0]].append(key if len(pointer) == 1 else f"{key} ({render(pointer)})")
    if binding.layout.module:
        for name in reader_of(binding).keys:
            found.setdefault(name, ["input and target"])
    return {name: ", ".join(keys) for name, keys in found.items()}


def _labels(census: Census) -> dict[str, dict[str, int]]:
    """Return rows by split and label, the most frequent label of all splits first."""
    total = {label: count.rows for label, count in census.all_labels.items()}
    order = sorted(total, key=lambda label: (-total[label], label))
    found = {split: census.labels.get(split, {}) for split in census.splits}
    return {split: {label: own[label].rows for label in order if label in own} for split, own in found.items()}


def _scores(units: Sequence[Measured]) -> Scores | None:
    """Return how the scores lie; one that SFT234 finds, which is none to learn from, is left out."""
    counts: Counter[float] = Counter()
    for unit in units:
        counts.update(unit.scores)
    values, rows = np.array(list(counts)), np.array(list(counts.values()))
    usable = np.abs(values) <= np.finfo(np.float32).max
    values, rows = values[usable], rows[usable]
    if not len(values):
        return None
    bins, _ = np.histogram(values, BINS, weights=rows)
    mean = float(np.average(values, weights=rows))
    return Scores(int(rows.sum()), mean, float(values.min()), float(values.max()), tuple(map(int, bins)))


def _repeats(census: Census) -> Repeats:
    conflicts = next(rule for rule in RULES if rule.name == "conflicting-targets").covers(census.task)
    return Repeats(
        _count(duplicate_record.check(census, {})),
        _count(conflicting_targets.check(census, {})) if conflicts else 0,
        _count(leakage.check(census, {**leakage.THRESHOLDS, "max_fraction": 0.0})),
    )


def _count(found: Iterable[SetFinding]) -> int:
    return sum(1 for _ in found)
