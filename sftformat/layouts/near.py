"""Layouts that records nearly have, for the case that none fits: what each of them lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sftformat.errors import UsageError
from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import bind
from sftformat.layouts.cells import read_cells
from sftformat.layouts.layout import Binding, Layout, layout
from sftformat.record import Record
from sftformat.schema.decide import plain

_SHARED = frozenset({"id", "split", "weight", "group"})
#: Fields without which a row of a layout that only renames is none; alpaca may do without an input.
_NEEDED = ("instruction", "input", "input_pair", "target")


@dataclass(frozen=True, slots=True)
class Near:
    """A layout of which some fields are there, and why it does not fit; `names` counts the fields that are there."""

    layout: str
    task: str
    names: int
    why: str


def nearest(records: Sequence[Record], textual: bool, mapping: Mapping[str, str] | None = None) -> list[Near]:
    """Return the built-in layouts that share a field with the records, those with most of them first."""
    found = []
    for name in LAYOUTS:
        known = layout(name)
        try:
            binding = bind(known, records, mapping)
        except UsageError:
            continue
        there = [key for key in binding.at if key not in _SHARED]
        if there and records:
            why = _lacking(known, binding, records) or _unfit(binding, records, textual)
            found.append(Near(name, known.task, len(there), why))
    return sorted(found, key=lambda each: -each.names)


def _lacking(known: Layout, binding: Binding, records: Sequence[Record]) -> str:
    """Say which fields are nowhere; empty when all that are needed are there."""
    if known.module:
        keys = [key for key in known.schema.get("required", ()) if not any(key in record for record in records)]
        return f"no {' and no '.join(keys)}" if keys else ""
    needed = [key for key in _NEEDED if key in known.fields and key not in binding.at]
    if known.name == "alpaca":
        needed = [key for key in needed if key != "input"]
    return "; ".join(f"no {key} ({_names(known, key)})" for key in needed)


def _names(known: Layout, key: str) -> str:
    names = ["/".join(pointer) for pointer in known.fields[key].at]
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")


def _unfit(binding: Binding, records: Sequence[Record], textual: bool) -> str:
    """Say what is wrong with the first record."""
    assert binding.compiled is not None
    (shown,) = read_cells(records[:1], binding) if textual else [plain(records[0])]
    if binding.compiled.fits(shown):
        return "the values of the target do not suit the task"
    first = binding.compiled.explain(shown)[0]
    return f"{first.path or 'the record'}: expected {first.expected}, got {first.got}"
