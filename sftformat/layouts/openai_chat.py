"""OpenAI messages: `{"messages": [{"role", "content", …}], "tools"?}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.layouts.layout import Pointer
from sftformat.layouts.messages import join_turns, message, split_turns, tools_text, tools_value, turn_number, unmessage
from sftformat.record import Record

#: Top-level keys that this module reads; every other one goes to meta.
KEYS = ("messages", "tools")


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    turns = []
    for turn in record["messages"]:
        rest = {key: value for key, value in turn.items() if key not in ("role", "content")}
        if turn.get("content", "") is None:
            rest["content"] = None
        turns.append(message(turn["role"], turn.get("content"), rest))
    given, answer = split_turns(turns)
    return {"input": given, "target": answer, "tools": tools_text(record.get("tools"))}


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record of one canonical row."""
    record: Record = {"messages": [_turn(turn) for turn in join_turns(row)]}
    if row.get("tools") is not None:
        record["tools"] = tools_value(row["tools"], types.get("tools", {}))
    return record


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    number, inner = turn_number(pointer, row)
    if number is None:
        return (KEYS[0],)
    return (KEYS[0], str(number), *inner)


def _turn(turn: dict[str, Any]) -> Record:
    fields, extra = unmessage(turn)
    made: Record = {"role": turn["role"]}
    if "content" in turn or "content" in extra:
        made["content"] = turn.get("content")
    extra.pop("from", None)
    return {**made, **fields, **extra}
