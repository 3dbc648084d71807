"""Layouts that records nearly have, for the case that none fits: what each of them lacks."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts import LAYOUTS, refused
from sftformat.layouts.bind import bind
from sftformat.layouts.cells import read_cells
from sftformat.layouts.layout import Binding, Layout, layout
from sftformat.record import Record
from sftformat.schema.decide import plain

_SHARED = frozenset({"id", "split", "weight", "group"})
_SCORES = ("score", "similarity", "similarity_score", "rating")
#: Names of a column that is the target, most likely.
_LABELS = ("label", "labels", "target", "gold_label", "class", "category", "sentiment", "intent", *_SCORES)
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
        held = set().union(*records)
        keys = [key for key in known.schema.get("required", ()) if key not in held]
        others = [name for each in known.schema.get("anyOf", ()) for name in each.get("required", ())]
        if others and not held.intersection(others):
            keys.append(f"one of {', '.join(others)}")
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
    return first_misfit(binding, records[:1], textual)[1] or "the values of the target do not suit the task"


def first_misfit(binding: Binding, records: Sequence[Record], textual: bool) -> tuple[int, str]:
    """Return how many faults the first record that does not fit has, and the first of them; (0, "") if all fit."""
    assert binding.compiled is not None
    shown = read_cells(records, binding) if textual else map(plain, records)
    bad = next((record for record in shown if not binding.compiled.fits(record)), None)
    if bad is None:
        return 0, ""
    found = binding.compiled.explain(bad)
    return len(found), f"{found[0].path or 'the record'}: expected {found[0].expected}, got {found[0].got}"


def _all_but(records: Sequence[Record], textual: bool) -> str:
    """Name the layout that has all its fields there and the fewest faults, where no record of it fits."""
    found = []
    for name in LAYOUTS:
        known = layout(name)
        try:
            binding = bind(known, records)
        except UsageError:
            continue
        told = known.schema.get("required") or not known.module  # else it would be every record
        if told and name not in refused.PREFERENCES and not _lacking(known, binding, records):
            number, words = first_misfit(binding, records, textual)
            found += [(number, name, words)] if number else []
    if not found:
        return ""
    _, name, words = min(found, key=lambda each: each[0])
    return f"it would be {name}, but no record fits ({words}): --layout {name} says it of every row; else "


def why_none(records: Sequence[Record], textual: bool) -> str:
    """Say that no layout fits, what is nearly one, and what would name the fields."""
    columns = list(dict.fromkeys(key for record in records for key in record))
    shown = ", ".join(clip(column, 40) for column in columns[:12]) + ("…" if len(columns) > 12 else "")
    if not records:
        return "no record to tell the layout from; name it with --layout"
    if why := refused.reason(records):
        return why
    usual = _usual_names()
    hints = []
    for column in columns:
        close = difflib.get_close_matches(column.strip().lower(), usual, 1, 0.75)
        if close and column not in usual:
            hints.append(f"did you mean {close[0]!r} by {clip(column, 40)!r}? ")
    if any(column.strip() in usual and column not in usual for column in columns):
        hints = ["--fix trims the blanks around keys (--diff shows it); or "]
    guess = _guessed(records) or "--task classification --map input=TEXT --map target=LABEL"
    hint = "".join(hints[:2]) or _all_but(records, textual)
    return f"no known layout fits the columns {shown}: {hint}name the fields, as in {guess}"


def _usual_names() -> list[str]:
    rules = [rule for name in LAYOUTS for key, rule in layout(name).fields.items() if key not in _SHARED]
    return sorted({pointer[0] for rule in rules for pointer in rule.at})


def _guessed(records: Sequence[Record]) -> str:
    """Return the options for columns of texts beside a label: the first two are a pair, as in run_glue.py."""
    names = list(dict.fromkeys(key for record in records for key in record))
    labels = [name for name in names if name in _LABELS]
    texts = [
        name for name in names if name not in labels and all(_is_text(record.get(name, "")) for record in records[:100])
    ]
    if not labels and len(texts) == 2 and len(names) == 2:
        return f"--task text-to-text --map input={_quoted(texts[0])} --map target={_quoted(texts[1])}"
    if len(labels) != 1 or not texts:
        return ""
    task = "regression" if labels[0] in _SCORES else "classification"
    pair = [f"--map input_pair={_quoted(name)}" for name in texts[1:2]]
    return " ".join((f"--task {task} --map input={_quoted(texts[0])}", *pair, f"--map target={_quoted(labels[0])}"))


def _quoted(name: str) -> str:
    """Return a name as a shell takes it."""
    return shlex.quote(clip(name, 40))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not value.isdigit()
