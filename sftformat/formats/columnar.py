"""Arrow columns as records and back, shared by Parquet and Arrow IPC: what each type becomes is said here once.

| Arrow type | in a record |
|---|---|
| string, large_string, string_view, bool, integers, null | the same in JSON |
| float16, float32, float64 | Number, the shortest text of the double; NaN and infinities reject the row (SFT004) |
| decimal | Number with all its digits |
| date, time, timestamp | ISO 8601 text, with the fraction and the UTC offset it has |
| list (every kind) | array |
| struct | object; members that are null are dropped, as absent and null cannot be told apart there |
| map with string keys | object |
| dictionary | as its values |
| integers that the metadata of `datasets` calls class labels, and lists of them | the names; -1 is null |
| extension types | as their storage; none is ever loaded; inside a list or struct the row is rejected (SFT104) |
| binary, duration, interval, union | not data of a record: the row is rejected (SFT104) |

A null in a column of the table itself stays null.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sftformat.diagnostics import Diagnostic, clip
from sftformat.formats import classes, rows
from sftformat.formats.shape import JSON_FIELD
from sftformat.formats.source import BATCH_BYTES, Source, fault
from sftformat.record import Batch, Number, Record, Reject, decode_json, encode_json

_Convert = Callable[[Any], Any]


class _Unfit(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _unnamed(message: str) -> Exception:
    return _Unfit("SFT104", message)


def check_names(source: Source, schema: pa.Schema) -> None:
    """Raise InputError (SFT014) when a column has no name or two have the same."""
    names = list(schema.names)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise fault("SFT014", source.name, f"two columns are named {clip(twice, 60)!r}")
    if "" in names:
        raise fault("SFT014", source.name, "a column has no name")


def batches(source: Source, table: pa.RecordBatch, row: int, notes: Sequence[Diagnostic]) -> Iterator[Batch]:
    """Yield a record batch as batches of about 1 MiB; `row` is the 1-based row of its first."""
    columns = [_storage(table.column(index)) for index in range(table.num_columns)]
    fields = [table.schema.field(index) for index in range(table.num_columns)]
    named = {name: classes.named(names, _unnamed) for name, names in classes.class_names(table.schema).items()}
    for start, stop in _cuts(columns, table.num_rows):
        parts = [column.slice(start, stop - start) for column in columns]
        yield _batch(source, fields, parts, row + start, stop - start, notes, named)
        notes = ()


def _storage(column: pa.Array[Any]) -> pa.Array[Any]:
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def _cuts(columns: list[pa.Array[Any]], length: int) -> Iterator[tuple[int, int]]:
    """Yield runs of rows that hold about 1 MiB, counting a value of a dictionary each time it stands."""
    start = 0
    while start < length or (start == 0 and length == 0):
        stop = length
        while stop - start > 1 and sum(_size(column.slice(start, stop - start)) for column in columns) > BATCH_BYTES:
            stop = start + (stop - start) // 2
        yield start, stop
        start = max(stop, 1)


def _size(column: pa.Array[Any]) -> int:
    if isinstance(column, pa.DictionaryArray):
        values = column.dictionary
        each = values.nbytes // max(1, len(values))
        # The mean does for short values; one long value may stand in every row.
        return len(column) * (each if values.nbytes < 1 << 16 else _longest(values))
    return int(column.nbytes)


def _longest(values: Any) -> int:
    import pyarrow.compute as pc

    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return 16
    return int(pc.max(pc.binary_length(values)).as_py() or 0)


def _batch(
    source: Source,
    fields: list[pa.Field[Any]],
    columns: list[pa.Array[Any]],
    row: int,
    count: int,
    notes: Sequence[Diagnostic],
    named: Mapping[str, _Convert],
) -> Batch:
    wrong: dict[int, tuple[str, str, str]] = {}
    lists = [
        _column(field, column, wrong, named.get(field.name)) for field, column in zip(fields, columns, strict=True)
    ]
    names = [field.name for field in fields]
    records: list[Record] = (
        [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)] if lists else [{}] * count
    )
    rejects: list[Reject] = []
    for index, (name, code, message) in sorted(wrong.items()):
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        bad = rows.finding(source, code, f"column {clip(name, 60)!r}: {message}", row + index, None, path=pointer)
        rejects.append(rows.reject(source, row + index, None, encode_json(records[index]), bad))
    good = [index for index in range(len(records)) if index not in wrong]
    records = [records[index] for index in good] if wrong else records
    return Batch(
        source.name,
        source.format,
        records,
        [row + index for index in good],
        [None] * len(good),
        [encode_json(record) for record in records],
        tuple(rejects),
        tuple(notes),
    )


def _column(
    field: pa.Field[Any], column: pa.Array[Any], wrong: dict[int, tuple[str, str, str]], named: _Convert | None
) -> list[Any]:
    """Return the values of a column; a row whose value cannot be kept is noted in `wrong` and has None.

    `named` makes names of class ids.
    """
    metadata = field.metadata or {}
    convert = named or (decode_json if JSON_FIELD in metadata else converter(column.type))
    try:
        values = _python_values(column)
        return values if convert is None else [value if value is None else convert(value) for value in values]
    except (_Unfit, UnicodeDecodeError, ValueError, OverflowError, pa.ArrowInvalid, RecursionError):
        return [_one(field.name, column, index, convert, wrong) for index in range(len(column))]


def _python_values(column: pa.Array[Any]) -> list[Any]:
    if isinstance(column, pa.DictionaryArray):
        # Each distinct value is made once and shared by the rows.
        values = _storage(column.dictionary).to_pylist()
        return [None if index is None else values[index] for index in column.indices.to_pylist()]
    if _is_text(column.type) or (pa.types.is_integer(column.type) and not column.null_count):
        # Several times as fast as to_pylist, and the same values.
        found: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
        return found
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return _nanoseconds(column)
    return column.to_pylist()


def _nanoseconds(column: Any) -> list[Any]:
    """Return ISO 8601 texts: Python's own datetime ends at microseconds, and pandas may or may not be there."""
    counts = column.cast(pa.int64()).to_pylist()
    micros = [None if count is None else count // 1000 for count in counts]
    found: list[Any] = pa.array(micros, pa.timestamp("us", column.type.tz)).to_pylist()
    return [
        None if when is None or count is None else _with_nanoseconds(when, count % 1000)
        for when, count in zip(found, counts, strict=True)
    ]


def _with_nanoseconds(when: datetime.datetime, rest: int) -> str:
    if not rest:
        return when.isoformat()
    text = when.isoformat(timespec="microseconds")
    # The first 26 characters end with the microseconds; what may follow is the offset.
    return f"{text[:26]}{rest:03}{text[26:]}"


def _one(
    name: str, column: pa.Array[Any], index: int, convert: _Convert | None, wrong: dict[int, tuple[str, str, str]]
) -> Any:
    try:
        if isinstance(column, pa.DictionaryArray) and column[index].is_valid:
            # Not the whole dictionary: another of its values may be the bad one.
            value = column.dictionary[column.indices[index].as_py()].as_py()
        else:
            value = _python_values(column.slice(index, 1))[0]
        return value if value is None or convert is None else convert(value)
    except _Unfit as unfit:
        wrong.setdefault(index, (name, unfit.code, str(unfit)))
    except UnicodeDecodeError as error:
        wrong.setdefault(index, (name, "SFT016", f"text that is not UTF-8 (byte {error.start} of the value)"))
    except (ValueError, OverflowError, pa.ArrowInvalid, RecursionError) as error:
        wrong.setdefault(index, (name, "SFT104", f"a value that cannot be read: {clip(str(error))}"))
    return None


def converter(kind: Any) -> _Convert | None:
    """Return what makes a JSON value of what pyarrow makes of a value that is not null; None when that is one."""
    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        # A column of one is taken as its storage before; inside lists and structs pyarrow would make objects of it.
        return _unfit(f"values of type {kind} are no data of a record")
    if types.is_dictionary(kind):
        return converter(kind.value_type)
    if types.is_floating(kind):
        return _float
    if types.is_decimal(kind):
        return _decimal
    if types.is_timestamp(kind):
        return _timestamp
    if types.is_date(kind) or types.is_time(kind):
        return _iso
    if types.is_struct(kind):
        return _struct(kind)
    if types.is_map(kind):
        return _map(kind)
    if _is_list(kind):
        inner = converter(kind.value_type)
        return None if inner is None else lambda value: [item if item is None else inner(item) for item in value]
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_null(kind) or _is_text(kind):
        return None
    return _unfit(f"values of type {kind} are no data of a record")


def _is_text(kind: Any) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view()


def _is_list(kind: Any) -> bool:
    types = pa.types
    views = types.is_list_view(kind) or types.is_large_list_view(kind)
    return views or types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def _unfit(message: str) -> _Convert:
    def refuse(_value: Any) -> Any:
        raise _Unfit("SFT104", message)

    return refuse


def _float(value: Any) -> Number:
    if not math.isfinite(value):
        raise _Unfit("SFT004", f"{value} is not a JSON number")
    return Number(repr(float(value)))


def _decimal(value: Decimal) -> Number:
    return Number(format(value, "f"))


def _iso(value: datetime.date | datetime.time) -> str:
    return value.isoformat()


def _timestamp(value: Any) -> str:
    return value if isinstance(value, str) else str(value.isoformat())


def _struct(kind: Any) -> _Convert:
    fields = [kind.field(index) for index in range(kind.num_fields)]
    names = [field.name for field in fields]
    if len(set(names)) < len(names):
        return _unfit("a struct with two members of one name")
    inner = {field.name: converter(field.type) for field in fields}

    def convert(value: dict[str, Any]) -> dict[str, Any]:
        kept = ((name, item, inner[name]) for name, item in value.items() if item is not None)
        return {name: item if change is None else change(item) for name, item, change in kept}

    return convert


def _map(kind: Any) -> _Convert:
    inner = converter(kind.item_type)
    if not _is_text(kind.key_type):
        return _unfit(f"a map with keys of type {kind.key_type}")

    def convert(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = {key: item if item is None or inner is None else inner(item) for key, item in pairs}
        if len(found) < len(pairs):
            raise _Unfit("SFT003", "a map with the same key twice")
        return found

    return convert
