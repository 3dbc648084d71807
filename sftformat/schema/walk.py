"""The subschemas of a schema, each with its JSON Pointer: what stands where a schema is expected, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sftformat.diagnostics import clip
from sftformat.errors import SchemaError
from sftformat.schema.dialects import REF_ALONE, is_known, uri_of
from sftformat.schema.explain import render

#: Keywords whose value is an object of schemas by name; others hold a schema or a list of them.
MAPS = frozenset(
    ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"),
)
#: Keywords whose schemas are about the same value; those of the others are about parts of it, or of nothing.
IN_PLACE = frozenset(
    (
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"),
        *("extends", "type", "disallow"),
    )
)
INSIDE = frozenset(
    (
        *("properties", "patternProperties", "items", "prefixItems", "additionalItems", "additionalProperties"),
        *("contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"),
    )
)
HOLDERS = IN_PLACE | INSIDE | {"$defs", "definitions", "contentSchema"}
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
#: Subschemas may stand in each other this deep.
MAX_DEPTH = 128


@dataclass(frozen=True, slots=True)
class Subschema:
    """One subschema: its JSON Pointer in the document, and what its references start from."""

    pointer: str
    node: Mapping[str, Any]
    resolver: Any
    depth: int


@dataclass(frozen=True, slots=True)
class Tree:
    """All subschemas of a document by the identity of their node, and where each reference leads.

    `targets` holds (identity of the node, keyword) → the node referred to, only where that is part of the document.
    """

    root: Mapping[str, Any]
    uri: str
    parts: Mapping[int, Subschema]
    targets: Mapping[tuple[int, str], Any]

    def references(self, node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Yield the keyword and the target of each reference in a node that leads to a part of the document."""
        for keyword in REFERENCES:
            target = self.targets.get((id(node), keyword))
            if target is not None:
                yield keyword, target

    def alone(self, node: Mapping[str, Any]) -> bool:
        """Whether `$ref` hides all that stands beside it in a node."""
        return "$ref" in node and self.uri in REF_ALONE


def children(node: Mapping[str, Any], keywords: frozenset[str] = HOLDERS) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield (the tokens of the way, the object) for each subschema that a node holds under some keywords."""
    for keyword, value in node.items():
        if keyword not in keywords:
            continue
        if isinstance(value, dict) and keyword in MAPS:
            yield from (((keyword, name), each) for name, each in value.items() if isinstance(each, dict))
        elif isinstance(value, dict):
            yield (keyword,), value
        elif isinstance(value, list):
            yield from (((keyword, str(at)), each) for at, each in enumerate(value) if isinstance(each, dict))


def tree(schema: Mapping[str, Any], name: str) -> Tree:
    """Find all subschemas, also those that only a reference leads to.

    Raises:
        SchemaError: an unknown dialect, nested too deep, or a reference that leads out of the schema or nowhere; names
            the pointer.
    """
    nodes = list(_objects(schema))
    own = {id(node): pointer for node, pointer in nodes}
    refers = any(keyword in node for node, _ in nodes for keyword in REFERENCES)
    create, start = _resolving(schema) if refers else (None, None)
    parts: dict[int, Subschema] = {}
    targets: dict[tuple[int, str], Any] = {}
    waiting = [Subschema("", schema, start, 0)]
    while waiting:
        part = waiting.pop()
        if id(part.node) in parts:
            continue
        if part.depth > MAX_DEPTH:
            raise SchemaError(f"{name}: nested deeper than {MAX_DEPTH} schemas: at {clip(part.pointer)}")
        parts[id(part.node)] = part
        _check_dialect(part, name)
        for tokens, child in children(part.node):
            inner = part.resolver.in_subresource(create(child)) if create else None
            waiting.append(Subschema(part.pointer + render(tokens), child, inner, part.depth + 1))
        for keyword in REFERENCES:
            found = _target(part, keyword, name) if keyword in part.node else None
            if found is not None and id(found.contents) in own:
                targets[id(part.node), keyword] = found.contents
                waiting.insert(0, Subschema(own[id(found.contents)], found.contents, found.resolver, 0))
    return Tree(schema, uri_of(schema), parts, targets)


def _resolving(schema: Mapping[str, Any]) -> tuple[Callable[[Any], Any], Any]:
    """Return what makes a subschema known to the library of references, and where its references start from."""
    import referencing
    from jsonschema_specifications import REGISTRY
    from referencing.jsonschema import DRAFT202012, specification_with

    specification = specification_with(uri_of(schema), default=DRAFT202012)
    root = specification.create_resource(schema)
    make: Any = referencing.Registry
    registry = REGISTRY.combine(make(retrieve=_refuse)).with_resource("", root)
    return specification.create_resource, registry.resolver_with_root(root)


def _check_dialect(part: Subschema, name: str) -> None:
    said = part.node.get("$schema")
    if said is not None and (not isinstance(said, str) or not is_known(said)):
        raise SchemaError(f"{name}: at {part.pointer}/$schema: unknown dialect {clip(said)!r}; use 2020-12")


def _objects(schema: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield every object of a document with its pointer, whatever it is."""
    stack: list[tuple[Any, str]] = [(schema, "")]
    while stack:
        node, pointer = stack.pop()
        if isinstance(node, dict):
            yield node, pointer
            stack.extend((value, pointer + render([key])) for key, value in node.items())
        elif isinstance(node, list):
            stack.extend((value, f"{pointer}/{at}") for at, value in enumerate(node))


def _refuse(uri: str) -> NoReturn:
    from referencing.exceptions import NoSuchResource

    raise NoSuchResource(uri)


def _target(part: Subschema, keyword: str, name: str) -> Any:
    """Return what a reference leads to, resolved; None where its value is no text."""
    from referencing.exceptions import Unresolvable

    reference = part.node[keyword]
    if not isinstance(reference, str):
        return None
    try:
        return part.resolver.lookup(reference)
    except (Unresolvable, ValueError, AttributeError, TypeError) as error:
        raise SchemaError(f"{name}: at {part.pointer}/{keyword}: {_why(reference, error)}") from None


def _why(reference: str, error: Exception) -> str:
    from referencing.exceptions import NoSuchResource

    if reference.startswith("#") and not isinstance(error, NoSuchResource):
        return f"{clip(reference)!r} leads nowhere"
    return f"{clip(reference)!r} leads out of the schema; only references inside it are followed"
