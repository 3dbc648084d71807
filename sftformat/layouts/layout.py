"""What a layout says, and what it means for one input: which source field is which canonical field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any

from sftformat.diagnostics import CODES, Severity, clip
from sftformat.errors import SchemaError, UsageError
from sftformat.layouts import LAYOUTS
from sftformat.record import Record, encode_json
from sftformat.schema.arrow import TASKS
from sftformat.schema.decide import Compiled
from sftformat.schema.store import load

#: A JSON Pointer as its tokens; `{src}` and `{tgt}` stand for any key and capture it.
Pointer = tuple[str, ...]

#: Captured key -> the canonical field that takes it.
CAPTURES = {"{src}": "source_lang", "{tgt}": "target_lang"}


class _Missing:
    """Stands for a key that is not there, which is neither null nor an empty text."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "MISSING"  # the one of the module, in a worker process too

    __repr__ = __reduce__


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
    closed: bool = True  # no other values than those of `values` fit


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout as its schema states it.

    `own` is a schema that the user gave, which every record must fit besides `schema`. Where no `labels_wanted` a file
    is known to be unlabelled: its records need no more than an input.
    """

    name: str
    task: str
    title: str
    schema: Mapping[str, Any]
    fields: Mapping[str, Rule]
    aka: tuple[str, ...] = ()
    unlabelled: tuple[Any, ...] = ()
    module: str | None = None
    own: Mapping[str, Any] | None = None
    labels_wanted: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a record though it fits its schema: code, place in the record, and words for it.

    Without a message the words are what was expected and what was found. `severity` is that of the code unless it is
    given.
    """

    code: str
    at: Pointer
    message: str = ""
    expected: str = ""
    got: str = ""
    severity: Severity | None = None

    @property
    def words(self) -> str:
        return self.message or f"{render(self.at) or 'the record'}: expected {self.expected}, got {self.got}"

    @property
    def costs_row(self) -> bool:
        return (self.severity or CODES[self.code].severity) is Severity.ERROR


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
        said = {"layout": self.layout.name, "task": self.layout.task, "fields": fields, **self.captures}
        if (joiner := self.layout.fields.get("target", Rule()).split) is not None and self.layout.name in LAYOUTS:
            said["joiner"] = joiner
        own = self.layout.schema.get("x-sftformat", {}).get("unlabelled", [])
        found = list(self.layout.unlabelled)
        return said if found == own else {**said, "unlabelled": found}


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


def put(record: Record, pointer: Pointer, value: Any) -> None:
    """Set the value at a pointer, making the objects on the way."""
    for token in pointer[:-1]:
        record = record.setdefault(token, {})
    record[pointer[-1]] = value


def take(record: Record, pointer: Pointer) -> Any:
    """Remove the value at a pointer and return it, or MISSING; objects that this empties go too."""
    *above, last = pointer
    objects = [record]
    for token in above:
        inner = objects[-1].get(token)
        if not isinstance(inner, dict):
            return MISSING
        objects.append(inner)
    value = objects[-1].pop(last, MISSING)
    for token, outer, inner in zip(reversed(above), reversed(objects[:-1]), reversed(objects[1:]), strict=True):
        if value is not MISSING and not inner:
            del outer[token]
    return value


def where_of(row: Mapping[str, Any]) -> str:
    """Return where a canonical row was read, for a message; where that is not known, its id."""
    source = row.get("source") or {}
    return f"{source['file']}:{source['line']}" if source.get("file") else f"id {clip(str(row.get('id')), 60)!r}"


# ---------------------------------------------------------------------------------------------------- reading


@cache
def layout(name: str) -> Layout:
    """Return a built-in layout by its name or another name it is known by.

    Raises:
        UsageError: there is none; the ones there are are named.
    """
    if name in LAYOUTS:
        return from_schema(load(f"layouts/{name}"), name)
    for known in _built_in():
        if name in known.aka:
            return known
    raise UsageError(f"no layout {name!r}; there are: {', '.join(LAYOUTS)}")


def _built_in() -> list[Layout]:
    return [layout(name) for name in LAYOUTS]


def from_user(schema: Mapping[str, Any], name: str) -> Layout:
    """Read the layout of a user's schema: records must fit it, and be such that their fields can be taken from them.

    Raises:
        SchemaError: as `from_schema`; or the task needs a module and none is named.
    """
    read = from_schema(schema, name)
    shape: Mapping[str, Any] = {"type": "object"}
    if read.module is not None:
        shape = _placed(next(known for known in _built_in() if known.module == read.module), read)
    elif read.task == "chat":
        raise SchemaError(f"{name}: at /x-sftformat: chat needs a module: openai_chat, sharegpt or turns")
    return replace(read, schema=shape, own=schema)


def _placed(known: Layout, read: Layout) -> Mapping[str, Any]:
    """Return the schema of a built-in layout with the names under which a user's own has its fields."""
    properties = known.schema.get("properties", {})
    names: dict[str, str] = {}  # of the built-in layout -> of the user's
    for key, rule in read.fields.items():
        first = next((at[0] for at in known.fields.get(key, Rule()).at if at[0] in properties), None)
        if first is not None and rule.at and all(at[0] != first for at in rule.at):
            names[first] = rule.at[0][0] if len(rule.at[0]) == 1 else ""
    placed = {name: node for old, node in properties.items() if (name := names.get(old, old))}
    required = [name for old in known.schema.get("required", ()) if (name := names.get(old, old))]
    return {**known.schema, "properties": placed, "required": required} if names else known.schema


def from_schema(schema: Mapping[str, Any], name: str) -> Layout:
    """Read the layout that a schema states under `x-sftformat`; `name` is its file's name.

    Raises:
        SchemaError: `x-sftformat` is not there or says what cannot be meant.
    """
    said = schema.get("x-sftformat")
    if not isinstance(said, Mapping):
        raise SchemaError(f"{name}: has no 'x-sftformat': add it, or map the fields with --map")
    _check_words(said, name)
    _check_shapes(said, name)
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


def _check_words(said: Mapping[str, Any], name: str) -> None:
    at = f"{name}: at /x-sftformat"
    unknown = sorted(set(said) - {"version", "task", "aka", "fields", "unlabelled", "module", "defined_by"})
    if unknown:
        raise SchemaError(f"{at}: not understood: {clip(', '.join(unknown))}")
    if said.get("version") != 1:
        raise SchemaError(f"{at}/version: must be 1, not {clip(said.get('version'))}")
    if said.get("task") not in TASKS:
        raise SchemaError(f"{at}/task: there is no task {clip(said.get('task'))}; there are {', '.join(TASKS)}")


def _check_shapes(said: Mapping[str, Any], name: str) -> None:
    for key, kind in (("fields", Mapping), ("aka", list), ("unlabelled", list), ("module", str)):
        if key in said and not isinstance(said[key], kind):
            raise SchemaError(f"{name}: at /x-sftformat/{key}: not understood")
    if "module" in said and name not in LAYOUTS and said["module"] not in (known.module for known in _built_in()):
        modules = sorted({known.module for known in _built_in() if known.module})
        raise SchemaError(f"{name}: at /x-sftformat/module: there are {', '.join(modules)}")


def _rule(key: str, value: object, name: str) -> Rule:
    where = f"{name}: at /x-sftformat/fields/{clip(key, 40)}"
    if isinstance(value, str):
        return Rule((_pointer(value, where),))
    if not isinstance(value, Mapping) or set(value) - {"at", "const", "split", "json", "values", "as"}:
        raise SchemaError(f"{where}: a pointer, or an object with at, const, split, …")
    shapes = (("at", list), ("split", str), ("json", bool), ("values", Mapping))
    if any(part in value and not isinstance(value[part], kind) for part, kind in shapes) or value.get("split") == "":
        raise SchemaError(f"{where}: at is a list, split a text, json true, values an object")
    if value.get("as") not in (None, "string", "integer", "number"):
        raise SchemaError(f"{where}/as: string, integer or number, not {clip(value['as'])}")
    values = value.get("values")
    meant = [] if values is None else [encode_json(each) for each in values.values()]
    if len(set(meant)) != len(meant):
        raise SchemaError(f"{where}/values: two source values mean the same")
    at = tuple(_pointer(pointer, where) for pointer in value.get("at", ()))
    return Rule(at, value.get("const", MISSING), value.get("split"), value.get("json", False), values, value.get("as"))


def _pointer(value: object, where: str) -> Pointer:
    if not isinstance(value, str) or not value.startswith("/"):
        raise SchemaError(f"{where}: {clip(value, 40)!r} is no JSON Pointer, which begins with '/'")
    return parse(value)


def module_of(found: Layout) -> Any:
    """Return the module of a layout that restructures."""
    return import_module(f"sftformat.layouts.{found.module}")
