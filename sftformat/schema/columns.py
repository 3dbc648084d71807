"""Which properties of a record a schema wants as JSON, for formats in which every value is text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sftformat.schema.explain import json_type
from sftformat.schema.walk import Tree, tree

_ALL = frozenset({"string", "number", "integer", "boolean", "null", "array", "object"})


def json_columns(schema: Any) -> frozenset[str]:
    """Return the properties that admit number, integer, boolean, array or object, but not string.

    References, `allOf`, `anyOf` and `enum` are followed.
    """
    if not isinstance(schema, Mapping):
        return frozenset()
    found = tree(schema, "")
    types: dict[str, frozenset[str]] = {}
    for node in _together(found, schema):
        properties = node.get("properties", {})
        for name, each in properties.items() if isinstance(properties, Mapping) else ():
            types[name] = types.get(name, _ALL) & _types(found, each)
    return frozenset(name for name, kinds in types.items() if "string" not in kinds and kinds - {"null"})


def _together(found: Tree, node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes that all hold for the same value: a node, what it refers to, and its `allOf`."""
    yield node
    for _, target in found.references(node):
        yield from _together(found, target)
    if not found.alone(node):
        for each in node.get("allOf", ()):
            if isinstance(each, Mapping):
                yield from _together(found, each)


def _types(found: Tree, node: Any) -> frozenset[str]:
    """Return the JSON types that a schema admits, as far as its types and constants say."""
    if not isinstance(node, Mapping):
        return _ALL if node else frozenset()
    kinds = _ALL
    for each in _together(found, node):
        kinds &= _own_types(each)
        for keyword in ("anyOf", "oneOf"):
            branches = each.get(keyword)
            if isinstance(branches, list):
                kinds &= frozenset().union(*(_types(found, branch) for branch in branches))
    return kinds


def _own_types(node: Mapping[str, Any]) -> frozenset[str]:
    said = node.get("type", list(_ALL))
    kinds = frozenset(each for each in ([said] if isinstance(said, str) else said) if isinstance(each, str))
    if "number" in kinds or "any" in kinds:
        kinds |= {"integer"}
    values = node.get("enum", [node["const"]] if "const" in node else None)
    return kinds & {json_type(value) for value in values} if isinstance(values, list) else kinds
