"""ms-swift seq_cls: `{"messages": [{"role": "user", "content"}], "label"}`, the label a class, a list or a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftformat.layouts.layout import MISSING, Binding, Pointer, Rule
from sftformat.layouts.reader import Reader, Types
from sftformat.layouts.values import canonical_value, kind_of, source_value
from sftformat.record import Record

_TEXT = ("messages", "0", "content")


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:  # noqa: ARG001 - every module is asked alike
    """Return the reader for the task of the layout: which one `label` is."""
    kind = kind_of(binding.layout.task, "target")
    rule = Rule(values=binding.layout.fields.get("target", Rule()).values)  # names for ids

    def to_canonical(record: Record) -> Record:
        label = canonical_value(record.get("label", MISSING), "target", kind, rule, (), False)
        return {"input": record["messages"][0]["content"], "target": label}

    def from_canonical(row: Mapping[str, Any], _: Types) -> Record:
        record: Record = {"messages": [{"role": "user", "content": row["input"]}]}
        target = row["target"]
        whole = {"integer": 1} if _are_ids(target) or rule.values else {}
        label = source_value(target, kind, rule, whole)
        return record if label is MISSING else {**record, "label": label}

    return Reader(("messages", "label"), to_canonical, from_canonical, _source_pointer)


def _are_ids(target: Any) -> bool:
    """Whether labels are written as integers: ids is what the tool takes, and names keep their text."""
    texts = [target] if isinstance(target, str) else target if isinstance(target, list) else []
    return all(text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") for text in texts)


def _source_pointer(pointer: Pointer, _: Mapping[str, Any]) -> Pointer:
    return _TEXT if pointer[0] == "input" else ("label", *pointer[1:])
