"""Preferences as messages: `chosen` and `rejected` with or without `prompt`; or OpenAI's `preferred_output`.

What is preferred is the answer; what is not is kept in meta. Without a prompt the two conversations part at the first
turn that differs, and what stands before it is the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from sftformat.errors import UsageError
from sftformat.layouts import prompt_completion_chat
from sftformat.layouts.layout import Pointer
from sftformat.record import Record

#: Top-level keys that this module reads; every other one goes to meta.
KEYS = ("prompt", "chosen", "rejected", "input", "preferred_output", "non_preferred_output", "tools")
#: What the way back would not write again is kept as it is.
ONE_OF: tuple[str, ...] = ()
HOLDS = ("tools",)


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    prompt, answer = _parts(record)
    return prompt_completion_chat.to_canonical({"prompt": prompt, "completion": answer, "tools": record.get("tools")})


def _parts(record: Record) -> tuple[list[Any], list[Any]]:
    if "preferred_output" in record:
        return record["input"]["messages"], record["preferred_output"]
    chosen: Sequence[Any] = record["chosen"]
    if record.get("prompt") is not None:
        return record["prompt"], list(chosen)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(chosen, record["rejected"], strict=False))
    before = min(sum(1 for _ in same), len(chosen) - 1)
    return list(chosen[:before]), list(chosen[before:])


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Refuse: what was rejected cannot be made up; rows that were read in this layout go back as they were.

    Raises:
        UsageError: always.
    """
    raise UsageError("a layout of preferences needs an answer that was rejected; write prompt-completion-chat")


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:  # noqa: ARG001 - as other modules
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    return ("prompt",) if pointer[0] == "input" else ("chosen",)
