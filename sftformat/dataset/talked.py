"""A row of text-to-text as a conversation: what is asked is the user's turn, the target the assistant's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.schema.arrow import arrow_schema

#: What is asked: the task first, then what it is about.
ASKED = ("instruction", "input")


def asked(row: Mapping[str, Any]) -> str:
    """Return what the user says, a line feed between the instruction and the input."""
    return "\n".join(row[name] for name in ASKED if row.get(name))


def conversation(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical chat row of a canonical row of text-to-text; what chat has no field for stays in it."""
    turns = [_turn("system", row["system"])] if row.get("system") else []
    turns.append(_turn("user", asked(row)))
    answer = row.get("target")
    rest = {key: value for key, value in row.items() if key not in ("instruction", "system")}
    given = dict.fromkeys(arrow_schema("chat").names)
    target = None if answer is None else [_turn("assistant", answer)]
    return {**given, **rest, "input": turns, "target": target}


def _turn(role: str, content: str) -> dict[str, Any]:
    fields = arrow_schema("chat").field("input").type.value_type
    return {**dict.fromkeys(field.name for field in fields), "role": role, "content": content}
