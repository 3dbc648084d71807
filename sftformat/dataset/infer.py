"""A schema that admits every record of some inputs that their layout admits, with that layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sftformat.dataset.bindings import bind_inputs
from sftformat.dataset.options import DatasetOptions
from sftformat.diagnostics import clip
from sftformat.errors import InputError, UsageError
from sftformat.formats import read
from sftformat.layouts import LAYOUTS
from sftformat.layouts.cells import TEXTUAL, read_cells
from sftformat.layouts.layout import MISSING, Binding, Rule, layout, render
from sftformat.plan import Plan, Progress, check_unchanged, plan
from sftformat.record import Batch
from sftformat.schema.dialects import LATEST
from sftformat.schema.infer import Budget, Seen
from sftformat.validate import validate, without


@dataclass(frozen=True, slots=True)
class Inferred:
    """A schema, what it was made from, and why it names no layout where it names none.

    `rows` records have a part in it; `unread` could not be read, `refused` do not fit the layout they have.
    """

    schema: Mapping[str, Any]
    rows: int
    unread: int
    refused: int = 0
    no_layout: str = ""


def infer(specs: Sequence[str], options: DatasetOptions) -> Iterator[Progress | Inferred]:
    """Read every record of the inputs and yield, last, the schema that admits all of them.

    The schema says where the fields of a row stand when the inputs have one layout: it can be given to `--schema`.
    Records that cannot be read, or that do not fit this layout, are counted and have no part in it.

    Raises:
        UsageError, InputError: the inputs cannot be read as a whole, or hold no record that fits.
    """
    with TemporaryDirectory(prefix="sftformat-") as name:
        found = plan(specs, options.read, Path(name))
        if any(each.canonical for each in found.inputs):
            raise UsageError("a data set folder has a schema already: sftformat schema canonical/TASK")
        bindings, why = _bindings(found, options)
        seen, rows, unread, refused = Seen(Budget()), 0, 0, 0
        for done, unit in enumerate(found.units, start=1):
            for batch in read(unit.source, options.read.of(unit.source.path)):
                fitting = _fitting(batch, bindings[unit.input])
                seen.see(_shown(fitting, bindings[unit.input]), batch.format in TEXTUAL)
                rows, unread = rows + len(fitting), unread + len(batch.rejects)
                refused += len(batch) - len(fitting)
            yield Progress("read", done, len(found.units), rows)
        check_unchanged(found)
        if not rows:
            raise InputError(f"no record can be {_used(bindings[0])}, so there is nothing to infer from")
        counts = _counts(rows, unread, refused, bindings[0])
        yield Inferred(_schema(seen, found, bindings[0], counts), rows, unread, refused, why)


def _used(binding: Binding | None) -> str:
    return "read" if binding is None else f"read that fits layout {binding.layout.name}"


def _counts(rows: int, unread: int, refused: int, binding: Binding | None) -> str:
    """Say how many records a schema admits, and how many have no part in it."""
    missed = [f"{unread:,} more could not be read"] if unread else []
    if refused and binding is not None:
        missed.append(f"{refused:,} more {'does' if refused == 1 else 'do'} not fit layout {binding.layout.name}")
    made = f"{rows:,} {'record' if rows == 1 else 'records'}: it admits every one of them"
    return made + (f"; {'; '.join(missed)}" if missed else "")


def _bindings(found: Plan, options: DatasetOptions) -> tuple[list[Binding | None], str]:
    """Return the layout of every input, or why they have none in common."""
    try:
        bindings = [each.binding for each in bind_inputs(found, options)]
    except (UsageError, InputError) as error:
        return [None] * len(found.inputs), str(error)
    said = [each.to_json() for each in bindings]
    if any(each != said[0] for each in said):
        return [None] * len(found.inputs), "the inputs have different layouts"
    return list(bindings), ""


def _fitting(batch: Batch, binding: Binding | None) -> Batch:
    """Return a batch without the records that its layout refuses; one that is to be left out is none of them."""
    rejects = validate(batch, binding)[1] if binding is not None else []
    refused = {(each.file, each.line, each.byte) for each in rejects if each.reason != "filtered"}
    if not refused:
        return batch
    places = zip(map(batch.file_of, range(len(batch))), batch.lines, batch.offsets, strict=True)
    return without(batch, {index for index, place in enumerate(places) if place in refused})


def _shown(batch: Batch, binding: Binding | None) -> Sequence[Any]:
    """Return records as a schema sees them: where a layout wants JSON in a cell, what the cell says."""
    return read_cells(batch.records, binding) if binding is not None and batch.format in TEXTUAL else batch.records


def _schema(seen: Seen, found: Plan, binding: Binding | None, counts: str) -> dict[str, Any]:
    names = [each.name for each in found.inputs]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    body = seen.schema()
    target = binding.at.get("target", ()) if binding is not None else ()
    if len(target) == 1 and seen.keys is not None and target[0] in seen.keys:
        body["properties"][target[0]] = seen.keys[target[0]].schema(label=True)
    return {
        "$schema": LATEST,
        "title": clip(f"Records of {shown}", 120),
        "description": f"Inferred from {counts}. Loosen what is there by chance.",
        **body,
        **({"x-sftformat": _layout(binding)} if binding is not None and _can_be_said(binding) else {}),
    }


def _can_be_said(binding: Binding) -> bool:
    """Whether a schema can say the layout; one of several of a module is found anew by what the records hold."""
    module = binding.layout.module
    return module is None or sum(layout(name).module == module for name in LAYOUTS) == 1


def _layout(binding: Binding) -> dict[str, Any]:
    """Return what `x-sftformat` says about a layout, for the places that were chosen."""
    own = binding.layout
    fields = {key: _rule(own.fields.get(key, Rule()), render(at)) for key, at in binding.at.items()}
    consts = {key: {"const": rule.const} for key, rule in own.fields.items() if rule.const is not MISSING}
    captured = {key: {"const": value} for key, value in binding.captures.items()}
    said: dict[str, Any] = {"version": 1, "task": own.task, "fields": {**consts, **captured, **fields}}
    if own.unlabelled:
        said["unlabelled"] = list(own.unlabelled)
    if own.module is not None:
        said["module"] = own.module
    return said


def _rule(rule: Rule, pointer: str) -> Any:
    more = {"split": rule.split, "json": rule.json or None, "values": rule.values, "as": rule.cast}
    said = {key: value for key, value in more.items() if value is not None}
    return {"at": [pointer], **said} if said else pointer
