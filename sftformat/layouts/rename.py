"""Layouts that only rename: from records to canonical columns, and back.

One principle makes the two inverse to each other: **a source value that the way back would not write again is kept
verbatim in `meta`** (an explicit null, `1.10` for 1.1, `dev` for validation, -1 for unlabelled). On the way back such a
value is used as long as it still means what the canonical field says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts.cells import decode_cell, scalar_text
from sftformat.layouts.layout import MISSING, Binding, Pointer, get, put, render, take, where_of
from sftformat.layouts.values import (
    EMPTY_IS_NULL,
    NO_RULE,
    canonical_value,
    comes_back,
    is_special,
    kind_of,
    source_value,
)
from sftformat.record import Columns, Record, decode_json, encode_json
from sftformat.schema.arrow import arrow_schema
from sftformat.uniform import Uniform

#: Index of a record -> source values of it that go to meta, by pointer.
Originals = dict[int, dict[Pointer, Any]]


# ---------------------------------------------------------------------------------------------------- there


def to_columns(
    records: Sequence[Record], binding: Binding, textual: bool, given: Columns | None = None, with_meta: bool = True
) -> tuple[dict[str, Any], list[str | None]]:
    """Return the canonical columns of records that fit, and the `meta` of each record (JSON text, or None).

    A column is a list, or an Arrow array where the records are kept by column. `given` is what is known of the records
    by column: the values of every key and their types, where all records have the same keys. Without `with_meta` every
    `meta` is None.
    """
    columns: dict[str, Any] = {}
    kept: Originals = {}
    for key, pointer in binding.at.items():
        if isinstance(records, Uniform) and (made := _of_few(records, key, binding, pointer)) is not None:
            columns[key] = made
            continue
        by_key = records.columns() if isinstance(records, Uniform) else given or {}
        known = by_key.get(pointer[0]) if len(pointer) == 1 else None
        values, kinds = known or _column(records, pointer)
        columns[key] = _convert(values, key, binding, textual, pointer, kept, kinds)
    for key, rule in binding.layout.fields.items():
        if rule.const is not MISSING and key not in columns:
            columns[key] = [rule.const] * len(records)
    for key, captured in binding.captures.items():
        columns[key] = [captured] * len(records)
    taken = tuple(binding.at.values())
    keys = records.keys if isinstance(records, Uniform) else given
    if not with_meta or (keys is not None and not kept and {(key,) for key in keys} <= set(taken)):
        return columns, [None] * len(records)
    return columns, _metas(records, taken, kept)


def _column(records: Sequence[Record], pointer: Pointer) -> tuple[list[Any], set[type]]:
    key = pointer[0]
    values = [record.get(key, MISSING) if len(pointer) == 1 else get(record, pointer) for record in records]
    return values, set(map(type, values))


def _convert(
    values: list[Any], key: str, binding: Binding, textual: bool, pointer: Pointer, kept: Originals, kinds: set[type]
) -> list[Any]:
    layout = binding.layout
    rule, kind = layout.fields.get(key, NO_RULE), kind_of(layout.task, key)
    special = is_special(key, rule, layout)
    if kind == "text" and kinds == {str} and not special and not (textual and key in EMPTY_IS_NULL):
        return values
    if kind == "text" and kinds <= {str, int, bool} and not special and not textual:
        return [scalar_text(value) for value in values]
    converted = []
    for index, value in enumerate(values):
        made = canonical_value(value, key, kind, rule, layout.unlabelled, textual)
        if not comes_back(value, made, key, kind, rule, textual):
            kept.setdefault(index, {})[pointer] = value
        converted.append(made)
    return converted


def _of_few(records: Uniform, key: str, binding: Binding, pointer: Pointer) -> Any:
    """Return a canonical column of records that are alike, made of their different values; None where that would save
    nothing, or a value is to be kept verbatim."""
    layout = binding.layout
    rule, kind = layout.fields.get(key, NO_RULE), kind_of(layout.task, key)
    name = pointer[0]
    if len(pointer) > 1 or rule.json:
        return None
    if name in records.texts and kind == "text" and not is_special(key, rule, layout):
        return records.texts[name]
    few = records.few(name)
    if few is None:
        return None
    values, of = few
    made = [canonical_value(value, key, kind, rule, layout.unlabelled, False) for value in values]
    if not all(comes_back(value, one, key, kind, rule, False) for value, one in zip(values, made, strict=True)):
        return None
    return pa.array(made, arrow_schema(layout.task).field(key).type).take(pa.array(of))


def _metas(records: Sequence[Record], taken: tuple[Pointer, ...], kept: Originals) -> list[str | None]:
    if any(len(pointer) > 1 for pointer in taken):
        rests = [_without(record, taken) for record in records]
    else:
        keys = {pointer[0] for pointer in taken}
        rests = [
            {key: value for key, value in record.items() if key not in keys} if not record.keys() <= keys else {}
            for record in records
        ]
    for index, originals in kept.items():
        for pointer, value in originals.items():
            put(rests[index], pointer, value)
    return [encode_json(rest).decode() if rest else None for rest in rests]


def _without(record: Record, taken: tuple[Pointer, ...], at: Pointer = ()) -> Record:
    """Return a copy of a record without the values at the pointers; objects that this empties go too."""
    rest: Record = {}
    for key, value in record.items():
        here = (*at, key)
        if here in taken:
            continue
        if isinstance(value, dict) and any(pointer[: len(here)] == here for pointer in taken):
            value = _without(value, taken, here)
            if not value:
                continue
        rest[key] = value
    return rest


# ---------------------------------------------------------------------------------------------------- and back


def from_rows(
    rows: Sequence[Mapping[str, Any]],
    binding: Binding,
    types: Mapping[str, Mapping[str, int]],
    textual: bool,
    native: bool = True,
) -> list[Record]:
    """Return the records of canonical rows in the layout and with the field names of `binding`.

    `types` gives for each source column the JSON types it held (`manifest.columns`); `NAME/*` are a list's items.
    `native` says that the rows were read in this layout: a kept source value that no longer means what the canonical
    field says (it was edited since) then gives way to the canonical one.

    Raises:
        UsageError: a key of `meta` has the name of a field that the layout writes.
    """
    write = [(key, pointer, _writer(binding, key, pointer, types)) for key, pointer in binding.at.items()]
    records = []
    for row in rows:
        meta: dict[str, Any] = decode_json(row["meta"]) if row.get("meta") else {}
        record: Record = {}
        for key, pointer, source in write:
            value, original = row.get(key), take(meta, pointer)
            if original is not MISSING and _means(original, value, key, binding, textual):
                put(record, pointer, original if textual else _as_value(original, key, binding))
                continue
            if original is not MISSING and not native:
                raise UsageError(clash("/".join(pointer), row))
            made = source(value)
            if made is not MISSING:
                put(record, pointer, made)
        merge(record, meta, row)
        records.append(record)
    return records


def _as_value(original: Any, key: str, binding: Binding) -> Any:
    """Return a kept value for a format that has types: the text of a number in a CSV cell is that number."""
    rule = binding.layout.fields.get(key, NO_RULE)
    cell = type(original) is str and rule.split is None and not rule.json
    return decode_cell(original) if cell and original and kind_of(binding.layout.task, key) != "text" else original


def clash(name: str, row: Mapping[str, Any]) -> str:
    """Say that a column of the source has the name of one that the layout writes."""
    return (
        f"{clip(name)!r} stands in meta and is also a key that this layout writes "
        f"(first at {where_of(row)}): rename that column, or choose another layout"
    )


def _writer(
    binding: Binding, key: str, pointer: Pointer, types: Mapping[str, Mapping[str, int]]
) -> Callable[[Any], Any]:
    rule, kind = binding.layout.fields.get(key, NO_RULE), kind_of(binding.layout.task, key)
    name = pointer[0] if len(pointer) == 1 else render(pointer)
    held = types.get(f"{name}/*" if kind == "texts" else name, {})
    return lambda value: source_value(value, kind, rule, held)


def _means(original: Any, value: Any, key: str, binding: Binding, textual: bool) -> bool:
    rule, kind = binding.layout.fields.get(key, NO_RULE), kind_of(binding.layout.task, key)
    try:
        return bool(canonical_value(original, key, kind, rule, binding.layout.unlabelled, textual) == value)
    except (ValueError, TypeError, KeyError, msgspec.DecodeError):
        return False


def merge(record: Record, meta: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Put the keys of `meta` into a record beside those that the layout wrote.

    Raises:
        UsageError: the layout wrote a key of that name.
    """
    for key, value in meta.items():
        if key not in record:
            record[key] = value
        elif isinstance(record[key], dict) and isinstance(value, dict):
            merge(record[key], value, row)
        else:
            raise UsageError(clash(key, row))
