"""Conversations: from messages in order to `input` and `target`, and back; openai_chat and sharegpt stand on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts.layout import Pointer
from sftformat.record import Number, Record, decode_json, encode_json

Message = dict[str, Any]
#: The mark of our own notes among the keys of `extra`; a key of the source that begins with it gets it twice.
NOTE = "#"
#: Other keys of a turn that say what it weighs in the loss: ms-swift's `loss`, LLaMA-Factory's `loss_weight`.
WEIGHTS = ("loss", "loss_weight")
#: The note that holds such a key with its value.
WEIGHT_AS = "weight_as"


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


def message(role: str, content: str | None, rest: Record, notes: Mapping[str, Any] | None = None) -> Message:
    """Return a canonical message from the other keys of a turn.

    Keys of `rest` that have no field of their own, or are null, go to `extra`, and so do `notes`: what a layout must
    remember to write the turn again. Notes carry a mark, so that no key of the source can be taken for one.
    """
    made: Message = {"role": role, "content": content}
    extra: Record = {}
    kept = dict(notes or {})
    own = next((key for key in WEIGHTS if key in rest and _is_weight(rest[key])), None)
    if own is not None and "weight" not in rest:
        made["weight"] = float(rest[own])
        kept[WEIGHT_AS] = {own: rest[own]}
        rest = {key: value for key, value in rest.items() if key != own}
    for key, value in rest.items():
        if value is None or key not in ("name", "tool_calls", "tool_call_id", "weight"):
            extra[NOTE + key if key.startswith(NOTE) else key] = value
        elif key == "tool_calls":
            made[key] = encode_json(value).decode()
        elif key == "weight":
            made[key] = float(value)
            if isinstance(value, Number):
                kept[key] = value
        else:
            (made if isinstance(value, str) else extra)[key] = value
    extra.update({NOTE + key: value for key, value in kept.items()})
    if extra:
        made["extra"] = encode_json(extra).decode()
    return made


def _is_weight(value: Any) -> bool:
    return isinstance(value, bool | int | Number)


@dataclass(frozen=True, slots=True)
class Turn:
    """A canonical message as it is written: its own fields, the keys that have none, and the notes of its layout.

    `fields` are name, tool_calls, tool_call_id and weight, where they are there, with the values of the source.
    """

    role: str
    content: str | None
    fields: Record
    extra: Record
    notes: Record


def turn_of(made: Message) -> Turn:
    """Take a canonical message apart: the inverse of `message`. Calls that are no JSON stay the text that they are."""
    fields: Record = {key: made[key] for key in ("name", "tool_call_id") if key in made}
    extra, notes = _apart(made)
    if "tool_calls" in made:
        fields["tool_calls"] = _said(made["tool_calls"])
    if "weight" in made:
        weight = made["weight"]
        whole = int(weight) if weight == int(weight) else weight
        own = notes.pop(WEIGHT_AS, {})
        for key, value in own.items():
            fields[key] = value if float(value) == weight else bool(weight) if type(value) is bool else whole
        if not own:
            fields["weight"] = notes.pop("weight", whole)
    return Turn(made["role"], made.get("content"), fields, extra, notes)


def notes_of(made: Mapping[str, Any]) -> Record:
    """Return the notes of a canonical message."""
    return _apart(made)[1]


def _apart(made: Mapping[str, Any]) -> tuple[Record, Record]:
    extra: Record = {}
    notes: Record = {}
    for key, value in (decode_json(made["extra"]) if made.get("extra") else {}).items():
        if key.startswith(NOTE) and not key.startswith(NOTE * 2):
            notes[key.removeprefix(NOTE)] = value
        else:
            extra[key.removeprefix(NOTE)] = value
    return extra, notes


def _said(text: str) -> Any:
    """Return what JSON text says; a text that is none stays one."""
    try:
        return decode_json(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def written(made: Record, turn: Turn, layout: str) -> Record:
    """Return the turn that is written: what the layout made of it, and the keys that it does not know.

    Raises:
        UsageError: such a key is one that the layout writes.
    """
    for key in turn.extra:
        if key in made:
            raise UsageError(
                f"a turn has a key {clip(key)!r} of its own, which is also what layout {layout} writes: "
                "rename that key, or choose another layout"
            )
    return {**made, **turn.extra}


def turn_number(pointer: Pointer, row: Mapping[str, Any]) -> tuple[int | None, Pointer]:
    """Return which turn of the whole conversation a pointer into a canonical row leads to, and the rest of the way.

    None when it leads to no turn. What stands in `extra` stands in the turn itself in the source.
    """
    if pointer[0] not in ("input", "target") or len(pointer) < 2:
        return None, ()
    number = int(pointer[1]) + (len(row["input"] or ()) if pointer[0] == "target" else 0)
    inner = pointer[2:]
    return number, inner[1:] if inner[:1] == ("extra",) else inner


def weight_key(made: Mapping[str, Any]) -> str:
    """Return the key under which a turn says what it weighs."""
    return next(iter(notes_of(made).get(WEIGHT_AS, {})), "weight")


def tools_text(value: Any) -> str | None:
    """Return the tools of a record as JSON text: a text stays as it is."""
    if value is None or isinstance(value, str):
        return value
    return encode_json(value).decode()


def tools_value(text: str, types: Mapping[str, int]) -> Any:
    """Return tools as the source had them: text where its column held text or it is no JSON, else what it says."""
    return text if types.get("string") and not types.get("array") else _said(text)
