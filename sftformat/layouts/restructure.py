"""Layouts with a module: their records to canonical columns, and back, with what the module itself would not write.

A module may leave more behind than its canonical fields say (offsets in other units, a key under another name). If it
says `ONE_OF`, its record is made again at once, and a key that would come back as something else is kept in meta,
verbatim. On the way back it is used as long as the row still means the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sftformat.errors import UsageError
from sftformat.layouts.layout import MISSING, Fault, Layout, module_of
from sftformat.record import Record

#: What a row has where a module says nothing.
_NOTHING: Mapping[str, Any] = {"input": None, "target": None, "tools": None}


def to_rows(records: Sequence[Record], layout: Layout) -> tuple[list[Record], list[Record]]:
    """Return for each record its canonical fields, and the keys of the module that must be kept in meta."""
    module = module_of(layout)
    made = [module.to_canonical(record) for record in records]
    if not hasattr(module, "ONE_OF"):
        return made, [{} for _ in records]
    kept = [_not_written(module, record, row) for record, row in zip(records, made, strict=True)]
    return made, kept


def _not_written(module: Any, record: Record, row: Record) -> Record:
    try:
        again = module.from_canonical({**_NOTHING, **row}, {})
    except UsageError:  # it can be read in this layout, and yet not written
        again = {}
    held = {key: record[key] for key in module.KEYS if key in record}
    kept = {key: value for key, value in held.items() if again.get(key, MISSING) != value}
    others = () if kept.keys().isdisjoint(module.ONE_OF) else module.ONE_OF
    return {**kept, **{key: held[key] for key in others if key in held}}


def from_row(row: Mapping[str, Any], layout: Layout, types: Mapping[str, Mapping[str, int]], rest: Record) -> Record:
    """Return what the module writes for a row; keys of it that `rest` has are taken out of that, and used if they may.

    They may where the record that they make still means the row.

    Raises:
        UsageError: the layout cannot hold the row.
    """
    module = module_of(layout)
    kept = {key: rest.pop(key) for key in module.KEYS if key in rest} if hasattr(module, "ONE_OF") else {}
    try:
        made: Record = module.from_canonical(row, types)
    except UsageError:
        if not _means(module, kept, row):
            raise
        return kept
    others = () if kept.keys().isdisjoint(getattr(module, "ONE_OF", ())) else module.ONE_OF
    whole = {**{key: value for key, value in made.items() if key not in others}, **kept}
    return whole if kept and _means(module, whole, row) else made


def _means(module: Any, record: Record, row: Mapping[str, Any]) -> bool:
    try:
        meant = module.to_canonical(record)
    except (KeyError, TypeError, ValueError, IndexError):
        return False
    return all(_bare(row.get(key)) == _bare(value) for key, value in meant.items())


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
    """Return the canonical fields that a module writes, whatever its schema names."""
    if layout.module is None:
        return ()
    return ("input", "target", *getattr(module_of(layout), "HOLDS", ("tools",)))
