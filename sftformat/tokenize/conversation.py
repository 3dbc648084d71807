"""Canonical rows of text-to-text and chat as conversations, as chat templates see them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sftformat.dataset.talked import asked
from sftformat.layouts.messages import NOTE
from sftformat.tokenize.labels import Column

#: Tasks whose target is text.
TEXT_TASKS = frozenset({"text-to-text", "chat"})
#: Fields of a row of text-to-text that templates see by name.
_FIELDS = ("system", "instruction", "input", "source_lang", "target_lang")


@dataclass(frozen=True, slots=True)
class Fault:
    """What costs a row its place in the shards: a code, its words, and a JSON Pointer into the canonical row.

    `name` is that of a rule, whose codes stand in no table of ours.
    """

    code: str
    said: str
    path: str
    got: str = ""
    name: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One row: its messages, which of them are trained (positions, ascending), the tools, the fields by name.

    A row without a target has no trained message. `first` is where the target begins. With a `fault` the rest means
    nothing.
    """

    messages: tuple[Mapping[str, Any], ...]
    trained: tuple[int, ...]
    first: int
    tools: tuple[Any, ...] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    fault: Fault | None = None

    def path(self, number: int) -> str:
        """Return the JSON Pointer of message `number` in the canonical row."""
        if self.fields:
            return "/target" if number >= self.first else "/input"
        return f"/target/{number - self.first}" if number >= self.first else f"/input/{number}"


def conversations(batch: pa.RecordBatch, task: str) -> Iterator[Conversation]:
    """Yield each row of a batch."""
    names = ("input", "target", "tools") if task == "chat" else (*_FIELDS, "target")
    columns = {name: batch.column(name).to_pylist() for name in names if name in batch.schema.names}
    rows = zip(*columns.values(), strict=True)
    make = _chat if task == "chat" else _text
    yield from (make(dict(zip(columns, values, strict=True))) for values in rows)


def _text(row: Mapping[str, Any]) -> Conversation:
    fields = {name: row[name] for name in _FIELDS if row.get(name) is not None}
    messages = [{"role": "system", "content": fields["system"]}] if fields.get("system") else []
    messages.append({"role": "user", "content": asked(fields)})
    first, answer = len(messages), row.get("target")
    if answer is None:
        return Conversation(tuple(messages), (), first, None, fields)
    return Conversation((*messages, {"role": "assistant", "content": answer}), (first,), first, None, fields)


def _chat(row: Mapping[str, Any]) -> Conversation:
    turns = [*(row["input"] or ()), *(row["target"] or ())]
    first = len(row["input"] or ())
    messages, fault = [], None
    for number, turn in enumerate(turns):
        try:
            messages.append(_message(turn))
        except ValueError as error:
            side = f"/target/{number - first}" if number >= first else f"/input/{number}"
            fault = fault or Fault("SFT506", f"a call that is no JSON: {error}", f"{side}/tool_calls")
            messages.append({"role": turn["role"]})
    tools: Any = None
    if row.get("tools") is not None:
        tools = _json(row["tools"])
        if not isinstance(tools, list):
            fault = fault or Fault("SFT506", "tools that are no JSON list", "/tools")
    trained = tuple(
        number
        for number, turn in enumerate(turns)
        if number >= first and turn["role"] == "assistant" and turn.get("weight") != 0
    )
    return Conversation(tuple(messages), trained, first, tuple(tools) if isinstance(tools, list) else None, {}, fault)


def _message(turn: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as a template sees it: the keys of the source, without nulls, weights and notes of ours.

    Raises:
        ValueError: its calls are no JSON.
    """
    keys = ("role", "content", "name", "tool_call_id")
    made = {key: turn[key] for key in keys if turn.get(key) is not None}
    if turn.get("tool_calls") is not None:
        calls = json.loads(turn["tool_calls"])
        made["tool_calls"] = [_call(each) for each in (calls if isinstance(calls, list) else [calls])]
    for key, value in (json.loads(turn["extra"]) if turn.get("extra") else {}).items():
        own = key.removeprefix(NOTE)
        if (own == key or own.startswith(NOTE)) and value is not None:
            made.setdefault(own, value)
    return made


def _call(value: Any) -> Any:
    """Return a call as templates know it; ShareGPT has the function alone."""
    bare = isinstance(value, dict) and "function" not in value and "name" in value
    return {"type": "function", "function": value} if bare else value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def joined(batch: pa.RecordBatch) -> list[str]:
    """Return what is asked in each row of text-to-text: system, instruction and input, a line feed between them."""
    columns: list[Column] = [
        batch.column(name).cast(pa.string())
        for name in ("system", "instruction", "input")
        if name in batch.schema.names
    ]
    blank = pa.scalar(None, pa.string())
    there = [pc.if_else(pc.equal(column, pa.scalar("")), blank, column) for column in columns]
    texts: Any = pc.binary_join_element_wise(*there, "\n", null_handling="skip")
    return [text or "" for text in texts.to_pylist()]
