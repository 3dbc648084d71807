"""Whether a schema may be used: it is one, it needs nothing but itself, and it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from sftformat.diagnostics import clip
from sftformat.errors import SchemaError
from sftformat.schema.decide import decider, dialect

_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")


def check(schema: Mapping[str, Any], name: str) -> None:
    """Check that a schema is one, and that it needs nothing but itself.

    Raises:
        SchemaError: names the JSON Pointer and what is wrong there.
    """
    for pointer, value in _references(schema, ""):
        _check_reference(schema, pointer, value, name)
    _check_loops(schema, name)
    try:
        dialect(schema).check_schema(schema)
        decider(schema)
    except jsonschema.SchemaError as error:
        where = "/" + "/".join(str(token) for token in error.absolute_path)
        raise SchemaError(f"{name}: not a JSON Schema: at {where}: {clip(error.message, 200)}") from None
    except RecursionError:
        raise SchemaError(f"{name}: nested too deep") from None
    except ValueError as error:
        raise SchemaError(f"{name}: {clip(str(error).splitlines()[0], 200)}") from None


def _references(node: object, pointer: str) -> Iterator[tuple[str, object]]:
    """Yield every `$ref`, `$dynamicRef` and `$schema` with its pointer; an explicit stack, so depth is no matter."""
    stack: list[tuple[object, str]] = [(node, pointer)]
    while stack:
        current, at = stack.pop()
        if isinstance(current, dict):
            for key, value in current.items():
                if key in ("$ref", "$dynamicRef", "$recursiveRef", "$schema"):
                    yield f"{at}/{key}", value
                elif key not in ("const", "enum", "default", "examples"):
                    stack.append((value, f"{at}/{key.replace('~', '~0').replace('/', '~1')}"))
        elif isinstance(current, list):
            stack.extend((value, f"{at}/{index}") for index, value in enumerate(current))


def _check_reference(schema: Mapping[str, Any], pointer: str, value: object, name: str) -> None:
    if not isinstance(value, str):
        return
    if pointer == "/$schema":
        if dialect({"$schema": value}) is None:
            raise SchemaError(f"{name}: at /$schema: unknown dialect {clip(value)!r}; use 2020-12")
        return
    if value.startswith("#"):
        return
    own = {schema.get("$id"), *_own_ids(schema)}
    if value.partition("#")[0] not in own:
        raise SchemaError(
            f"{name}: at {pointer}: {clip(value)!r} leads out of the schema; only references inside it are followed"
        )


def _own_ids(node: object) -> Iterator[str]:
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            if isinstance(current.get("$id"), str):
                yield current["$id"]
            stack.extend(current.values())
        elif isinstance(current, list):
            stack.extend(current)


_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")


def _check_loops(schema: Mapping[str, Any], name: str) -> None:
    """Refuse a chain of local references that comes back to itself without stepping into the data."""
    done: set[int] = set()
    for pointer, value in _references(schema, ""):
        if not (isinstance(value, str) and value.startswith("#") and pointer.endswith("/$ref")):
            continue
        path: list[int] = []
        stack: list[tuple[object, int]] = [(_resolve(schema, value), 0)]
        while stack:
            node, depth = stack.pop()
            del path[depth:]
            if not isinstance(node, dict):
                continue
            if id(node) in path:
                raise SchemaError(f"{name}: at {pointer}: {clip(value)!r} leads back to itself and consumes nothing")
            if id(node) in done:
                continue
            path.append(id(node))
            stack.extend((child, depth + 1) for child in _in_place(schema, node))
            if len(stack) > 100_000:
                raise SchemaError(f"{name}: at {pointer}: {clip(value)!r} expands without end")
        done.update(path)


def _in_place(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[object]:
    if isinstance(node.get("$ref"), str) and node["$ref"].startswith("#"):
        yield _resolve(schema, node["$ref"])
    for keyword in _IN_PLACE:
        value = node.get(keyword)
        if isinstance(value, list):
            yield from value
        elif isinstance(value, dict):
            yield from value.values() if keyword == "dependentSchemas" else (value,)


def _resolve(schema: Mapping[str, Any], reference: str) -> object:
    node: Any = schema
    for token in reference[1:].split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node
