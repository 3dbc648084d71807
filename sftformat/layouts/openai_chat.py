"""OpenAI messages: `{"messages": [{"role", "content", …}], "tools"?}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

from sftformat.layouts.layout import Binding, Pointer
from sftformat.layouts.messages import (
    Message,
    join_turns,
    message,
    split_turns,
    tools_text,
    tools_value,
    turn_number,
    turn_of,
    weight_key,
    written,
)
from sftformat.layouts.reader import Reader
from sftformat.record import Record, encode_json

#: Keys of the text of a part of the content: OpenAI's, and LLaMA-Factory's.
PART_TEXTS = ("text", "value")


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    turns = []
    for turn in record["messages"]:
        rest = {key: value for key, value in turn.items() if key not in ("role", "content")}
        content, notes = _content(turn)
        turns.append(message(turn["role"], content, rest, notes))
    given, answer = split_turns(turns)
    return {"input": given, "target": answer, "tools": tools_text(record.get("tools"))}


def _content(turn: Record) -> tuple[str | None, Record]:
    """Return the text of a turn, and what must be known to write it again: that it is null, or made of parts."""
    content = turn.get("content", "")
    if not isinstance(content, list):
        return turn.get("content"), {"content": None} if content is None else {}
    held = [next((key, part[key]) for key in PART_TEXTS if key in part) for part in content]
    return "".join(text for _, text in held), {"content": [[key, len(text)] for key, text in held]}


def _parts(text: str, note: list[Any]) -> list[Record]:
    """Return a text as the parts that it had; as one where it was changed since."""
    held: list[Any] = note if sum(length for _, length in note) == len(text) else [[PART_TEXTS[0], len(text)]]
    lengths: list[int] = [length for _, length in held]
    ends = pairwise(accumulate(lengths, initial=0))
    return [{"type": "text", key: text[start:end]} for (key, _), (start, end) in zip(held, ends, strict=True)]


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record of one canonical row."""
    record: Record = {"messages": [_written(turn) for turn in join_turns(row)]}
    if row.get("tools") is not None:
        record["tools"] = tools_value(row["tools"], types.get("tools", {}))
    return record


def _written(made: Message) -> Record:
    turn = turn_of(made)
    note, said = turn.notes.get("content"), turn.content
    text = _parts(said, note) if isinstance(note, list) and said is not None else said
    content = {"content": text} if said is not None or "content" in {**turn.notes, **turn.extra} else {}
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
        return ("messages",)
    turns = [*(row["input"] or ()), *(row["target"] or ())]
    inner = (weight_key(turns[number]),) if inner == ("weight",) else inner
    return ("messages", str(number), *inner)


_KEYS = ("messages", "tools")
_READER = Reader(_KEYS, to_canonical, from_canonical, source_pointer, holds=("tools",), exact=True)


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:  # noqa: ARG001 - every module is asked alike
    """Return the reader for the key that the messages stand under: some call them as ShareGPT does."""
    key = binding.at.get("input", _KEYS)[0]
    if key == _KEYS[0]:
        return _READER

    def there(record: Record) -> Record:
        return to_canonical({**record, "messages": record[key]})

    def back(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
        made = from_canonical(row, types)
        return {key if name == _KEYS[0] else name: value for name, value in made.items()}

    def pointer_of(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
        return (key, *source_pointer(pointer, row)[1:])

    return replace(_READER, keys=(key, "tools"), to_canonical=there, from_canonical=back, source_pointer=pointer_of)
