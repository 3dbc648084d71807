"""Layouts with a module: their records to canonical columns, and back, with what the module itself would not write.

A module may leave more behind than its canonical fields say (offsets in other units, a key under another name). If it
says `ONE_OF`, its record is made again at once, and a key that would come back as something else is kept in meta,
verbatim. On the way back it is used as long as the row still means the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sftformat.layouts.layout import MISSING, Fault, Layout, module_of
from sftformat.record import Record


def to_rows(records: Sequence[Record], layout: Layout) -> tuple[list[Record], list[Record]]:
    """Return for each record its canonical fields, and the keys of the module that must be kept in meta."""
    module = module_of(layout)
    made = [module.to_canonical(record) for record in records]
    if not hasattr(module, "ONE_OF"):
        return made, [{} for _ in records]
    kept = [_not_written(module, record, row) for record, row in zip(records, made, strict=True)]
    return made, kept


def _not_written(module: Any, record: Record, row: Record) -> Record:
    again = module.from_canonical(row, {})
    return {
        key: record[key]
        for key in module.KEYS
        if record.get(key) is not None and again.get(key, MISSING) != record[key]
    }


def from_row(row: Mapping[str, Any], layout: Layout, types: Mapping[str, Mapping[str, int]], rest: Record) -> Record:
    """Return what the module writes for a row; keys of it that `rest` has are taken out of that, and used if they may.

    They may where the record that they make still means the row.
    """
    module = module_of(layout)
    made: Record = module.from_canonical(row, types)
    kept = {key: rest.pop(key) for key in module.KEYS if rest.get(key) is not None} if hasattr(module, "ONE_OF") else {}
    if not kept:
        return made
    others = () if kept.keys().isdisjoint(module.ONE_OF) else module.ONE_OF
    whole = {**{key: value for key, value in made.items() if key not in others}, **kept}
    try:
        meant = module.to_canonical(whole)
    except (KeyError, TypeError, ValueError, IndexError):
        return made
    return whole if all(_bare(row.get(key)) == _bare(value) for key, value in meant.items()) else made


def _bare(value: Any) -> Any:
    """Return a value without the nulls that Arrow has for absent keys."""
    if isinstance(value, Mapping):
        return {key: _bare(item) for key, item in value.items() if item is not None}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def faults(record: Record, layout: Layout) -> Iterator[Fault]:
    """Find what a schema cannot say about a record that fits it."""
    module = module_of(layout)
    if hasattr(module, "faults"):
        yield from module.faults(record)


def left_out(record: Record, layout: Layout) -> str:
    """Say why a record is not to be used, as it says itself; empty where it is."""
    module = module_of(layout)
    return module.left_out(record) if hasattr(module, "left_out") else ""


def holds(layout: Layout) -> tuple[str, ...]:
    """Return the canonical fields that a module writes besides those its schema names."""
    found: tuple[str, ...] = getattr(module_of(layout), "HOLDS", ("tools",)) if layout.module else ()
    return found
