"""Bind a layout to an input: for each field the one place where it stands, and the schema for that choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sftformat.errors import UsageError
from sftformat.layouts import LAYOUTS
from sftformat.layouts.cells import joiner_of
from sftformat.layouts.layout import CAPTURES, MISSING, Binding, Layout, Pointer, Rule, get, parse, render
from sftformat.layouts.reader import LABEL, places_of, reader_of
from sftformat.layouts.values import kind_of
from sftformat.record import SPLIT_NAMES, Record
from sftformat.schema.decide import Compiled, compile_schema, joined
from sftformat.schema.store import load

#: The name of a label, which goes before its id that may stand beside it.
LABEL_NAME: Pointer = ("label_text",)
#: The fields without which there is nothing to learn from or to predict for.
INPUTS = ("instruction", "input", "input_pair")
_SCALARS = ["string", "integer", "number", "boolean"]


def bind(found: Layout, records: Sequence[Record], mapping: Mapping[str, str] | None = None) -> Binding:
    """Choose for every field of a layout where it stands in these records; `mapping` (`--map`) wins.

    The first pointer of a rule that any of the records has is chosen; the name of a label goes before its id. Captures
    are taken from the first record that has two keys there, in its order. A field no record has is left out.

    Raises:
        UsageError: `mapping` names a field that the task has not, two fields stand in one place, or the records do not
            show what a layout must find in them.
    """
    return with_schema(placed(found, records, mapping))


def placed(found: Layout, records: Sequence[Record], mapping: Mapping[str, str] | None = None) -> Binding:
    """Bind as `bind` does, without the schema for that choice."""
    given = _given(found, mapping or {})
    found = _with_joiner(_with_unlabelled(found, records, given), records, given)
    names = set().union(*records)
    at: dict[str, Pointer] = {}
    captures: dict[str, str] = {}
    for key, rule in found.fields.items():
        if key in given:
            continue
        for pointer in sorted(rule.at, key=lambda each: each != LABEL_NAME):
            chosen = _capture(pointer, records, captures)
            if chosen in given.values() or (chosen in at.values() and not found.module):
                continue
            if chosen[0] in names and any(get(record, chosen) is not MISSING for record in records):
                at[key] = chosen
                break
    at.update(given)
    if found.module:
        at.update(places_of(Binding(found, at), records))
        _refuse_unread(Binding(found, at), given, records)
        _refuse_taken(Binding(found, at), given)
    else:
        _refuse_shared(at)
    return Binding(found, at, captures)


def with_schema(binding: Binding) -> Binding:
    """Return a binding with what every record must fit."""
    return replace(binding, compiled=compiled(binding.layout, binding.at, binding.captures))


def compiled(found: Layout, at: Mapping[str, Pointer], captures: Mapping[str, str] | None = None) -> Compiled:
    """Return what every record must fit for one choice of fields: the schema of the layout, and the user's own."""
    bound = compile_schema(bound_schema(found, at, captures))
    return bound if found.own is None else joined(bound, compile_schema(_renamed(found, at)))


def _renamed(found: Layout, at: Mapping[str, Pointer]) -> Mapping[str, Any]:
    """Return the user's schema with the names that were chosen where its layout names several."""
    own = found.own or {}
    properties = own.get("properties", {})
    names = {
        name: at[key][0]
        for key, rule in found.fields.items()
        if len(rule.at) > 1 and key in at and (name := _first_name(properties, rule)) not in ("", at[key][0])
    }
    if not names:
        return own
    required = [names.get(name, name) for name in own.get("required", ())]
    renamed = {names.get(name, name): node for name, node in properties.items() if name not in names.values()}
    return {**own, "properties": renamed, **({"required": required} if "required" in own else {})}


def _with_unlabelled(found: Layout, records: Sequence[Record], given: Mapping[str, Pointer]) -> Layout:
    """Read -1 as unlabelled where a file has no other label, as test files of GLUE; elsewhere it is a class."""
    if found.task != "classification" or found.module or found.unlabelled or "target" not in found.fields:
        return found
    places = [given["target"]] if "target" in given else found.fields["target"].at
    values = _values(records, places)
    return replace(found, unlabelled=(-1,)) if values and all(value in (-1, "-1") for value in values) else found


def _with_joiner(found: Layout, records: Sequence[Record], given: Mapping[str, Pointer]) -> Layout:
    """Read joined labels by what stands between them in this file."""
    rule = found.fields.get("target", Rule())
    if found.name not in LAYOUTS or rule.split is None:
        return found
    values = _values(records, [given["target"]] if "target" in given else rule.at)
    usual = any(isinstance(value, str) and rule.split in value for value in values)
    return joined_by(found, mark) if not usual and (mark := joiner_of(values)) else found


def joined_by(found: Layout, mark: str) -> Layout:
    """Return a layout whose labels stand in one cell with a mark between them."""
    return replace(found, fields={**found.fields, "target": replace(found.fields["target"], split=mark)})


def _values(records: Sequence[Record], places: Sequence[Pointer]) -> list[Any]:
    """Return what stands at the first of some places that any record has."""
    pointer = next((each for each in places if any(get(record, each) is not MISSING for record in records)), None)
    return [get(record, pointer) for record in records] if pointer else []


def _given(found: Layout, mapping: Mapping[str, str]) -> dict[str, Pointer]:
    fields = load(f"canonical/{found.task}")["properties"]
    for key in mapping:
        if key.startswith(LABEL) and found.module == "one_hot":
            continue  # a column that the user says is a label, whatever else it holds
        if key not in fields or key in ("source", "meta"):
            raise UsageError(f"--map {key}=…: {found.task} has no field {key!r}; it has {', '.join(fields)}")
    return {key: parse(at) if at.startswith("/") else (at,) for key, at in mapping.items()}


def _refuse_unread(binding: Binding, given: Mapping[str, Pointer], records: Sequence[Record]) -> None:
    """Refuse to map the input or the target of a layout that restructures to where it does not look, or nothing is."""
    keys = reader_of(binding).keys
    for key in ("input", "target"):
        if key in given and binding.at[key][0] not in keys:
            said = f"layout {binding.layout.name} has its {key} under {render(binding.layout.fields[key].at[0])}"
            raise UsageError(f"{said}: --map {key}=… cannot move it")
    place = binding.at.get("input", ())
    if "input" in given and records and all(get(record, place) is MISSING for record in records):
        raise UsageError(f"layout {binding.layout.name}: no record has an input at {render(place)}")


def _refuse_taken(binding: Binding, given: Mapping[str, Pointer]) -> None:
    """Refuse to map any other field of a layout that restructures to a key from which its input and target are read."""
    keys = reader_of(binding).keys
    for key, place in given.items():
        own = binding.layout.fields[key].at if key in binding.layout.fields else ()
        if key in ("input", "target") or key.startswith(LABEL):
            continue
        if place[0] in keys and place not in own:
            said = f"layout {binding.layout.name} reads its input and target from {render(place[:1])}"
            raise UsageError(f"{said}: --map {key}=… cannot be there")


def _refuse_shared(at: Mapping[str, Pointer]) -> None:
    """Refuse fields of which one stands where another does, or inside of it: the way back could not write both."""
    for key, pointer in at.items():
        for other, inner in at.items():
            if key != other and inner[: len(pointer)] == pointer:
                place = "in the same place" if inner == pointer else f"inside of {render(pointer)}"
                raise UsageError(f"{other} is {render(inner)}, {place} as {key}: each field needs a place of its own")


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
    for anything; `split` must be one of the words for splits, and a field with `values` one of those. Parts of it are
    those of the layout's own schema: it is to be read only.
    """
    schema = {key: value for key, value in found.schema.items() if key not in ("examples", "x-sftformat", "$id")}
    properties: dict[str, Any] = dict(schema.get("properties", {}))
    schema["properties"] = properties
    first_names = {key: _first_name(properties, rule) for key, rule in found.fields.items()}
    templates = {key: properties.get(name) for key, name in first_names.items()}
    taken = {pointer[0] for pointer in at.values()}
    for key, rule in found.fields.items():
        if len(rule.at) > 1 and first_names[key] not in taken:
            properties.pop(first_names[key], None)
    fields = {name: key for key, name in first_names.items()}
    for key, pointer in at.items():
        if len(pointer) == 1:
            # What the layout says of another field under this name does not hold: the user has put this one there.
            own = properties.get(pointer[0]) if fields.get(pointer[0], key) == key else None
            properties[pointer[0]] = _property(found, key, own or templates.get(key))
    nested = [_nested(pointer, leaf, key) for key, pointer, leaf in _leaves(found, at) if len(pointer) > 1]
    nested += [_nested(at["target"], {}, "input")] if captures and "target" in at else []
    if nested:
        schema["allOf"] = [*schema.get("allOf", ()), *nested]
    renamed = {first_names[key]: at[key][0] for key in found.fields if key in at}
    # Two fields may be mapped to one name; whether that can be meant is said elsewhere.
    schema["required"] = list(dict.fromkeys(renamed.get(name, name) for name in schema.get("required", ())))
    schema["required"] += [pointer[0] for key, pointer in at.items() if key.startswith(LABEL) and len(pointer) == 1]
    if not found.labels_wanted:
        schema.pop("anyOf", None)  # names of what holds the labels
        schema["required"] = [at[key][0] for key in INPUTS if key in at]
    return schema


def _leaves(found: Layout, at: Mapping[str, Pointer]) -> Iterator[tuple[str, Pointer, dict[str, Any]]]:
    """Yield (field, pointer, schema) of each field that is looked for: the input, and all of a user's own layout."""
    for key, pointer in at.items():
        if key == "input" and found.own is None:
            yield key, pointer, {"type": "string"}
        elif found.own is not None:
            yield key, pointer, _property(found, key, None)


def _nested(pointer: Pointer, leaf: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a schema for what a pointer leads to; an input must be there."""
    schema = dict(leaf)
    for token in reversed(pointer):
        schema = {"properties": {token: schema}, **({"required": [token]} if key == "input" else {})}
    return schema


def _shape(kind: str, rule: Rule) -> dict[str, Any]:
    """Return a schema for every value that a field can be made of: its text is kept, whatever scalar it is."""
    if kind == "number":
        return {"type": ["number", "null"]}
    if kind == "text":
        return {"type": [*_SCALARS, "null"]}
    if rule.split is not None:
        return {"type": ["string", "null"]}
    return {"type": ["array", "null"], "items": {"type": _SCALARS}}


#: What offsets must be whatever a schema says of them: they are the only field whose items are no texts.
_OFFSETS: Mapping[str, Any] = {
    "type": ["array", "null"],
    "items": {"type": "array", "items": {"type": "integer", "minimum": -(2**53), "maximum": 2**53}},
}


def _first_name(properties: Mapping[str, Any], rule: Rule) -> str:
    return next((pointer[0] for pointer in rule.at if pointer[0] in properties), "")


def _property(found: Layout, key: str, template: Mapping[str, Any] | None) -> dict[str, Any]:
    rule = found.fields.get(key, Rule())
    if key.startswith(LABEL):
        return dict(found.schema["$defs"]["label"])
    if key == "split":
        return {"enum": [*SPLIT_NAMES, "", None]}
    canonical = load(f"canonical/{found.task}")["properties"].get(key, {})
    many = "array" in (template or canonical).get("type", ())
    if rule.values is not None and rule.closed and not many:
        numbers = [int(value) for value in rule.values if value.lstrip("-").isdigit()]
        return {"enum": [*rule.values, *numbers, None]}
    if key == "offsets":
        return {**(template or {}), "allOf": [*(template or {}).get("allOf", ()), _OFFSETS]}
    if template is not None:
        return dict(template)
    if found.own is not None:
        return _shape(kind_of(found.task, key), rule)
    node = dict(canonical)
    if node["type"] in ("string", ["string", "null"]):
        node["type"] = ["string", "integer", "null"]
    elif key == "target" and many and node.get("items") == {"type": "string"}:
        node["items"] = {"type": ["string", "integer"]}  # labels may be ids
    return node
