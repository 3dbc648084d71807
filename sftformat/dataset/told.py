"""What the user said about the layout of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sftformat.dataset.options import REJECTS, DatasetOptions
from sftformat.errors import UsageError
from sftformat.layouts.layout import Layout, Rule, from_user, layout
from sftformat.schema.arrow import TASKS
from sftformat.schema.store import load


def told_layout(options: DatasetOptions) -> Layout | None:
    """Return the layout that the user named, by name, by schema, or by a map and a task; None = to be detected.

    A schema that does not say where the fields are does not name a layout; the records must fit it all the same.

    Raises:
        UsageError: the options contradict each other.
    """
    if options.task is not None and options.task not in TASKS:
        raise UsageError(f"--task {options.task}: there are {', '.join(TASKS)}")
    if options.layout is not None and options.layout != REJECTS:
        named = layout(options.layout)
        if options.task is not None and named.task != options.task:
            raise UsageError(f"--layout {named.name} is for {named.task}, not for --task {options.task}")
        return replace(named, own=options.schema)
    if options.schema is not None and ("x-sftformat" in options.schema or options.mapping):
        return _user_layout(options)
    if options.task is not None and "target" in options.mapping:
        return mapped_layout(options.task, options.mapping)
    return None


def mapped_layout(task: str, mapping: Mapping[str, str]) -> Layout:
    """Return the layout of records whose fields are all named with `--map`: what is read must be there."""
    read = [at for key, at in mapping.items() if key in ("input", "input_pair") and not at.startswith("/")]
    return Layout(f"mapped-{task}", task, "Fields named with --map", {"type": "object", "required": read}, {})


def _user_layout(options: DatasetOptions) -> Layout:
    schema, name = options.schema or {}, options.schema_name
    if "x-sftformat" in schema:
        return from_user(schema, name)
    task = options.task or "classification"
    fields = {key: Rule() for key in options.mapping if key in load(f"canonical/{task}")["properties"]}
    return Layout(name, task, str(schema.get("title", name)), {"type": "object"}, fields, own=schema)


def refuse_raw_options(options: DatasetOptions) -> None:
    """Refuse options that say how raw records are read, where the input is a data set folder.

    Raises:
        UsageError: one was given; what cannot be followed is not ignored.
    """
    told = {
        "--layout": options.layout,
        "--map": options.mapping,
        "--schema": options.schema,
        "--limit": options.limit,
        "--labels with names for ids": options.label_names,
        "--no-header": not options.read.header,
        "--encoding": options.read.encoding,
        "--delimiter": options.read.delimiter,
        "--join": options.read.join,
    }
    wrong = [name for name, value in told.items() if value]
    if wrong:
        raise UsageError(
            f"{wrong[0]} is for raw inputs; this one is a data set folder, whose rows are canonical already"
        )
