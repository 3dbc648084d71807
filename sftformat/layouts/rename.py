"""Layouts that only rename: from records to canonical columns, and back.

One principle makes the two inverse to each other: **a source value that the way back would not write again is kept
verbatim in `meta`** (an explicit null, `1.10` for 1.1, `dev` for validation, -1 for unlabelled). On the way back such a
value is used as long as it still means what the canonical field says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

import msgspec
import pyarrow as pa

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts.cells import as_float, decode_cell, joined_cell, number_text, scalar_text
from sftformat.layouts.layout import MISSING, Binding, Pointer, Rule, get, put, render, take, where_of
from sftformat.record import SPLIT_NAMES, Columns, Number, Record, decode_json, encode_json
from sftformat.schema.arrow import arrow_schema

#: Fields of which an empty cell in CSV and TSV says that nothing is there.
EMPTY_IS_NULL = frozenset({"target", "id", "split", "weight", "group"})
_NO_RULE = Rule()
#: Index of a record -> source values of it that go to meta, by pointer.
Originals = dict[int, dict[Pointer, Any]]


def kind_of(task: str, key: str) -> str:
    """Return how a canonical field is made: `text`, `number`, `texts` (a list) or `pairs` (lists of integers)."""
    kind = arrow_schema(task).field(key).type
    if pa.types.is_string(kind):
        return "text"
    if pa.types.is_floating(kind):
        return "number"
    return "pairs" if pa.types.is_list(kind.value_type) else "texts"


def canonical_value(value: Any, key: str, kind: str, rule: Rule, unlabelled: Sequence[Any], textual: bool) -> Any:
    """Return the canonical value of one source value that fits the schema; MISSING and null give None.

    `textual` says that the source is CSV or TSV, where every value is text.
    """
    if value is MISSING or value is None or (textual and value == "" and key in EMPTY_IS_NULL):
        return None
    if key == "target" and unlabelled and _is_one_of(value, unlabelled, textual):
        return None
    if key == "split":
        return SPLIT_NAMES[value] if value else None
    if rule.split is not None and type(value) is str:
        return [_named(text, rule) for text in value.split(rule.split)] if value else []
    if type(value) is str and (rule.json or (textual and kind != "text")):
        value = decode_cell(value) if textual else decode_json(value)
    if kind == "number":
        return None if value is None else as_float(value)
    if kind == "texts":
        return None if value is None else [_named(scalar_text(item), rule) for item in value]
    if kind == "pairs":
        return None if value is None else [[int(float(number)) for number in pair] for pair in value]
    return _named(scalar_text(value), rule)


def _named(text: str, rule: Rule) -> str:
    return rule.values.get(text, text) if rule.values else text


def _unnamed(text: str, rule: Rule) -> str:
    return next((source for source, name in rule.values.items() if name == text), text) if rule.values else text


def _is_one_of(value: Any, unlabelled: Sequence[Any], textual: bool) -> bool:
    if type(value) is bool:
        return any(value is known for known in unlabelled)
    return value in unlabelled or (textual and value in [scalar_text(known) for known in unlabelled])


def source_value(value: Any, kind: str, rule: Rule, types: Mapping[str, int]) -> Any:
    """Return what the way back writes for a canonical value: the inverse of `canonical_value` where there is one."""
    if value is None:
        return MISSING
    if kind == "number" and not isfinite(value):
        return MISSING  # beyond every number of JSON; what the source had is kept
    if kind == "number":
        return Number(number_text(value)) if value != int(value) else int(value)
    if kind == "texts":
        texts = [_unnamed(item, rule) for item in value]
        return [_typed(item, types) for item in texts] if rule.split is None else joined_cell(texts, rule.split)
    return value if kind == "pairs" else _typed(_unnamed(value, rule), types)


def _typed(text: str, types: Mapping[str, int]) -> Any:
    """Cast a text back to the one JSON type that its column had."""
    kinds = {kind for kind, count in types.items() if count and kind != "null"}
    if kinds == {"boolean"} and text in ("true", "false"):
        return text == "true"
    if kinds and kinds <= {"integer", "number"}:
        try:
            value = decode_json(text)
        except msgspec.DecodeError:
            return text
        return value if type(value) in (int, Number) else text
    return text


# ---------------------------------------------------------------------------------------------------- there


def to_columns(
    records: Sequence[Record], binding: Binding, textual: bool, given: Columns | None = None, with_meta: bool = True
) -> tuple[dict[str, list[Any]], list[str | None]]:
    """Return the canonical columns of records that fit, and the `meta` of each record (JSON text, or None).

    `given` is what is known of the records by column: the values of every key and their types, where all records have
    the same keys. Without `with_meta` every `meta` is None.
    """
    columns: dict[str, list[Any]] = {}
    kept: Originals = {}
    for key, pointer in binding.at.items():
        known = (given or {}).get(pointer[0]) if len(pointer) == 1 else None
        values, kinds = known or _column(records, pointer)
        columns[key] = _convert(values, key, binding, textual, pointer, kept, kinds)
    for key, rule in binding.layout.fields.items():
        if rule.const is not MISSING and key not in columns:
            columns[key] = [rule.const] * len(records)
    for key, captured in binding.captures.items():
        columns[key] = [captured] * len(records)
    taken = tuple(binding.at.values())
    if not with_meta or (given is not None and not kept and {(key,) for key in given} <= set(taken)):
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
    rule, kind = layout.fields.get(key, _NO_RULE), kind_of(layout.task, key)
    special = rule.values or rule.split or rule.json or key == "split" or layout.unlabelled
    if kind == "text" and kinds == {str} and not special and not (textual and key in EMPTY_IS_NULL):
        return values
    if kind == "text" and kinds <= {str, int, bool} and not special and not textual:
        return [scalar_text(value) for value in values]
    converted = []
    for index, value in enumerate(values):
        made = canonical_value(value, key, kind, rule, layout.unlabelled, textual)
        if not _comes_back(value, made, key, kind, rule, textual):
            kept.setdefault(index, {})[pointer] = value
        converted.append(made)
    return converted


def _comes_back(value: Any, made: Any, key: str, kind: str, rule: Rule, textual: bool) -> bool:
    """Whether the way back writes `value` again from `made`, with the type of its column known."""
    if made is None:
        return value is MISSING or (textual and value == "")
    if key == "split":
        return bool(value == made)
    if rule.values and type(made) is str and _unnamed(made, rule) != scalar_text(value):
        return False  # the name itself stands there, and not what stands for it
    if rule.values and kind == "texts" and type(value) is list:
        return all(_unnamed(name, rule) == scalar_text(item) for name, item in zip(made, value, strict=True))
    if kind == "number":
        return scalar_text(value) == number_text(made)
    if kind in ("texts", "pairs") and textual and rule.split is None:
        return bool(value == encode_json(made).decode())
    if kind == "texts" and rule.split is not None:
        return bool(value == rule.split.join(_unnamed(name, rule) for name in made))
    return bool(value == made) if kind == "pairs" else not rule.json


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
    rule = binding.layout.fields.get(key, _NO_RULE)
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
    rule, kind = binding.layout.fields.get(key, _NO_RULE), kind_of(binding.layout.task, key)
    name = pointer[0] if len(pointer) == 1 else render(pointer)
    held = types.get(f"{name}/*" if kind == "texts" else name, {})
    return lambda value: source_value(value, kind, rule, held)


def _means(original: Any, value: Any, key: str, binding: Binding, textual: bool) -> bool:
    rule, kind = binding.layout.fields.get(key, _NO_RULE), kind_of(binding.layout.task, key)
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
