"""Class labels of Hugging Face `datasets`: ids in the column, their names in the metadata of the schema.

The ids mean nothing without the names, so a column of them is read as names; -1, which stands for no label there, is
null. An id that has no name rejects its row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

_NO_LABEL = -1


def class_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Return the names of the classes of each column that the metadata calls a ClassLabel, or a list of them."""
    try:
        told = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {name: _names(told.get(name)) for name in schema.names}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: names for name, names in found.items() if names and _holds_ids(schema.field(name).type)}


def _names(feature: Any) -> tuple[str, ...]:
    """Return the names of one feature; the shape of the metadata is not ours, so anything may stand there."""
    if isinstance(feature, list) and len(feature) == 1:
        return _names(feature[0])
    if not isinstance(feature, Mapping):
        return ()
    if feature.get("_type") in ("Sequence", "List", "LargeList"):
        return _names(feature.get("feature"))
    names = feature.get("names")
    if feature.get("_type") != "ClassLabel" or not isinstance(names, list):
        return ()
    return tuple(names) if all(isinstance(name, str) for name in names) else ()


def _holds_ids(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds_ids(kind.value_type)
    return pa.types.is_integer(kind)


def named(names: Sequence[str], unfit: Callable[[str], Exception]) -> Callable[[Any], Any]:
    """Return what makes names of the ids in a value of a column.

    Raises:
        what `unfit` makes of a message: an id has no name.
    """

    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return [convert(item) for item in value]
        if value is None or value == _NO_LABEL:
            return None
        if not 0 <= value < len(names):
            raise unfit(f"class id {value}, where the file names {len(names)} classes")
        return names[value]

    return convert
