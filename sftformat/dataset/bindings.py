"""Which layout each input has: told, or detected on a sample of its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from sftformat.dataset.options import DatasetOptions, Detected
from sftformat.dataset.rejected import canonical_binding
from sftformat.diagnostics import Diagnostic
from sftformat.errors import InputError, SchemaError, UsageError
from sftformat.folder.manifest import read_manifest
from sftformat.formats import read
from sftformat.formats.source import Source
from sftformat.layouts.bind import bind, bound_schema
from sftformat.layouts.cells import TEXTUAL
from sftformat.layouts.detect import candidates, choose
from sftformat.layouts.layout import Binding, Layout, Rule, from_schema, layout
from sftformat.plan import Input, Plan
from sftformat.record import Record
from sftformat.repair import repair_keys
from sftformat.schema.arrow import TASKS
from sftformat.schema.decide import compile_schema
from sftformat.schema.store import load

#: Records that are looked at to tell the layout; every record is checked against it afterwards.
SAMPLE_RECORDS = 2000
#: The name under which a file of rejects can be asked for; the layout of its rows is told or detected as usual.
REJECTS = "rejects"


def bind_inputs(plan: Plan, options: DatasetOptions) -> list[Detected]:
    """Return for every input how it is read and which layout it has.

    An input that fits no layout (a test file without labels) has that of the inputs before or after it.

    Raises:
        UsageError: no layout fits, two fit equally well, or inputs are for different tasks.
    """
    found: list[Detected | None] = [None] * len(plan.inputs)
    failed: UsageError | None = None
    samples: dict[int, list[Record]] = {}
    for index, (each, source) in enumerate(zip(plan.inputs, plan.sources, strict=True)):
        if options.layout == REJECTS and source.origin is None:
            raise UsageError(f"{source.name}: is no file of rejects, as --layout {REJECTS} says")
        if each.canonical:
            found[index] = _of_canonical(plan, index, options)
            continue
        if source.origin is not None and source.origin.task is not None:
            found[index] = Detected(source, canonical_binding(source.origin.task), (), True, each.split)
            continue
        samples[index], unread = sample(source, options)
        if source.origin is not None:
            continue  # like the other inputs, if there are others
        try:
            if not samples[index] and unread is not None and told_layout(options) is None:
                raise UsageError(f"{source.name}: no record can be read to tell the layout from: {_said(unread)}")
            found[index] = _without_split(_detect(source, samples[index], options, each.split), each)
        except UsageError as error:
            failed = failed or error
    known = next((made for made in found if made is not None and made.binding.layout.name != "canonical"), None)
    for index, made in enumerate(found):
        if made is None and plan.sources[index].origin is not None:
            found[index] = _of_rejects(known, plan, index, samples[index], options)
            known = known or found[index]
        elif made is None:
            found[index] = _like(known, plan, index, samples[index], failed)
    return _one_task([made for made in found if made is not None])


def _of_rejects(
    known: Detected | None, plan: Plan, index: int, records: Sequence[Record], options: DatasetOptions
) -> Detected:
    """Return how mended rows are read: like the other inputs if they have the fields for it, else as they look."""
    source, each = plan.sources[index], plan.inputs[index]
    if known is not None and told_layout(options) is None:
        binding = _finished(bind(known.binding.layout, records, options.mapping), options) if records else known.binding
        if known.binding.at.keys() & {"input", "input_pair", "instruction"} <= binding.at.keys():
            return _without_split(Detected(source, binding, (), False, each.split), each)
    if not records and told_layout(options) is None:
        raise UsageError(f"{source.name}: none of the rows can be read, to tell the layout from; mend one")
    return _without_split(_detect(source, records, options, each.split), each)


def _said(found: Diagnostic) -> str:
    return f"line {found.line}: {found.code} {found.message} ({found.hint})"


def _without_split(found: Detected, source_input: Input) -> Detected:
    """A split that the user named in front of an input goes before its split column, which then goes to meta."""
    if not source_input.prefixed or "split" not in found.binding.at:
        return found
    at = {key: pointer for key, pointer in found.binding.at.items() if key != "split"}
    compiled = compile_schema(bound_schema(found.binding.layout, at, found.binding.captures))
    return replace(found, binding=replace(found.binding, at=at, compiled=compiled))


def sample(source: Source, options: DatasetOptions) -> tuple[list[Record], Diagnostic | None]:
    """Return the first records of an input that can be read, and the first finding about one that cannot."""
    records: list[Record] = []
    unread: Diagnostic | None = None
    how = options.repairs()
    for batch in read(source, options.read):
        if unread is None and batch.rejects:
            unread = batch.rejects[0].diagnostics[0]
        batch, _ = repair_keys(batch, how)
        records.extend(islice(batch.records, SAMPLE_RECORDS - len(records)))
        if len(records) >= SAMPLE_RECORDS:
            break
    return records, unread


def _detect(source: Source, records: Sequence[Record], options: DatasetOptions, split: str | None) -> Detected:
    told = told_layout(options)
    if told is not None:
        binding = _finished(bind(told, records, options.mapping), options)
        _check_reached(binding, records, source.name)
        return Detected(source, binding, (), True, split)
    textual = source.format in TEXTUAL
    need_target = not options.unlabelled
    found = candidates(records, textual, task=options.task, mapping=options.mapping, need_target=need_target)
    chosen = choose(found, records, source.name)
    return Detected(source, _finished(chosen.binding, options), tuple(found), False, split)


def _finished(binding: Binding, options: DatasetOptions) -> Binding:
    if options.unlabelled and "target" in binding.at and not binding.layout.module:
        at = {key: pointer for key, pointer in binding.at.items() if key != "target"}
        binding = replace(binding, at=at, compiled=compile_schema(bound_schema(binding.layout, at, binding.captures)))
    return named(binding, options.label_names)


def named(binding: Binding, names: Mapping[str, str]) -> Binding:
    """Return a binding whose target is read by `names` (`--labels` with lines `0=neg`)."""
    if not names:
        return binding
    rule = replace(binding.layout.fields.get("target", Rule()), values=names)
    known = replace(binding.layout, fields={**binding.layout.fields, "target": rule})
    return replace(binding, layout=known, compiled=compile_schema(bound_schema(known, binding.at, binding.captures)))


def told_layout(options: DatasetOptions) -> Layout | None:
    """Return the layout that the user named, by name, by schema, or by a map and a task; None = to be detected.

    Raises:
        UsageError: the options contradict each other.
    """
    if options.layout is not None and options.layout != REJECTS:
        named = layout(options.layout)
        if options.task is not None and named.task != options.task:
            raise UsageError(f"--layout {named.name} is for {named.task}, not for --task {options.task}")
        return replace(named, schema=_both(named.schema, options.schema)) if options.schema else named
    if options.schema is not None:
        return _user_layout(options)
    if options.task is not None and "target" in options.mapping:
        if options.task not in TASKS:
            raise UsageError(f"--task {options.task}: there are {', '.join(TASKS)}")
        return mapped_layout(options.task, options.mapping)
    return None


def mapped_layout(task: str, mapping: Mapping[str, str]) -> Layout:
    """Return the layout of records whose fields are all named with `--map`: what is read must be there."""
    read = [at for key, at in mapping.items() if key in ("input", "input_pair") and not at.startswith("/")]
    return Layout(f"mapped-{task}", task, "Fields named with --map", {"type": "object", "required": read}, {})


def _both(ours: Mapping[str, object], user: Mapping[str, object]) -> dict[str, object]:
    return {**ours, "allOf": [{key: value for key, value in user.items() if key != "$schema"}]}


def _user_layout(options: DatasetOptions) -> Layout:
    schema, name = options.schema or {}, options.schema_name
    if "x-sftformat" in schema:
        return from_schema(schema, name)
    if not options.mapping:
        raise SchemaError(f"{name}: has no 'x-sftformat': add it, or map the fields with --map")
    task = options.task or "classification"
    fields = {key: Rule() for key in options.mapping if key in load(f"canonical/{task}")["properties"]}
    return Layout(name, task, str(schema.get("title", name)), schema, fields)


def _check_reached(binding: Binding, records: Sequence[Record], name: str) -> None:
    """Refuse a layout whose input is nowhere in the sample; single records without it are findings, not this."""
    if not records or binding.layout.module or binding.at.keys() & {"input", "instruction"}:
        return
    columns = ", ".join(dict.fromkeys(key for record in records for key in record))
    raise UsageError(f"{name}: layout {binding.layout.name} finds no input in the columns {columns}; use --map input=…")


def _of_canonical(plan: Plan, index: int, options: DatasetOptions) -> Detected:
    if any(not each.canonical or each.path.parent != plan.inputs[index].path.parent for each in plan.inputs):
        raise UsageError("a data set folder is an input by itself: give one, or all the raw inputs together")
    told = {
        "--layout": options.layout,
        "--map": options.mapping,
        "--schema": options.schema,
        "--limit": options.limit,
        "--labels with names for ids": options.label_names,
        "--no-header": not options.read.header,
        "--encoding": options.read.encoding,
        "--delimiter": options.read.delimiter,
    }
    wrong = [name for name, value in told.items() if value]
    if wrong:
        raise UsageError(
            f"{wrong[0]} is for raw inputs; this one is a data set folder, whose rows are canonical already"
        )
    manifest = read_manifest(plan.inputs[index].path.parent, "dataset")
    task = manifest["task"]
    return Detected(plan.sources[index], Binding(Layout("canonical", task, "Canonical", {}, {}), {}), (), True, None)


def _like(
    known: Detected | None, plan: Plan, index: int, records: Sequence[Record], failed: UsageError | None
) -> Detected:
    source = plan.sources[index]
    if not records and known is not None:
        return Detected(source, known.binding, (), False, plan.inputs[index].split)
    if known is not None and not known.binding.layout.module:
        binding = bind(known.binding.layout, records)
        needed = {key for key in known.binding.at if key in ("input", "input_pair", "instruction")}
        if needed and needed <= binding.at.keys():
            return Detected(source, binding, (), False, plan.inputs[index].split)
    if failed is not None:
        raise failed
    raise InputError(f"{source.name}: no record to tell the layout from; name it with --layout")


def _one_task(found: list[Detected]) -> list[Detected]:
    tasks = {each.binding.layout.task: each for each in found}
    if len(tasks) > 1:
        said = "; ".join(f"{each.source.name} is {task} ({each.binding.layout.name})" for task, each in tasks.items())
        raise UsageError(f"inputs are for different tasks: {said}; choose with --task or --layout")
    return found
