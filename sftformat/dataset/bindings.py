"""Which layout each input has: told, or detected on a sample of its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sftformat.dataset.options import REJECTS, DatasetOptions, Detected
from sftformat.dataset.rejected import canonical_binding
from sftformat.dataset.sample import Sample, sample, sampled
from sftformat.dataset.told import refuse_raw_options, told_layout
from sftformat.diagnostics import Diagnostic
from sftformat.errors import InputError, UndecidedError, UsageError
from sftformat.folder.manifest import read_manifest
from sftformat.formats.source import Source
from sftformat.inputs import Input
from sftformat.layouts.bind import INPUTS, bind, compiled
from sftformat.layouts.cells import TEXTUAL
from sftformat.layouts.detect import Candidate, candidates, choose
from sftformat.layouts.layout import MISSING, Binding, Layout, Rule, get
from sftformat.layouts.near import Near, nearest
from sftformat.layouts.refused import linked
from sftformat.plan import Plan
from sftformat.record import Record

#: A cell of more words than this is no name of a class.
_WORDS = 3


def bind_inputs(plan: Plan, options: DatasetOptions, samples: Sequence[Sample] | None = None) -> list[Detected]:
    """Return for every input how it is read and which layout it has; `samples` are those of `sampled`, if taken.

    An input that fits no layout (a test file without labels) has that of the inputs before or after it.

    Raises:
        UsageError: no layout fits, two fit equally well, or inputs are for different tasks.
    """
    found: list[Detected | None] = [None] * len(plan.inputs)
    failed: UsageError | None = None
    samples = sampled(plan, options)[1] if samples is None else samples
    everything = options
    for index, (each, source) in enumerate(zip(plan.inputs, plan.sources, strict=True)):
        options = everything.of(each.path)
        if options.layout == REJECTS and source.origin is None:
            raise UsageError(f"{source.name}: is no file of rejects, as --layout {REJECTS} says")
        if each.canonical:
            found[index] = _of_canonical(plan, index, options)
            continue
        if source.origin is not None and source.origin.task is not None:
            found[index] = Detected(source, canonical_binding(source.origin.task), (), True, each.split)
            continue
        records, unread = samples[index]
        if source.origin is not None:
            continue  # like the other inputs, if there are others
        try:
            if not records and unread is not None and told_layout(options) is None:
                raise UsageError(f"{source.name}: no record can be read to tell the layout from: {_said(unread)}")
            found[index] = _without_split(_detect(source, records, options, each.split), each)
        except UsageError as error:
            failed = failed or error
    known = next((made for made in found if made is not None and made.binding.layout.name != "canonical"), None)
    for index, (made, (records, _)) in enumerate(zip(found, samples, strict=True)):
        options = everything.of(plan.inputs[index].path)
        if made is None and plan.sources[index].origin is not None:
            found[index] = _of_rejects(known, plan, index, records, options)
            known = known or found[index]
        elif made is None and known is None and plan.inputs[index].split == "test":
            found[index] = _detect(plan.sources[index], records, replace(options, unlabelled=True), "test")
        elif made is None:
            found[index] = _like(known, plan, index, records, failed)
    return _one_task([made for made in found if made is not None])


def _of_rejects(
    known: Detected | None, plan: Plan, index: int, records: Sequence[Record], options: DatasetOptions
) -> Detected:
    """Return how mended rows are read: like the other inputs if they have the fields for it, else as they look."""
    source, each = plan.sources[index], plan.inputs[index]
    if options.read.linked is not False and source.origin is not None and linked(records):
        origin = source.origin.file
        raise UsageError(f"{source.name}: turns of conversations in {origin}: mend them there, beside the rows before")
    if known is not None and told_layout(options) is None:
        binding = _finished(bind(known.binding.layout, records, options.mapping), options) if records else known.binding
        if known.binding.at.keys() & set(INPUTS) <= binding.at.keys():
            return _without_split(Detected(source, binding, (), False, each.split), each)
    if not records and told_layout(options) is None:
        raise UsageError(f"{source.name}: none of the rows can be read, to tell the layout from; mend one")
    return _without_split(_detect(source, records, options, each.split), each)


@dataclass(frozen=True, slots=True)
class Settled:
    """One input: how it is read where that is clear, else `why` it is not; what it could be, the best first.

    Without any candidate `near` are the layouts that it nearly has.
    """

    detected: Detected | None
    candidates: tuple[Candidate, ...]
    why: str = ""
    near: tuple[Near, ...] = ()


def settle(plan: Plan, options: DatasetOptions) -> list[Settled]:
    """Return for every input what `bind_inputs` would, and where that refuses to choose, what there is to choose from.

    Raises:
        UsageError: what the user said of the layout contradicts itself.
    """
    try:
        return [Settled(made, made.candidates) for made in bind_inputs(plan, options)]
    except UsageError as error:
        if any(told_layout(options.of(each.path)) is not None for each in plan.inputs) or all(
            each.canonical for each in plan.inputs
        ):
            raise
        if len(plan.inputs) == 1:
            return [_open(plan, options, error)]
    found = [
        settle(replace(plan, inputs=(each,), sources=(source,)), options)[0]
        for each, source in zip(plan.inputs, plan.sources, strict=True)
    ]
    known = next((each.detected for each in found if each.detected is not None), None)
    return [each if each.detected else _like_others(each, known, plan, at, options) for at, each in enumerate(found)]


def _open(plan: Plan, options: DatasetOptions, error: UsageError) -> Settled:
    source = plan.sources[0]
    options = options.of(source.path)
    records, _ = sample(source, options)
    textual = source.format in TEXTUAL
    try:
        found = candidates(records, textual, task=options.task, mapping=options.mapping)
    except UndecidedError:
        found = []
    near = () if found else tuple(nearest(records, textual, options.mapping))
    return Settled(None, tuple(found), str(error).removeprefix(f"{source.name}: "), near)


def _like_others(alone: Settled, known: Detected | None, plan: Plan, index: int, options: DatasetOptions) -> Settled:
    if alone.candidates:
        return alone
    try:
        return Settled(_like(known, plan, index, sample(plan.sources[index], options)[0], None), ())
    except (InputError, UsageError):
        return alone


def _said(found: Diagnostic) -> str:
    return f"line {found.line}: {found.code} {found.message} ({found.hint})"


def _without_split(found: Detected, source_input: Input) -> Detected:
    """A split that the user named in front of an input goes before its split column, which then goes to meta."""
    if not source_input.prefixed or "split" not in found.binding.at:
        return found
    at = {key: pointer for key, pointer in found.binding.at.items() if key != "split"}
    again = compiled(found.binding.layout, at, found.binding.captures)
    return replace(found, binding=replace(found.binding, at=at, compiled=again))


def _detect(source: Source, records: Sequence[Record], options: DatasetOptions, split: str | None) -> Detected:
    told = told_layout(options)
    if told is not None:
        binding = _finished(bind(told, records, options.mapping), options)
        _check_reached(binding, records, source.name)
        return Detected(source, binding, (), True, split)
    textual = source.format in TEXTUAL
    need_target = not options.unlabelled
    try:
        found = candidates(records, textual, task=options.task, mapping=options.mapping, need_target=need_target)
        binding = choose(found, records, source.name, options.preference, textual=textual).binding
    except UndecidedError as error:
        raise UsageError(f"{source.name}: {error}") from None
    except UsageError as error:
        if any(each.code == "SFT015" for each in source.notes):
            rest = str(error).removeprefix(f"{source.name}: ")
            raise UsageError(f"{source.name}: {_headerless(source)}; else {rest}") from None
        if options.schema is None:
            raise
        raise UsageError(f"{error}; or say it in {options.schema_name}, under 'x-sftformat'") from None
    if options.schema is not None:
        own = replace(binding.layout, own=options.schema)
        binding = replace(binding, layout=own, compiled=compiled(own, binding.at, binding.captures))
    return Detected(source, _finished(binding, options), tuple(found), False, split)


def _headerless(source: Source) -> str:
    """Say what to do about a first row that looks like data, or one that is cut at the wrong character."""
    note = next(each for each in source.notes if each.code == "SFT015")
    if len(source.columns) == 1:
        return f"{note.message}: {note.hint}"
    names = ["text", "label"] if len(source.columns) == 2 else [f"column_{n}" for n, _ in enumerate(source.columns, 1)]
    if len(source.columns) == 2 and len(source.columns[0]) < len(source.columns[1]):
        names.reverse()
    if len(source.columns) == 2 and all(len(cell.split()) > _WORDS for cell in source.columns):
        names = ["source", "target"]  # two texts
    return f"{note.message}: for a file without a header say --no-header --columns {','.join(names)}"


def _finished(binding: Binding, options: DatasetOptions) -> Binding:
    if options.unlabelled and "target" in binding.at and not binding.layout.module:
        at = {key: pointer for key, pointer in binding.at.items() if key != "target"}
        binding = replace(binding, at=at, compiled=compiled(binding.layout, at, binding.captures))
    return named(binding, options.label_names)


def named(binding: Binding, names: Mapping[str, str]) -> Binding:
    """Return a binding whose target is read by `names` (`--labels` with lines `0=neg`)."""
    if not names:
        return binding
    rule = replace(binding.layout.fields.get("target", Rule()), values=names, closed=False)
    known = replace(binding.layout, fields={**binding.layout.fields, "target": rule})
    return replace(binding, layout=known, compiled=compiled(known, binding.at, binding.captures))


def _check_reached(binding: Binding, records: Sequence[Record], name: str) -> None:
    """Refuse a layout whose input is nowhere in the sample; single records without it are findings, not this."""
    if not records or binding.layout.module or binding.at.keys() & {"input", "instruction"}:
        return
    columns = ", ".join(dict.fromkeys(key for record in records for key in record))
    raise UsageError(f"{name}: layout {binding.layout.name} finds no input in the columns {columns}; use --map input=…")


def _of_canonical(plan: Plan, index: int, options: DatasetOptions) -> Detected:
    if any(not each.canonical or each.path.parent != plan.inputs[index].path.parent for each in plan.inputs):
        raise UsageError("a data set folder is an input by itself: give one, or all the raw inputs together")
    refuse_raw_options(options)
    manifest = read_manifest(plan.inputs[index].path.parent, "dataset")
    task = manifest["task"]
    return Detected(plan.sources[index], Binding(Layout("canonical", task, "Canonical", {}, {}), {}), (), True, None)


def _like(
    known: Detected | None, plan: Plan, index: int, records: Sequence[Record], failed: UsageError | None
) -> Detected:
    source = plan.sources[index]
    if not records and known is not None:
        return Detected(source, known.binding, (), False, plan.inputs[index].split)
    if known is not None:
        module = known.binding.layout.module
        binding = _unlabelled(known.binding) if module else bind(known.binding.layout, records)
        needed = [binding.at.get(key, ()) for key in known.binding.at if key in INPUTS]
        if needed and all(at and any(get(record, at) is not MISSING for record in records) for at in needed):
            return Detected(source, binding, (), False, plan.inputs[index].split)
    if failed is not None:
        raise failed
    raise InputError(f"{source.name}: no record to tell the layout from; name it with --layout")


def _unlabelled(binding: Binding) -> Binding:
    """Return a binding for records that have the input alone."""
    known = replace(binding.layout, labels_wanted=False)
    return replace(binding, layout=known, compiled=compiled(known, binding.at, binding.captures))


def _one_task(found: list[Detected]) -> list[Detected]:
    tasks = {each.binding.layout.task: each for each in found}
    if len(tasks) > 1:
        said = "; ".join(f"{each.source.name} is {task} ({each.binding.layout.name})" for task, each in tasks.items())
        raise UsageError(
            f"inputs are for different tasks: {said}; choose with --task or --layout; validate takes --each"
        )
    return found
