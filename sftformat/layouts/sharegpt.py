"""ShareGPT: `{"conversations": [{"from", "value"}], "system"?, "tools"?}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts.layout import Pointer
from sftformat.layouts.messages import (
    WEIGHTS,
    join_turns,
    message,
    notes_of,
    split_turns,
    tools_text,
    tools_value,
    turn_number,
    turn_of,
    weight_key,
    written,
)
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record, decode_json

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
#: What both of two turns have that were one.
_WEIGHTS = ("weight", *WEIGHTS)
_WORDS = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}
#: What the note `from` of the message says that a record's own `system` key became.
SYSTEM_KEY = "/system"
#: The note of a turn that has a key `tool_calls`: null where that is the call, else what it holds beside the call.
CALLS_KEY = "tool_calls"


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    turns = []
    if record.get("system") is not None:
        turns.append(message("system", record["system"], {}, {"from": SYSTEM_KEY}))
    for turn in record["conversations"]:
        turns.append(_message(turn))
    given, answer = split_turns(turns)
    return {"input": given, "target": answer, "tools": tools_text(record.get("tools"))}


def _message(turn: Record) -> dict[str, Any]:
    word, value = turn["from"], turn["value"]
    rest = {key: item for key, item in turn.items() if key not in ("from", "value")}
    role = ROLES.get(word, word)
    if word == "function_call" and isinstance(value, str):
        # A key `tool_calls` beside it is not the call: it is kept as a note.
        notes = {"from": word}
        if rest.get("tool_calls") is not None:
            notes[CALLS_KEY] = rest.pop("tool_calls")
        return {**message(role, None, rest, notes), "tool_calls": value}
    notes = {"from": word} if _WORDS.get(role, role) != word else {}
    if rest.get("tool_calls") is not None:
        notes[CALLS_KEY] = None
    return message(role, value, rest, notes)


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record of one canonical row; a turn that says something and calls tools becomes two.

    Raises:
        UsageError: somebody else than the assistant calls tools.
    """
    record: Record = {}
    turns: list[Record] = []
    for made in join_turns(row):
        call = made.pop("tool_calls", None)
        turn = turn_of(made)
        word = turn.notes.get("from")
        if word == SYSTEM_KEY and not turns:
            record["system"] = turn.content
            continue
        said: Record = {"from": word or _WORDS.get(turn.role, turn.role), "value": turn.content}
        if CALLS_KEY in turn.notes:
            kept = turn.notes[CALLS_KEY]
            said["tool_calls"], call = (decode_json(call), None) if kept is None else (kept, call)
        elif call is not None and turn.content is not None:
            turns.append({**said, **{key: turn.fields[key] for key in _WEIGHTS if key in turn.fields}})
        if call is not None and turn.role != "assistant":
            raise UsageError(f"layout sharegpt has calls of the assistant alone; a {clip(turn.role)} turn has some")
        if call is not None:
            said = {**said, "from": "function_call", "value": call}
        turns.append(written({**said, **turn.fields}, turn, "sharegpt"))
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
        return ("conversations",)
    turns = [*(row["input"] or ()), *(row["target"] or ())]
    if notes_of(turns[0]).get("from") == SYSTEM_KEY and number == 0:
        return ("system",)
    before = int(notes_of(turns[0]).get("from") == SYSTEM_KEY)
    inner = (weight_key(turns[number]),) if inner == ("weight",) else inner
    key = _KEYS_OF_TURN.get(inner[0]) if inner else None
    if key is None or (inner[0] == "tool_calls" and notes_of(turns[number]).get(CALLS_KEY, "") is None):
        return ("conversations", str(number - before), *inner)
    return ("conversations", str(number - before), key)


_KEYS = ("conversations", "system", "tools")
reader = fixed(Reader(_KEYS, to_canonical, from_canonical, source_pointer, holds=("tools",), exact=True))
