"""What a layout says, and what it means for one input: which source field is which canonical field."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from sftformat.errors import SchemaError, UsageError
from sftformat.layouts import LAYOUTS
from sftformat.record import Record
from sftformat.schema.arrow import TASKS
from sftformat.schema.decide import Compiled, compile_schema
from sftformat.schema.store import load

#: A JSON Pointer as its tokens; `{src}` and `{tgt}` stand for any key and capture it.
Pointer = tuple[str, ...]

#: Captured key -> the canonical field that takes it.
CAPTURES = {"{src}": "source_lang", "{tgt}": "target_lang"}

#: Words for the three splits, in a `split` column and in parts of file names.
SPLIT_NAMES: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "eval": "test",
}


class _Missing:
    """Stands for a key that is not there, which is neither null nor an empty text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Rule:
    """How one canonical field is found: the RULE of DESIGN.md."""

    at: tuple[Pointer, ...] = ()
    const: Any = MISSING
    split: str | None = None
    json: bool = False
    values: Mapping[str, str] | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout as its schema states it."""

    name: str
    task: str
    title: str
    schema: Mapping[str, Any]
    fields: Mapping[str, Rule]
    aka: tuple[str, ...] = ()
    unlabelled: tuple[Any, ...] = ()
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """A layout as it applies to one input: for each canonical field the one pointer that was chosen.

    `captures` holds `source_lang` and `target_lang`. `compiled` is the schema for this choice: the chosen fields that
    canonical records need are required, and a field under another name has the type of the first one.
    """

    layout: Layout
    at: Mapping[str, Pointer]
    captures: Mapping[str, str] = field(default_factory=dict)
    compiled: Compiled | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what `manifest.mapping` records."""
        fields = {name: render(pointer) for name, pointer in self.at.items()}
        return {"layout": self.layout.name, "task": self.layout.task, "fields": fields, **self.captures}


def parse(pointer: str) -> Pointer:
    """Return the tokens of a JSON Pointer (RFC 6901).

    Raises:
        SchemaError: it does not begin with a slash.
    """
    if not pointer.startswith("/"):
        raise SchemaError(f"{pointer!r} is no JSON Pointer: it begins with '/'")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def render(pointer: Pointer) -> str:
    """Return tokens as a JSON Pointer."""
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in pointer)


def get(record: Any, pointer: Pointer) -> Any:
    """Return what a pointer leads to in a record, MISSING where the way ends."""
    for token in pointer:
        if type(record) is not dict or token not in record:
            return MISSING
        record = record[token]
    return record


# ---------------------------------------------------------------------------------------------------- reading


@cache
def layout(name: str) -> Layout:
    """Return a built-in layout by its name or another name it is known by.

    Raises:
        UsageError: there is none; the ones there are are named.
    """
    for known in LAYOUTS:
        read = from_schema(load(f"layouts/{known}"), known)
        if name == known or name in read.aka:
            return read
    raise UsageError(f"no layout {name!r}; there are: {', '.join(LAYOUTS)}")


def from_schema(schema: Mapping[str, Any], name: str) -> Layout:
    """Read the layout that a schema states under `x-sftformat`; `name` is its file's name.

    Raises:
        SchemaError: `x-sftformat` is not there or says what cannot be meant.
    """
    said = schema.get("x-sftformat")
    if not isinstance(said, Mapping):
        raise SchemaError(f"{name}: has no 'x-sftformat': add it, or map the fields with --map")
    unknown = set(said) - {"version", "task", "aka", "fields", "unlabelled", "module", "defined_by"}
    if unknown or said.get("version") != 1 or said.get("task") not in TASKS:
        wrong = ", ".join(sorted(unknown)) if unknown else f"version {said.get('version')!r}, task {said.get('task')!r}"
        raise SchemaError(f"{name}: at /x-sftformat: not understood: {wrong}")
    canonical = load(f"canonical/{said['task']}")["properties"]
    fields = {key: _rule(key, value, name) for key, value in said.get("fields", {}).items()}
    for key in fields:
        if key not in canonical:
            raise SchemaError(f"{name}: at /x-sftformat/fields: {said['task']} has no field {key!r}")
    return Layout(
        name,
        said["task"],
        schema.get("title", name),
        schema,
        fields,
        tuple(said.get("aka", ())),
        tuple(said.get("unlabelled", ())),
        said.get("module"),
    )


def _rule(key: str, value: object, name: str) -> Rule:
    if isinstance(value, str):
        return Rule((parse(value),))
    if not isinstance(value, Mapping) or set(value) - {"at", "const", "split", "json", "values", "as"}:
        raise SchemaError(f"{name}: at /x-sftformat/fields/{key}: a pointer, or an object with at, const, split, …")
    values = value.get("values")
    if values is not None and len(set(values.values())) != len(values):
        raise SchemaError(f"{name}: at /x-sftformat/fields/{key}/values: two source values mean the same")
    at = tuple(parse(pointer) for pointer in value.get("at", ()))
    return Rule(at, value.get("const", MISSING), value.get("split"), value.get("json", False), values, value.get("as"))


def module_of(found: Layout) -> Any:
    """Return the module of a layout that restructures."""
    return import_module(f"sftformat.layouts.{found.module}")


# ---------------------------------------------------------------------------------------------------- binding


def bind(found: Layout, records: Sequence[Record], mapping: Mapping[str, str] | None = None) -> Binding:
    """Choose for every field of a layout where it stands in these records; `mapping` (`--map`) wins.

    The first pointer of a rule that any of the records has is chosen. Captures are taken from the first record that
    has two keys there, in its order. A field no record has is left out.

    Raises:
        UsageError: `mapping` names a field that the task has not.
    """
    given = _given(found, mapping or {})
    at: dict[str, Pointer] = {}
    captures: dict[str, str] = {}
    for key, rule in found.fields.items():
        if key in given:
            continue
        for pointer in rule.at:
            chosen = _capture(pointer, records, captures)
            if chosen in given.values() or (chosen in at.values() and not found.module):
                continue
            if any(get(record, chosen) is not MISSING for record in records):
                at[key] = chosen
                break
    at.update(given)
    return Binding(found, at, captures, compile_schema(bound_schema(found, at, captures)))


def _given(found: Layout, mapping: Mapping[str, str]) -> dict[str, Pointer]:
    fields = load(f"canonical/{found.task}")["properties"]
    for key in mapping:
        if key not in fields or key in ("source", "meta"):
            raise UsageError(f"--map {key}=…: {found.task} has no field {key!r}; it has {', '.join(fields)}")
    return {key: parse(at) if at.startswith("/") else (at,) for key, at in mapping.items()}


def _capture(pointer: Pointer, records: Sequence[Record], captures: dict[str, str]) -> Pointer:
    if not any(token in CAPTURES for token in pointer):
        return pointer
    parent = pointer[:-1]
    keys = next(
        (list(value) for record in records if isinstance(value := get(record, parent), dict) and len(value) == 2), []
    )
    if len(keys) == 2:
        captures.setdefault("source_lang", keys[0])
        captures.setdefault("target_lang", keys[1])
    token = captures.get(CAPTURES[pointer[-1]])
    return (*parent, token) if token is not None else pointer


def bound_schema(found: Layout, at: Mapping[str, Pointer], captures: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the schema of a layout for one choice of fields.

    A property that the layout names first stands for the name that was chosen; names that were not chosen are free
    for anything; `split` must be one of the words for splits, and a field with `values` one of those.
    """
    schema = {key: value for key, value in found.schema.items() if key not in ("examples", "x-sftformat", "$id")}
    schema = copy.deepcopy(schema)
    properties: dict[str, Any] = schema.setdefault("properties", {})
    first_names = {key: _first_name(properties, rule) for key, rule in found.fields.items()}
    templates = {key: properties.get(name) for key, name in first_names.items()}
    taken = {pointer[0] for pointer in at.values()}
    for key, rule in found.fields.items():
        if len(rule.at) > 1 and first_names[key] not in taken:
            properties.pop(first_names[key], None)
    for key, pointer in at.items():
        if len(pointer) == 1:
            properties[pointer[0]] = _property(found, key, properties.get(pointer[0]) or templates.get(key))
    nested = [
        _nested(pointer, {"type": "string"}) for key, pointer in at.items() if key == "input" and len(pointer) > 1
    ]
    nested += [_nested(at["target"], {})] if captures and "target" in at else []
    if nested:
        schema["allOf"] = [*schema.get("allOf", ()), *nested]
    renamed = {first_names[key]: at[key][0] for key in found.fields if key in at}
    schema["required"] = [renamed.get(name, name) for name in schema.get("required", ())]
    return schema


def _nested(pointer: Pointer, leaf: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that asks for what a pointer leads to."""
    schema = dict(leaf)
    for token in reversed(pointer):
        schema = {"required": [token], "properties": {token: schema}}
    return schema


def _first_name(properties: Mapping[str, Any], rule: Rule) -> str:
    return next((pointer[0] for pointer in rule.at if pointer[0] in properties), "")


def _property(found: Layout, key: str, template: Mapping[str, Any] | None) -> dict[str, Any]:
    rule = found.fields.get(key, Rule())
    if key == "split":
        return {"enum": [*SPLIT_NAMES, "", None]}
    if rule.values is not None and not (template and "array" in template.get("type", ())):
        numbers = [int(value) for value in rule.values if value.lstrip("-").isdigit()]
        return {"enum": [*rule.values, *numbers, None]}
    if template is not None:
        return dict(copy.deepcopy(template))
    node = dict(load(f"canonical/{found.task}")["properties"][key])
    if node["type"] in ("string", ["string", "null"]):
        node["type"] = ["string", "integer", "null"]
    return node
