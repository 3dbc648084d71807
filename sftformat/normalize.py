"""Normalize: records that fit their schema become canonical rows, whose types hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from sftformat.layouts.cells import TEXTUAL
from sftformat.layouts.layout import MISSING, Binding, get, module_of, render
from sftformat.layouts.rename import to_columns
from sftformat.record import JSON_TYPES, Batch, Record, decode_json, hash_json, record_id
from sftformat.schema.arrow import arrow_schema

#: Fields of a row that are not learned: they do not enter the id.
NOT_LEARNED = frozenset({"id", "split", "weight", "group", "meta", "source"})

#: JSON types by source column, or by pointer where a mapped field stands inside an object, in the order in which they
#: were first seen; `NAME/*` are the items of lists.
ColumnTypes = dict[str, Counter[str]]
#: For the same names and types the line of the first record that held the type.
TypeLines = dict[str, dict[str, int]]


def normalize(batch: Batch, binding: Binding, split: str | None = None) -> pa.RecordBatch:
    """Return the canonical rows of a batch in which every record fits `binding.compiled`.

    The split is the record's own (its `split` field), else `split`, else null. The id is the one given, else the hash
    of what is learned.

    Returns:
        as many rows as records, with the schema `arrow_schema(task)`.
    """
    schema = arrow_schema(binding.layout.task)
    columns, metas = canonical_columns(batch.records, binding, batch.format in TEXTUAL)
    rows = len(batch)
    columns["meta"] = list(metas)
    own_split = columns.get("split")
    columns["split"] = [value or split for value in own_split] if own_split else [split] * rows
    columns["id"] = _ids(columns, rows, schema)
    arrays = [
        pa.array(columns.get(field.name, [None] * rows), field.type) for field in schema if field.name != "source"
    ]
    arrays.insert(schema.get_field_index("source"), _sources(batch, schema.field("source").type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def canonical_columns(
    records: Sequence[Record], binding: Binding, textual: bool
) -> tuple[dict[str, list[Any]], list[str | None]]:
    """Return the canonical columns of records, and the `meta` of each, by whatever way their layout goes."""
    if binding.layout.module is None:
        return to_columns(records, binding, textual)
    module = module_of(binding.layout)
    shared = {key: pointer for key, pointer in binding.at.items() if key in NOT_LEARNED}
    rest = [
        {key: value for key, value in record.items() if key not in module.KEYS or (value is None)} for record in records
    ]
    columns, metas = to_columns(rest, Binding(binding.layout, shared), textual)
    if textual:
        records = [_with_turns(record, module.KEYS[0]) for record in records]
    made = [module.to_canonical(record) for record in records]
    for key in made[0] if made else ():
        columns[key] = [row[key] for row in made]
    return columns, metas


def _with_turns(record: Record, key: str) -> Record:
    """Read the turns of a conversation that stand as JSON text in a cell."""
    return {**record, key: decode_json(record[key])}


def _sources(batch: Batch, kind: pa.StructType) -> pa.StructArray:
    parts = [[batch.file] * len(batch), batch.lines, batch.offsets]
    arrays = [pa.array(part, field.type) for part, field in zip(parts, kind.fields, strict=True)]
    return pa.StructArray.from_arrays(arrays, fields=kind.fields)


def _ids(columns: Mapping[str, list[Any]], rows: int, schema: pa.Schema) -> list[str]:
    given = columns.get("id") or [None] * rows
    if None not in given:
        return given
    names = sorted(name for name in schema.names if name in columns and name not in NOT_LEARNED)
    learned = zip(*(columns[name] for name in names), strict=True)
    if all(_plain_column(columns[name]) for name in names):  # the same bytes as learned_id, without looking for nulls
        made = [hash_json(dict(zip(names, values, strict=True))) for values in learned]
    else:
        made = [learned_id(names, values) for values in learned]
    return [own if own is not None else new for own, new in zip(given, made, strict=True)]


def _plain_column(values: list[Any]) -> bool:
    return set(map(type, values)) <= {str, float}


def learned_id(names: Sequence[str], values: Sequence[Any]) -> str:
    """Return the id of a row that was given none: the hash of its learned fields that are not null.

    Messages count without their null keys: Arrow cannot tell those from absent ones.
    """
    return record_id(
        {name: _without_nulls(value) for name, value in zip(names, values, strict=True) if value is not None}
    )


def _without_nulls(value: Any) -> Any:
    if type(value) is list and value and type(value[0]) is dict:
        return [{key: item for key, item in message.items() if item is not None} for message in value]
    return value


def count_types(
    batch: Batch, found: ColumnTypes, binding: Binding | None = None, lines: TypeLines | None = None
) -> None:
    """Add the JSON types of every top-level column of a batch, and of mapped fields inside objects, to `found`.

    `lines` takes for each type the line of its first record.
    """
    first = {} if lines is None else lines
    for pointer in binding.at.values() if binding is not None else ():
        if len(pointer) > 1:
            _count(batch, render(pointer), [get(record, pointer) for record in batch.records], found, first)
    for key in dict.fromkeys(key for record in batch.records for key in record):
        values = [record.get(key, MISSING) for record in batch.records]
        if list in _count(batch, key, values, found, first):
            _count_items(batch, f"{key}/*", values, found, first)


def _count(batch: Batch, name: str, values: Sequence[Any], found: ColumnTypes, first: TypeLines) -> Counter[type]:
    kinds = Counter(map(type, values))
    kinds.pop(type(MISSING), None)
    for kind, count in kinds.items():
        if _is_new(name, kind, count, found):
            first.setdefault(name, {})[JSON_TYPES[kind]] = batch.lines[list(map(type, values)).index(kind)]
    return kinds


def _count_items(batch: Batch, name: str, values: Sequence[Any], found: ColumnTypes, first: TypeLines) -> None:
    items = Counter(type(item) for value in values if type(value) is list for item in value)
    for kind, count in items.items():
        if _is_new(name, kind, count, found):
            holders = (type(value) is list and kind in map(type, value) for value in values)
            first.setdefault(name, {})[JSON_TYPES[kind]] = batch.lines[list(holders).index(True)]


def _is_new(name: str, kind: type, count: int, found: ColumnTypes) -> bool:
    """Count a type, and tell whether its column had none of it before."""
    counts = found.setdefault(name, Counter())
    counts[JSON_TYPES[kind]] += count
    return counts[JSON_TYPES[kind]] == count
