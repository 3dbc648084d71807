"""Unpaired preferences: a completion with a label, true for a good one; only the good ones are examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.layouts.layout import Pointer
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record


def left_out(record: Record) -> str:
    """Say why a record is not to be used: its completion is a bad one; empty where it is."""
    return "" if record["label"] else "the completion is labelled false: it was not preferred"


def to_canonical(record: Record) -> Record:
    """Return `input` and `target` of one record that fits the schema."""
    return {"input": record["prompt"], "target": record["completion"]}


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the record of one canonical row: a good completion."""
    return {"prompt": row["input"], "completion": row["target"], "label": True}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:  # noqa: ARG001 - as other modules
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    return ("prompt",) if pointer[0] == "input" else ("completion",)


_KEYS = ("prompt", "completion", "label")
reader = fixed(Reader(_KEYS, to_canonical, from_canonical, source_pointer, left_out=left_out))
