"""ShareGPT: `{"conversations": [{"from", "value"}], "system"?, "tools"?}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.layouts.layout import Pointer
from sftformat.layouts.messages import join_turns, message, split_turns, tools_text, tools_value, turn_number, unmessage
from sftformat.record import Record, decode_json

#: Top-level keys that this module reads; every other one goes to meta.
KEYS = ("conversations", "system", "tools")
#: `from` -> role. The first word for a role is the one that is written; another one is kept in `extra`.
ROLES: Mapping[str, str] = {
    "human": "user",
    "gpt": "assistant",
    "system": "system",
    "observation": "tool",
    "function_call": "assistant",
    "user": "user",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function_response": "tool",
}
_WORDS = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}
#: What `from` is in the `extra` of the message that a record's own `system` key became.
SYSTEM_KEY = "/system"


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    turns = []
    if record.get("system") is not None:
        turns.append(message("system", record["system"], {"from": SYSTEM_KEY}))
    for turn in record["conversations"]:
        turns.append(_message(turn))
    given, answer = split_turns(turns)
    return {"input": given, "target": answer, "tools": tools_text(record.get("tools"))}


def _message(turn: Record) -> dict[str, Any]:
    word, value = turn["from"], turn["value"]
    rest = {key: item for key, item in turn.items() if key not in ("from", "value")}
    role = ROLES.get(word, word)
    if word == "function_call" and isinstance(value, str):
        return {**message(role, None, {**rest, "from": word}), "tool_calls": value}
    if _WORDS.get(role, role) != word:
        rest["from"] = word
    return message(role, value, rest)


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record of one canonical row."""
    record: Record = {}
    turns: list[Record] = []
    for turn in join_turns(row):
        call = turn.pop("tool_calls", None)
        fields, extra = unmessage(turn)
        word = extra.pop("from", None)
        extra.pop("content", None)
        if word == SYSTEM_KEY and not turns:
            record["system"] = turn.get("content")
            continue
        made: Record = {"from": word or _WORDS.get(turn["role"], turn["role"]), "value": turn.get("content")}
        if call is not None and turn.get("content") is not None:
            turns.append(made)
        if call is not None:
            made = {"from": "function_call", "value": call}
        turns.append({**made, **fields, **extra})
    record["conversations"] = turns
    if row.get("tools") is not None:
        record["tools"] = tools_value(row["tools"], types.get("tools", {}))
    return record


#: Field of a canonical message -> key of a turn. What is inside a call is inside the text of the value.
_KEYS_OF_TURN = {"role": "from", "content": "value", "tool_calls": "value"}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    number, inner = turn_number(pointer, row)
    if number is None:
        return (KEYS[0],)
    first = (row["input"] or row["target"])[0]
    if decode_json(first["extra"] or "{}").get("from") == SYSTEM_KEY:
        number -= 1
    if number < 0:
        return ("system",)
    key = _KEYS_OF_TURN.get(inner[0]) if inner else None
    return (KEYS[0], str(number), *(inner if key is None else (key,)))
