"""Conversations: from messages in order to `input` and `target`, and back; openai_chat and sharegpt stand on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftformat.layouts.layout import Pointer
from sftformat.record import Number, Record, decode_json, encode_json

Message = dict[str, Any]


def split_turns(messages: Sequence[Message]) -> tuple[list[Message], list[Message] | None]:
    """Cut a conversation before its first trained turn: an assistant turn whose weight is not 0.

    Without such a turn there is nothing to train on: the target is None and all messages are input.
    """
    for index, message in enumerate(messages):
        if message["role"] == "assistant" and message.get("weight") != 0:
            return list(messages[:index]), list(messages[index:])
    return list(messages), None


def join_turns(row: Mapping[str, Any]) -> list[Message]:
    """Return the whole conversation of a canonical row, without the fields that are not there."""
    turns = [*(row["input"] or ()), *(row["target"] or ())]
    return [{key: value for key, value in turn.items() if value is not None} for turn in turns]


def message(role: str, content: str | None, rest: Record) -> Message:
    """Return a canonical message; keys of `rest` that have no field of their own, or are null, go to `extra`."""
    made: Message = {"role": role, "content": content}
    extra: Record = {}
    for key, value in rest.items():
        if value is None or key not in ("name", "tool_calls", "tool_call_id", "weight"):
            extra[key] = value
        elif key == "tool_calls":
            made[key] = encode_json(value).decode()
        elif key == "weight":
            made[key] = float(value)
            if isinstance(value, Number):
                extra[key] = value
        else:
            made[key] = value
    if extra:
        made["extra"] = encode_json(extra).decode()
    return made


def unmessage(turn: Message) -> tuple[Record, Record]:
    """Return the fields of a message as the source had them, without role and content, and what `extra` holds."""
    extra: Record = decode_json(turn["extra"]) if "extra" in turn else {}
    fields: Record = {key: turn[key] for key in ("name", "tool_call_id") if key in turn}
    if "tool_calls" in turn:
        fields["tool_calls"] = decode_json(turn["tool_calls"])
    if "weight" in turn:
        weight = turn["weight"]
        fields["weight"] = int(weight) if weight == int(weight) else weight
        if "weight" in extra:
            fields["weight"] = extra.pop("weight")
    return fields, extra


def turn_number(pointer: Pointer, row: Mapping[str, Any]) -> tuple[int | None, Pointer]:
    """Return which turn of the whole conversation a pointer into a canonical row leads to, and the rest of the way.

    None when it leads to no turn. What stands in `extra` stands in the turn itself in the source.
    """
    if pointer[0] not in ("input", "target") or len(pointer) < 2:
        return None, ()
    number = int(pointer[1]) + (len(row["input"] or ()) if pointer[0] == "target" else 0)
    inner = pointer[2:]
    return number, inner[1:] if inner[:1] == ("extra",) else inner


def tools_text(value: Any) -> str | None:
    """Return the tools of a record as JSON text: a text stays as it is."""
    if value is None or isinstance(value, str):
        return value
    return encode_json(value).decode()


def tools_value(text: str, types: Mapping[str, int]) -> Any:
    """Return tools as the source had them: text where its column held text, else what the text says."""
    return text if types.get("string") and not types.get("array") else decode_json(text)
