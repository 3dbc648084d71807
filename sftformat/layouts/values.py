"""One value there and back: from what a source holds to the canonical value of a field, and what is written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import msgspec
import pyarrow as pa

from sftformat.layouts.cells import as_float, decode_cell, joined_cell, number_text, scalar_text
from sftformat.layouts.layout import MISSING, Layout, Rule
from sftformat.record import SPLIT_NAMES, Number, decode_json, encode_json
from sftformat.schema.arrow import arrow_schema

#: Fields of which an empty cell in CSV and TSV says that nothing is there.
EMPTY_IS_NULL = frozenset({"target", "id", "split", "weight", "group"})
#: Of a field that a layout says nothing of.
NO_RULE = Rule()


def kind_of(task: str, key: str) -> str:
    """Return how a canonical field is made: `text`, `number`, `texts` (a list) or `pairs` (lists of integers)."""
    kind = arrow_schema(task).field(key).type
    if pa.types.is_string(kind):
        return "text"
    if pa.types.is_floating(kind):
        return "number"
    return "pairs" if pa.types.is_list(kind.value_type) else "texts"


def canonical_value(value: Any, key: str, kind: str, rule: Rule, unlabelled: Sequence[Any], textual: bool) -> Any:
    """Return the canonical value of one source value that fits the schema; MISSING and null give None.

    `textual` says that the source is CSV or TSV, where every value is text.
    """
    if value is MISSING or value is None or (textual and value == "" and key in EMPTY_IS_NULL):
        return None
    if key == "target" and unlabelled and _is_one_of(value, unlabelled, textual):
        return None
    if key == "split":
        return SPLIT_NAMES[value] if value else None
    if rule.split is not None and type(value) is str:
        return [_named(text, rule) for text in value.split(rule.split)] if value else []
    if type(value) is str and (rule.json or (textual and kind != "text")):
        value = decode_cell(value) if textual else decode_json(value)
    if kind == "number":
        return None if value is None else as_float(value)
    if kind == "texts":
        return None if value is None else [_named(scalar_text(item), rule) for item in value]
    if kind == "pairs":
        return None if value is None else [[int(float(number)) for number in pair] for pair in value]
    return _named(scalar_text(value), rule)


def _named(text: str, rule: Rule) -> str:
    return rule.values.get(text, text) if rule.values else text


def _unnamed(text: str, rule: Rule) -> str:
    return next((source for source, name in rule.values.items() if name == text), text) if rule.values else text


def _is_one_of(value: Any, unlabelled: Sequence[Any], textual: bool) -> bool:
    if type(value) is bool:
        return any(value is known for known in unlabelled)
    return value in unlabelled or (textual and value in [scalar_text(known) for known in unlabelled])


def source_value(value: Any, kind: str, rule: Rule, types: Mapping[str, int]) -> Any:
    """Return what the way back writes for a canonical value: the inverse of `canonical_value` where there is one."""
    if value is None:
        return MISSING
    if kind == "number" and not isfinite(value):
        return MISSING  # beyond every number of JSON; what the source had is kept
    if kind == "number":
        return Number(number_text(value)) if value != int(value) else int(value)
    if kind == "texts":
        texts = [_unnamed(item, rule) for item in value]
        return [_typed(item, types) for item in texts] if rule.split is None else joined_cell(texts, rule.split)
    return value if kind == "pairs" else _typed(_unnamed(value, rule), types)


def _typed(text: str, types: Mapping[str, int]) -> Any:
    """Cast a text back to the one JSON type that its column had."""
    kinds = {kind for kind, count in types.items() if count and kind != "null"}
    if kinds == {"boolean"} and text in ("true", "false"):
        return text == "true"
    if kinds and kinds <= {"integer", "number"}:
        try:
            value = decode_json(text)
        except msgspec.DecodeError:
            return text
        return value if type(value) in (int, Number) else text
    return text


def comes_back(value: Any, made: Any, key: str, kind: str, rule: Rule, textual: bool) -> bool:
    """Whether the way back writes `value` again from `made`, with the type of its column known."""
    if made is None:
        return value is MISSING or (textual and value == "")
    if key == "split":
        return bool(value == made)
    if rule.values and type(made) is str and _unnamed(made, rule) != scalar_text(value):
        return False  # the name itself stands there, and not what stands for it
    if rule.values and kind == "texts" and type(value) is list:
        return all(_unnamed(name, rule) == scalar_text(item) for name, item in zip(made, value, strict=True))
    if kind == "number":
        return scalar_text(value) == number_text(made)
    if kind in ("texts", "pairs") and textual and rule.split is None:
        return bool(value == encode_json(made).decode())
    if kind == "texts" and rule.split is not None:
        return bool(value == rule.split.join(_unnamed(name, rule) for name in made))
    return bool(value == made) if kind == "pairs" else not rule.json


def is_special(key: str, rule: Rule, layout: Layout) -> bool:
    """Whether some texts of a field stand for something else."""
    return bool(rule.values or rule.split or rule.json or key == "split" or layout.unlabelled)
