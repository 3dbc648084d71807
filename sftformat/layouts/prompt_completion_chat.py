"""TRL, conversational: `{"prompt": [message…], "completion": [message…], "tools"?}`.

What the prompt's assistant says is not trained on: such a turn has weight 0 in the canonical row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftformat.errors import UsageError
from sftformat.layouts import openai_chat
from sftformat.layouts.layout import Pointer
from sftformat.layouts.messages import turn_number
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record that fits the schema."""
    answer = record.get("completion")
    if isinstance(answer, dict):
        answer = [answer]
    given = [{**_bare(turn), "weight": 0} if turn["role"] == "assistant" else turn for turn in record["prompt"]]
    made = openai_chat.to_canonical({"messages": [*given, *(answer or ())], "tools": record.get("tools")})
    turns = [*made["input"], *(made["target"] or ())]
    target = turns[len(given) :] if answer else None
    return {"input": turns[: len(given)], "target": target, "tools": made["tools"]}


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record of one canonical row.

    Raises:
        UsageError: a turn of the answer is not trained on, which TRL cannot be told.
    """
    whole = openai_chat.from_canonical(row, types)
    turns, before = whole["messages"], len(row["input"] or ())
    made: Record = {"prompt": [_bare(turn) for turn in turns[:before]]}
    if row["target"] is not None:
        made["completion"] = _trained(turns[before:])
    return {**made, **({"tools": whole["tools"]} if "tools" in whole else {})}


def _bare(turn: Record) -> Record:
    """Leave out the weight of a turn of the prompt, which says nothing there."""
    return {key: value for key, value in turn.items() if key != "weight" or turn["role"] != "assistant"}


def _trained(turns: Sequence[Record]) -> list[Record]:
    if any(turn["role"] == "assistant" and turn.get("weight") == 0 for turn in turns):
        raise UsageError(
            "layout prompt-completion-chat trains on every assistant turn of a completion; a turn has weight 0"
        )
    return list(turns)


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    number, inner = turn_number(pointer, row)
    name = "prompt" if pointer[0] == "input" else "completion"
    before = len(row["input"] or ()) if pointer[0] == "target" else 0
    return (name,) if number is None else (name, str(number - before), *inner)


_KEYS = ("prompt", "completion", "tools")
reader = fixed(Reader(_KEYS, to_canonical, from_canonical, source_pointer, holds=("tools",)))
