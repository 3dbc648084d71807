"""Normalize: records that fit their schema become canonical rows, whose types hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from sftformat.ids import NOT_LEARNED, ids, listed
from sftformat.layouts.cells import TEXTUAL
from sftformat.layouts.layout import MISSING, Binding, get, render
from sftformat.layouts.reader import read, reader_of
from sftformat.layouts.rename import to_columns
from sftformat.record import JSON_TYPES, Batch
from sftformat.schema.arrow import arrow_schema
from sftformat.uniform import Uniform

#: JSON types by source column, or by pointer where a mapped field stands inside an object, in the order in which they
#: were first seen; `NAME/*` are the items of lists.
ColumnTypes = dict[str, Counter[str]]
#: For the same names and types the line of the first record that held the type.
TypeLines = dict[str, dict[str, int]]


def normalize(
    batch: Batch, binding: Binding, split: str | None = None, fields: Collection[str] | None = None
) -> pa.RecordBatch:
    """Return the canonical rows of a batch in which every record fits `binding.compiled`.

    The split is the record's own (its `split` field), else `split`, else null. The id is the one given, else the hash
    of what is learned. Columns that are not among `fields` are null: they are not looked at (None = all are).

    Returns:
        as many rows as records, with the schema `arrow_schema(task)`.
    """
    schema = arrow_schema(binding.layout.task)
    wanted = schema.names if fields is None else fields
    columns, metas = canonical_columns(batch, binding, wanted)
    rows = len(batch)
    if any(metas):
        columns["meta"] = list(metas)
    if "split" in columns:
        columns["split"] = [value or split for value in listed(columns["split"])]
    if "id" in wanted:
        columns["id"] = ids(columns, rows, schema)
    arrays = [
        _array(columns[field.name], field.type)
        if field.name in columns and field.name in wanted
        else pa.repeat(pa.scalar(split if field.name == "split" else None, field.type), rows)
        for field in schema
        if field.name != "source"
    ]
    source = schema.field("source")
    sources = _sources(batch, source.type) if "source" in wanted else pa.nulls(rows, source.type)
    arrays.insert(schema.get_field_index("source"), sources)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def canonical_columns(
    batch: Batch, binding: Binding, wanted: Collection[str]
) -> tuple[dict[str, Any], list[str | None]]:
    """Return the canonical columns of records, as lists or as Arrow arrays, and the `meta` of each, by whatever way
    their layout goes."""
    records, textual = batch.records, batch.format in TEXTUAL
    if binding.layout.module is None or NOT_LEARNED.issuperset(wanted):
        at = {key: pointer for key, pointer in binding.at.items() if key in wanted}
        narrow = binding if len(at) == len(binding.at) else replace(binding, at=at)
        given = None if isinstance(records, Uniform) else batch.columns
        return to_columns(records, narrow, textual, given, "meta" in wanted)
    made, rests = read(records, reader_of(binding), textual)
    shared = {key: pointer for key, pointer in binding.at.items() if key in NOT_LEARNED}
    columns, metas = to_columns(rests, Binding(binding.layout, shared), textual)
    for key in made[0] if made else ():
        columns[key] = [row[key] for row in made]
    return columns, metas


def _array(values: Any, kind: pa.DataType) -> Any:
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


def _sources(batch: Batch, kind: pa.StructType) -> pa.StructArray:
    lines = np.arange(batch.lines.start, batch.lines.stop) if isinstance(batch.lines, range) else batch.lines
    offsets = np.asarray(batch.offsets) if isinstance(batch.offsets, memoryview) else batch.offsets
    files = pa.repeat(pa.scalar(batch.file, kind[0].type), len(batch))
    arrays = [files if batch.files is None else pa.array(batch.files, kind[0].type)]
    arrays += [pa.array(part, field.type) for part, field in zip((lines, offsets), kind.fields[1:], strict=True)]
    return pa.StructArray.from_arrays(arrays, fields=kind.fields)


def _columns(batch: Batch) -> Iterator[tuple[str, list[Any], Collection[type]]]:
    """Yield (key, values, their types) of every top-level key; MISSING where a record has it not."""
    if batch.columns is not None:
        yield from ((key, values, types) for key, (values, types) in batch.columns.items())
        return
    for key in dict.fromkeys(key for record in batch.records for key in record):
        values = [record.get(key, MISSING) for record in batch.records]
        yield key, values, set(map(type, values))


def count_types(
    batch: Batch, found: ColumnTypes, binding: Binding | None = None, lines: TypeLines | None = None
) -> None:
    """Add the JSON types of every top-level column of a batch, and of mapped fields inside objects, to `found`.

    `lines` takes for each type the line of its first record.
    """
    first = {} if lines is None else lines
    for pointer in binding.at.values() if binding is not None else ():
        if len(pointer) > 1:
            values = [get(record, pointer) for record in batch.records]
            _count(batch, render(pointer), values, found, first, set(map(type, values)))
    if isinstance(batch.records, Uniform):
        _count_alike(batch, batch.records, found, first)
        return
    for key, values, types in _columns(batch):
        if list in _count(batch, key, values, found, first, types):
            _count_items(batch, f"{key}/*", values, found, first)


def _count(
    batch: Batch, name: str, values: Sequence[Any], found: ColumnTypes, first: TypeLines, types: Collection[type]
) -> Counter[type]:
    kinds = Counter({kind: len(values) for kind in types}) if len(types) == 1 else Counter(map(type, values))
    kinds.pop(type(MISSING), None)
    for kind, count in kinds.items():
        if _is_new(name, kind, count, found):
            first.setdefault(name, {})[JSON_TYPES[kind]] = batch.lines[list(map(type, values)).index(kind)]
    return kinds


def _count_alike(batch: Batch, records: Uniform, found: ColumnTypes, lines: TypeLines) -> None:
    for key in records.keys:
        for kind, (count, index) in records.types(key).items():
            if _is_new(key, kind, count, found):
                lines.setdefault(key, {})[JSON_TYPES[kind]] = batch.lines[index]


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
