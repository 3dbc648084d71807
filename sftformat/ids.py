"""Ids of rows that were given none: the hash of what is learned of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from sftformat.record import hash_records, record_id
from sftformat.rules.signs import Signs
from sftformat.rules.texts import Indices

#: Fields of a row that are not learned: they do not enter the id.
NOT_LEARNED = frozenset({"id", "split", "weight", "group", "meta", "source"})

#: A hash, and the digits of an id that is one.
_HASH, _ID = "V16", 32
_QUOTE, _BACKSLASH, _SPACE = b'"\\ '


def listed(values: Any) -> Any:
    """Return the values of a column as a list."""
    return values.to_pylist() if isinstance(values, pa.Array) else values


def ids(columns: Mapping[str, Any], rows: int, schema: pa.Schema) -> Any:
    """Return the id of each row, as a list or as an Arrow array."""
    given = listed(columns["id"]) if "id" in columns else [None] * rows
    if None not in given:
        return given
    names = sorted(name for name in schema.names if name in columns and name not in NOT_LEARNED)
    made = _made(names, [columns[name] for name in names], rows)
    if set(given) == {None}:
        return made
    made = made if isinstance(made, list) else made.to_pylist()
    return [own if own is not None else new for own, new in zip(given, made, strict=True)]


def _made(names: Sequence[str], learned: Sequence[Any], rows: int) -> Any:
    """Return the hash of each row: `learned_id` of it, in the quickest way that gives the same."""
    if names and all(isinstance(values, pa.StringArray) and not values.null_count for values in learned):
        return _in_one(hash_texts(names, learned), rows)
    columns = [listed(values) for values in learned]
    if all(map(_plain_column, columns)):
        return _in_one(hash_records(names, columns), rows)
    return [learned_id(names, values) for values in zip(*columns, strict=True)]


def _in_one(hashes: bytes, rows: int) -> Any:
    """Return hashes that stand one after the other as an Arrow array of their hex digits."""
    ends: Any = _ID * np.arange(rows + 1, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(ends), pa.py_buffer(hashes.hex().encode())])


def hash_texts(names: Sequence[str], columns: Sequence[Any]) -> bytes:
    """Return what `hash_records` does of the same texts as Arrow arrays (N,) without nulls.

    A text in which nothing needs an escape is its own JSON, so all of them are written at once; the others are encoded.
    """
    parts: list[Any] = []
    for name, values in zip(names, columns, strict=True):
        parts += [f'","{name}":"' if parts else f'{{"{name}":"', values]
    written: Any = pc.binary_join_element_wise(*parts, '"}', "")
    hashes = b"".join(map(xxhash.xxh3_128_digest, written.cast(pa.binary()).to_pylist()))
    odd = np.unique(np.concatenate([_rows_with_escapes(values) for values in columns]))
    if not len(odd):
        return hashes
    each = np.frombuffer(hashes, _HASH).copy()
    each[odd] = np.frombuffer(
        hash_records(names, [values.take(pa.array(odd)).to_pylist() for values in columns]), _HASH
    )
    return each.tobytes()


def _rows_with_escapes(values: Any) -> Indices:
    """Return the indices of the texts that hold a character that JSON escapes."""
    signs = Signs(values)
    return signs.owners(np.flatnonzero((signs.bytes == _QUOTE) | (signs.bytes == _BACKSLASH) | (signs.bytes < _SPACE)))


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
