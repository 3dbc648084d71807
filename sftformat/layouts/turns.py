"""Conversations as lists of texts, of which user and assistant take turns: ChatterBot, DailyDialog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftformat.errors import UsageError
from sftformat.layouts.cells import scalar_text
from sftformat.layouts.layout import Binding, Pointer, get, put
from sftformat.layouts.messages import message, split_turns, turn_number
from sftformat.layouts.pairs import to_pairs
from sftformat.layouts.reader import Reader, Types
from sftformat.record import Record

_ROLES = ("user", "assistant")


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:  # noqa: ARG001 - every module is asked alike
    """Return the reader for conversations that stand under the key that was found."""
    at = binding.at.get("input", ("conversations",))

    def to_canonical(record: Record) -> Record:
        texts = map(scalar_text, get(record, at))
        given, answered = split_turns([message(_ROLES[n % 2], text, {}) for n, text in enumerate(texts)])
        return {"input": given, "target": answered}

    def from_canonical(row: Mapping[str, Any], _: Types) -> Record:
        system, pairs = to_pairs(row, "turns")
        if system is not None:
            raise UsageError("layout turns has no place for a system prompt: choose another layout")
        record: Record = {}
        put(record, at, [text for pair in pairs for text in pair if text is not None])
        return record

    def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
        number, _ = turn_number(pointer, row)
        return at if number is None else (*at, str(number))

    return Reader(at[:1], to_canonical, from_canonical, source_pointer)
