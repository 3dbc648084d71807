"""OpenAI messages: `{"messages": [{"role", "content", …}], "tools"?}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.layouts.layout import Pointer
from sftformat.layouts.messages import (
    Message,
    join_turns,
    message,
    split_turns,
    tools_text,
    tools_value,
    turn_number,
    turn_of,
    written,
)
from sftformat.record import Record, encode_json

#: Top-level keys that this module reads; every other one goes to meta.
KEYS = ("messages", "tools")


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    turns = []
    for turn in record["messages"]:
        rest = {key: value for key, value in turn.items() if key not in ("role", "content")}
        notes = {"content": None} if turn.get("content", "") is None else {}
        turns.append(message(turn["role"], turn.get("content"), rest, notes))
    given, answer = split_turns(turns)
    return {"input": given, "target": answer, "tools": tools_text(record.get("tools"))}


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record of one canonical row."""
    record: Record = {"messages": [_written(turn) for turn in join_turns(row)]}
    if row.get("tools") is not None:
        record["tools"] = tools_value(row["tools"], types.get("tools", {}))
    return record


def _written(made: Message) -> Record:
    turn = turn_of(made)
    content = {"content": turn.content} if turn.content is not None or "content" in turn.notes else {}
    fields = turn.fields
    if "from" in turn.notes and "tool_calls" in fields:
        fields = {**fields, "tool_calls": _calls(fields["tool_calls"])}
    return written({"role": turn.role, **content, **fields}, turn, "openai-chat")


def _calls(value: Any) -> Any:
    """Return calls as other layouts write them, `{"name", "arguments"}` or a list of such, in the shape of OpenAI."""
    calls = value if isinstance(value, list) else [value]
    if not all(isinstance(call, dict) and call.keys() == {"name", "arguments"} for call in calls):
        return value
    return [{"type": "function", "function": {**call, "arguments": _text(call["arguments"])}} for call in calls]


def _text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else encode_json(arguments).decode()


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    number, inner = turn_number(pointer, row)
    if number is None:
        return (KEYS[0],)
    return (KEYS[0], str(number), *inner)
