"""Preferences as messages: `chosen` and `rejected` with or without `prompt`; or OpenAI's `preferred_output`.

What is preferred is the answer; what is not is kept in meta. Without a prompt the two conversations part at the first
turn that differs, and what stands before it is the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from sftformat.errors import UsageError
from sftformat.layouts import prompt_completion_chat
from sftformat.layouts.layout import Pointer
from sftformat.layouts.reader import Reader, fixed
from sftformat.layouts.sharegpt import ROLES
from sftformat.record import Record


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    prompt, answer = (list(map(_message, turns)) for turns in _parts(record))
    return prompt_completion_chat.to_canonical({"prompt": prompt, "completion": answer, "tools": record.get("tools")})


def _parts(record: Record) -> tuple[list[Any], list[Any]]:
    if "preferred_output" in record:
        return record["input"]["messages"], record["preferred_output"]
    chosen = _list(record.get("chosen_messages", record.get("chosen")))
    given = record.get("prompt", record.get("conversations"))
    if given is not None:
        return list(given), chosen
    other = _list(record.get("rejected_messages", record.get("rejected")))
    same = takewhile(lambda pair: pair[0] == pair[1], zip(chosen, other, strict=False))
    before = min(sum(1 for _ in same), len(chosen) - 1)
    return chosen[:before], chosen[before:]


def _list(turns: Any) -> list[Any]:
    return [turns] if isinstance(turns, dict) else list(turns)


def _message(turn: Record) -> Record:
    """Return a turn of ShareGPT as a message; a message is one already."""
    if "from" not in turn:
        return turn
    rest = {key: value for key, value in turn.items() if key not in ("from", "value")}
    return {"role": ROLES.get(turn["from"], turn["from"]), "content": turn["value"], **rest}


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Refuse: what was rejected cannot be made up; rows that were read in this layout go back as they were.

    Raises:
        UsageError: always.
    """
    raise UsageError("a layout of preferences needs an answer that was rejected; write prompt-completion-chat")


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:  # noqa: ARG001 - as other modules
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    return ("prompt",) if pointer[0] == "input" else ("chosen",)


_KEYS = (
    "prompt",
    "conversations",
    "chosen",
    "rejected",
    "chosen_messages",
    "rejected_messages",
    "input",
    "preferred_output",
    "non_preferred_output",
    "tools",
)
reader = fixed(Reader(_KEYS, to_canonical, from_canonical, source_pointer, holds=("tools",)))
