"""Unpaired preferences as conversations: with a label, true for a good one; only the good ones are examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.layouts import openai_chat, sharegpt
from sftformat.layouts.layout import Pointer
from sftformat.layouts.preference_unpaired import left_out
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    return openai_chat.to_canonical(record) if "messages" in record else sharegpt.to_canonical(record)


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record of one canonical row: a good conversation."""
    return {**openai_chat.from_canonical(row, types), "label": True}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    return openai_chat.source_pointer(pointer, row)


_KEYS = ("messages", "conversations", "label", "tools", "system")
reader = fixed(
    Reader(
        _KEYS,
        to_canonical,
        from_canonical,
        source_pointer,
        left_out=left_out,
        holds=("tools",),
        one_of=("messages", "conversations"),
    )
)
