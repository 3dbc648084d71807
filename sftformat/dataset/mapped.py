"""The layouts that a manifest records for the inputs of a data set: what an export must know of where rows are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sftformat.dataset.bindings import named
from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import joined_by
from sftformat.layouts.layout import Binding, Layout, Pointer, from_schema, layout, parse
from sftformat.layouts.reader import label_places, reader_of

#: The name under which canonical records themselves are written.
CANONICAL = "canonical"


@dataclass(frozen=True, slots=True)
class Own:
    """What stands in `meta` for the layout of an input alone.

    `originals` are the places of the values that its fields were made of, and `columns` what a layout that restructures
    has read, and what says something of that.
    """

    originals: frozenset[Pointer] = frozenset()
    columns: frozenset[str] = frozenset()


def own_keys(manifest: Mapping[str, Any]) -> dict[str, Own]:
    """Return by file what its rows keep for their layout alone."""
    found: dict[str, Own] = {}
    for each, own in zip(manifest["inputs"], manifest["mapping"], strict=True):
        if own["layout"] == CANONICAL:
            continue
        binding = binding_of(own, manifest["task"])
        reader = reader_of(binding) if binding.layout.module else None
        labels = {place[0] for place in label_places(binding).values() if len(place) == 1}
        columns = {*reader.keys, *reader.beside} - labels if reader is not None else set()
        known = found.get(each["file"], Own())
        found[each["file"]] = Own(known.originals | set(binding.at.values()), known.columns | columns)
    return found


def native(manifest: Mapping[str, Any], name: str) -> dict[str, Binding]:
    """Return how the rows of each input that was read in a layout go back to it.

    A file of rejects holds the rows of several inputs; where these were read in several ways its rows are foreign.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each, own in zip(manifest["inputs"], manifest["mapping"], strict=True):
        if own["layout"] == name != CANONICAL:
            found.setdefault(each["file"], []).append(own)
    same = {file: own[0] for file, own in found.items() if all(each == own[0] for each in own)}
    return {file: binding_of(own, manifest["task"]) for file, own in same.items()}


def binding_of(mapping: Mapping[str, Any], task: str) -> Binding:
    """Rebuild the binding that a manifest records."""
    at = {key: parse(pointer) for key, pointer in mapping["fields"].items()}
    captures = {key: str(mapping[key]) for key in ("source_lang", "target_lang") if key in mapping}
    found = _layout(mapping, task)
    found = replace(found, unlabelled=tuple(mapping.get("unlabelled", found.unlabelled)))
    found = joined_by(found, mapping["joiner"]) if "joiner" in mapping else found
    return named(Binding(found, at, captures), mapping.get("values", {}))


def _layout(mapping: Mapping[str, Any], task: str) -> Layout:
    name, schema = str(mapping["layout"]), mapping.get("schema")
    if name in LAYOUTS:
        return layout(name)
    if schema is not None and "x-sftformat" in schema:
        return from_schema(schema, name)
    if name.startswith("mapped-") or schema is not None:
        return Layout(name, task, name, {}, {})
    return layout(name)
