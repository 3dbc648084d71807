"""Records as Arrow columns: the type that holds all values of a column exactly, found by looking at all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sftformat.record import Number, Record, encode_json

#: Metadata of a field whose values are stored as JSON text because no Arrow type holds them.
JSON_FIELD = b"sftformat:json"


@dataclass(slots=True)
class Shape:
    """What the values of one place in the records have been so far: the Arrow type that holds them all."""

    kinds: set[str]
    items: Shape | None = None
    members: dict[str, Shape] | None = None

    def see(self, value: Any) -> None:
        """Take one more value into account."""
        kind = _kind(value)
        self.kinds.add(kind)
        if kind == "array":
            self.items = self.items or Shape(set())
            for item in value:
                self.items.see(item)
        elif kind == "object":
            self.members = self.members if self.members is not None else {}
            for name, item in value.items():
                self.members.setdefault(name, Shape(set())).see(item)

    def type(self) -> pa.DataType | None:
        """Return the Arrow type, or None when no type but JSON text holds all values exactly."""
        kinds = self.kinds - {"null"}
        if not kinds:
            return pa.string() if not self.kinds else pa.null()
        if kinds == {"array"}:
            inner = self.items.type() if self.items and self.items.kinds else pa.null()
            return None if inner is None else pa.list_(inner)
        if kinds == {"object"}:
            members = {name: shape.type() for name, shape in (self.members or {}).items()}
            if not members or "" in members or None in members.values():
                return None
            return pa.struct([pa.field(name, kind) for name, kind in members.items() if kind is not None])
        simple: dict[frozenset[str], pa.DataType] = {
            frozenset({"string"}): pa.string(),
            frozenset({"boolean"}): pa.bool_(),
            frozenset({"small"}): pa.int64(),
            frozenset({"integer"}): pa.int64(),
            frozenset({"small", "integer"}): pa.int64(),
            frozenset({"number"}): pa.float64(),
            frozenset({"small", "number"}): pa.float64(),
        }
        return simple.get(frozenset(kinds))


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        # Integers that a double holds too may stand beside numbers.
        return "small" if abs(value) <= 1 << 53 else "integer" if -(1 << 63) <= value < 1 << 63 else "huge"
    if isinstance(value, Number):
        return "number" if Decimal(repr(float(value))) == Decimal(value.text) else "exact"
    if isinstance(value, float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def shapes(batches: Callable[[], Iterable[Sequence[Record]]], columns: Sequence[str]) -> dict[str, Shape]:
    """Return what the values of each column are, over all records."""
    found = {name: Shape(set()) for name in columns}
    for batch in batches():
        for record in batch:
            for name, shape in found.items():
                shape.see(record.get(name))
    return found


def schema_of(shapes: dict[str, Shape]) -> pa.Schema:
    """Return the Arrow schema for columns of these shapes; a column that no type holds is JSON text, and marked so."""
    fields = []
    for name, shape in shapes.items():
        kind = shape.type()
        mark = {JSON_FIELD: b"1"} if kind is None else None
        fields.append(pa.field(name, pa.string() if kind is None else kind, metadata=mark))
    return pa.schema(fields)


def to_table(records: Sequence[Record], schema: pa.Schema) -> pa.RecordBatch:
    """Return records as a record batch of a schema made by `schema_of`; absent values are null."""
    columns = []
    for field in schema:
        values = [record.get(field.name) for record in records]
        if field.metadata and JSON_FIELD in field.metadata:
            values = [None if value is None else encode_json(value).decode() for value in values]
        else:
            values = [_plain(value) for value in values]
        columns.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain(value: Any) -> Any:
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
