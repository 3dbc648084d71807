"""OpenAI messages: `{"messages": [{"role", "content", …}], "tools"?}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.layouts.messages import (
    Message,
    join_turns,
    message,
    split_turns,
    tools_text,
    tools_value,
    turn_of,
    written,
)
from sftformat.record import Record

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
    return written({"role": turn.role, **content, **turn.fields}, turn, "openai-chat")
