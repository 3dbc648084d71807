"""The Arrow schemas of canonical rows, derived from the JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from sftformat.schema.store import load

TASKS = ("classification", "multilabel", "regression", "token-classification", "text-to-text", "chat")
_SCALARS: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


@cache
def arrow_schema(task: str) -> pa.Schema:
    """Return the Arrow schema of a task's canonical rows, derived from `schemas/canonical/TASK.schema.json`."""
    properties = load(f"canonical/{task}")["properties"]
    return pa.schema([pa.field(name, _arrow_type(node)) for name, node in properties.items()])


def _arrow_type(node: Mapping[str, Any]) -> pa.DataType:
    types = node["type"] if isinstance(node["type"], list) else [node["type"]]
    kind = next(name for name in types if name != "null")
    if kind == "array":
        return pa.list_(_arrow_type(node["items"]))
    if kind == "object":
        return pa.struct([pa.field(name, _arrow_type(child)) for name, child in node["properties"].items()])
    return _SCALARS[kind]
