"""Validate: every record against the schema of its layout. With `normalize` this is the only door to canonical rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from sftformat.diagnostics import Diagnostic, Severity, clip, diagnostic
from sftformat.layouts.cells import TEXTUAL, read_cells, read_some
from sftformat.layouts.layout import Binding, Fault, render
from sftformat.layouts.reader import reader_of, seen
from sftformat.record import Batch, Number, Reject
from sftformat.schema.decide import plain
from sftformat.schema.explain import Violation
from sftformat.uniform import Uniform

#: Types that may hold a Number, which no validator understands.
_NOT_PLAIN = {Number, list, dict}


def validate(batch: Batch, binding: Binding) -> tuple[Batch, list[Reject]]:
    """Return the records that fit, and those that do not as rejects with a diagnostic for each violation.

    In CSV and TSV a cell whose property admits no string is read as JSON first; its text is kept in the record.
    """
    assert binding.compiled is not None  # bind() always compiles
    if _all_forms_fit(batch, binding):
        return _usable(batch, binding)
    shown = _shown(batch, binding)
    bad: dict[int, Sequence[Violation]] = {}
    if not binding.compiled.all_fit(shown):
        fits, explain = binding.compiled.fits, binding.compiled.explain
        bad = {index: explain(value) for index, value in enumerate(shown) if not fits(value)}
    if not bad:
        return _usable(batch, binding)
    rejects = [batch.reject(index, violations(batch, index, bad[index])) for index in sorted(bad)]
    fitting, others = _usable(without(batch, set(bad)), binding)
    return fitting, sorted([*rejects, *others], key=lambda each: each.line)


def _all_forms_fit(batch: Batch, binding: Binding) -> bool:
    """Whether all records fit because each of their few forms does, and the schema does not look into texts."""
    records, schema = batch.records, binding.compiled
    if not isinstance(records, Uniform) or schema is None or not schema.blind or _json_cells(binding):
        return False
    return schema.all_fit([plain(form) for form in records.forms])


def _usable(batch: Batch, binding: Binding) -> tuple[Batch, list[Reject]]:
    """Leave out the records that say so themselves, and those with what a schema cannot see (spans out of the text)."""
    reader = reader_of(binding) if binding.layout.module is not None else None
    if reader is None or (reader.left_out is None and reader.faults is None):
        return batch, []
    rejects: dict[int, Reject] = {}
    found: list[Diagnostic] = []
    for index, record in enumerate(seen(batch.records, reader, batch.format in TEXTUAL)):
        why = reader.left_out(record) if reader.left_out is not None else ""
        if why:
            rejects[index] = batch.reject(index, (_at(batch, index, "SFT112", why),), "filtered")
            continue
        said = [_of_fault(batch, index, each) for each in (reader.faults(record) if reader.faults is not None else ())]
        if any(each.severity is Severity.ERROR for each in said):
            rejects[index] = batch.reject(index, tuple(said))
        else:
            found += said
    batch = replace(batch, diagnostics=(*batch.diagnostics, *found)) if found else batch
    return (without(batch, set(rejects)) if rejects else batch), list(rejects.values())


def _at(batch: Batch, index: int, code: str, message: str, **fields: Any) -> Diagnostic:
    place = {"file": batch.file_of(index), "line": batch.lines[index], "byte": batch.offsets[index]}
    return diagnostic(code, message, **place, **fields)


def _of_fault(batch: Batch, index: int, fault: Fault) -> Diagnostic:
    more = {"severity": fault.severity} if fault.severity is not None else {}
    place = {"path": render(fault.at), "expected": fault.expected, "got": fault.got}
    return _at(batch, index, fault.code, fault.words, **place, **more)


def without(batch: Batch, dropped: set[int]) -> Batch:
    """Return a batch without some of its records; what it says of the rest of the file stays."""
    kept = [index for index in range(len(batch)) if index not in dropped]
    return replace(
        batch,
        records=[batch.records[index] for index in kept],
        lines=[batch.lines[index] for index in kept],
        offsets=[batch.offsets[index] for index in kept],
        raw=[batch.raw[index] for index in kept],
        files=[batch.files[index] for index in kept] if batch.files is not None else None,
    )


def violations(batch: Batch, index: int, found: Sequence[Violation]) -> tuple[Diagnostic, ...]:
    """Return what is wrong with one record as diagnostics, in words of ours."""
    line, byte = batch.lines[index], batch.offsets[index]
    return tuple(
        diagnostic(
            each.code,
            _words(each),
            file=batch.file_of(index),
            line=line,
            byte=byte,
            path=each.path,
            keyword=each.keyword,
            expected=each.expected,
            got=each.got,
        )
        for each in found
    )


def _words(each: Violation) -> str:
    where = clip(each.path) or "the record"
    if each.keyword == "required":
        return f"{where} is missing; there are {each.got}"
    return f"{where}: expected {each.expected}, got {each.got}"


def _shown(batch: Batch, binding: Binding) -> list[Any]:
    """Return the records as the validator is to see them: Numbers as floats, and cells that are to be JSON as JSON."""
    if batch.format in TEXTUAL:
        return list(read_cells(batch.records, binding))
    json_cells = _json_cells(binding)
    if not json_cells and batch.columns is not None:
        kinds = set().union(*(types for _, types in batch.columns.values()))
        return [plain(record) for record in batch.records] if kinds & _NOT_PLAIN else list(batch.records)
    records = [read_some(record, json_cells) for record in batch.records] if json_cells else batch.records
    kinds = {kind for record in records for kind in map(type, record.values())}
    return [plain(record) for record in records] if kinds & _NOT_PLAIN else list(records)


def _json_cells(binding: Binding) -> list[str]:
    """Return the keys under which a text is JSON."""
    fields = binding.layout.fields
    return [pointer[0] for key, pointer in binding.at.items() if key in fields and fields[key].json]


Path = str | os.PathLike[str]


def diagnose(
    inputs: Path | Sequence[Path],
    *,
    select: str | Sequence[str] = (),
    ignore: str | Sequence[str] = (),
    rules: Mapping[str, Mapping[str, float | str]] | None = None,
    options: Any = None,
) -> Iterator[Diagnostic]:
    """Check every row of the inputs and yield every finding, as `sftformat validate` does; nothing is written.

    `inputs` are what the command takes: files, folders, globs, each with `train=` or another split in front if you
    like. `select` and `ignore` are codes, beginnings of codes or names, several or one; `rules` are thresholds and
    severities by code or name, as in the config file: `{"SFT204": {"max_chars": 5000}, "duplicate-record": {"severity":
    "error"}}`.
    `options` is a `sftformat.dataset.options.DatasetOptions` for everything else (layout, task, columns, workers …).

    Raises:
        UsageError, InputError, SchemaError: the inputs cannot be read or understood as a whole, or a rule is unknown.
    """
    # This is the door for callers from outside; the stages behind it lie above this module, so they come by name.
    module = import_module("sftformat.dataset.build")
    made = options if options is not None else import_module("sftformat.dataset.options").DatasetOptions()
    told = made.settings
    thresholds = {**told.thresholds, **(rules or {})}
    chosen = replace(told, select=_several(select) or told.select, ignore=_several(ignore) or told.ignore)
    specs = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    events = module.diagnose(
        [os.fspath(spec) for spec in specs], replace(made, settings=replace(chosen, thresholds=thresholds))
    )
    return (event for event in events if isinstance(event, Diagnostic))


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return selectors as several: a lone string is one, not its letters."""
    return ((given,) if given else ()) if isinstance(given, str) else tuple(given)
