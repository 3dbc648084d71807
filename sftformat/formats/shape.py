"""What the values of columns are, found by looking at all of them: the Arrow type that holds them, and what a format
cannot tell apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sftformat.record import Number, Record, encode_json

#: Metadata of a field whose values are stored as JSON text because no Arrow type holds them.
JSON_FIELD = b"sftformat:json"


@dataclass(slots=True)
class Shape:
    """What the values of one place in the records have been so far.

    `seen` values were there, of which `nulls` were null, `empties` the empty text, and `retold` numbers that a double
    holds but does not write as they were written; `integers` were whole numbers that a double holds.
    """

    kinds: set[str] = field(default_factory=set)
    items: Shape | None = None
    members: dict[str, Shape] | None = None
    seen: int = 0
    nulls: int = 0
    empties: int = 0
    retold: int = 0
    integers: int = 0

    def see(self, value: Any) -> None:
        """Take one more value into account."""
        kind = _kind(value)
        self.kinds.add(kind)
        self.seen += 1
        if kind == "string":
            self.empties += value == ""
        elif kind == "null":
            self.nulls += 1
        elif kind == "small":
            self.integers += 1
        elif kind == "number":
            self.retold += isinstance(value, Number) and value.text != repr(float(value))
        elif kind == "array":
            self.items = self.items or Shape()
            for item in value:
                self.items.see(item)
        elif kind == "object":
            self.members = self.members if self.members is not None else {}
            for name, item in value.items():
                self.members.setdefault(name, Shape()).see(item)

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


#: Gives the records to write, the same ones at every call.
Batches = Callable[[], Iterable[Sequence[Record]]]
#: Names of columns, or what is known of their values too.
Columns = Sequence[str] | Mapping[str, Shape]


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


def see(found: dict[str, Shape], records: Iterable[Record]) -> None:
    """Take the columns of more records into account."""
    for record in records:
        for name, value in record.items():
            shape = found.get(name)
            if shape is None:
                shape = found[name] = Shape()
            shape.see(value)


def shapes(batches: Batches, columns: Columns) -> Mapping[str, Shape]:
    """Return what the values of each column are, over all records; nothing is read where that is known."""
    if isinstance(columns, Mapping):
        return columns
    found: dict[str, Shape] = {name: Shape() for name in columns}
    for batch in batches():
        see(found, batch)
    return {name: found[name] for name in columns}


def blurred(shapes: Mapping[str, Shape], records: int, textual: bool) -> Iterator[tuple[str, str]]:
    """Yield the columns whose values become one though they are several, and what becomes of them.

    A cell of CSV (`textual`) is empty for an absent value, a null and the empty text; a column of Parquet and Arrow
    has null for what is absent, and in a column of numbers it holds doubles.
    """
    for name, shape in shapes.items():
        yield from _blurred(f"/{name}", shape, records - shape.seen, textual)


def _blurred(path: str, shape: Shape, absent: int, textual: bool) -> Iterator[tuple[str, str]]:
    nothing = {"absent": absent, "null": shape.nulls, "empty": shape.empties if textual else 0}
    said = [f"{count} {word}" for word, count in nothing.items() if count]
    if len(said) > 1:
        yield path, f"{', '.join(said[:-1])} and {said[-1]} values become {'empty cells' if textual else 'null'} alike"
    if textual:
        return
    changed = shape.retold + (shape.integers if "number" in shape.kinds else 0)
    if changed and shape.type() == pa.float64():
        yield path, f"{changed} numbers are held as doubles, not as they were written: 1.50 becomes 1.5, and 1 is 1.0"
    for name, member in (shape.members or {}).items() if shape.type() is not None else ():
        yield from _blurred(f"{path}/{name}", member, shape.seen - shape.nulls - member.seen, textual)
    if shape.items is not None and shape.type() is not None:
        yield from _blurred(path, shape.items, 0, textual)


def schema_of(shapes: Mapping[str, Shape]) -> pa.Schema:
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
    for column in schema:
        values = [record.get(column.name) for record in records]
        if column.metadata and JSON_FIELD in column.metadata:
            values = [None if value is None else encode_json(value).decode() for value in values]
        else:
            values = [_plain(value) for value in values]
        columns.append(pa.array(values, column.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain(value: Any) -> Any:
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
