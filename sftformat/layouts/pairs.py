"""Conversations as pairs of a question and its answer, with a system prompt before them; two layouts stand on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftformat.errors import UsageError
from sftformat.layouts.messages import Message, join_turns, message, split_turns
from sftformat.record import Record

Pair = tuple[str, str | None]


def from_pairs(system: str | None, pairs: Sequence[Pair]) -> Record:
    """Return `input` and `target` of a conversation; an answer that is None is not there."""
    turns: list[Message] = [] if system is None else [message("system", system, {})]
    for question, answer in pairs:
        turns.append(message("user", question, {}))
        turns += [] if answer is None else [message("assistant", answer, {})]
    given, answered = split_turns(turns)
    return {"input": given, "target": answered}


def to_pairs(row: Mapping[str, Any], layout: str) -> tuple[str | None, list[Pair]]:
    """Return the system prompt and the pairs of a canonical row; the last answer may be missing.

    Raises:
        UsageError: the conversation is no such thing: tools are called, or turns have weights or names, or do not
            take turns.
    """
    turns = join_turns(row)
    first = turns.pop(0) if turns and turns[0]["role"] == "system" else None
    questions, answers = turns[::2], turns[1::2]
    for turn in (*([first] if first else ()), *turns):
        if turn.keys() - {"role", "content"} or turn.get("content") is None:
            more = ", ".join(sorted(turn.keys() - {"role", "content"})) or "nothing said"
            raise UsageError(f"layout {layout} holds plain questions and answers; a {turn['role']} turn has {more}")
    if any(turn["role"] != "user" for turn in questions) or any(turn["role"] != "assistant" for turn in answers):
        raise UsageError(f"layout {layout} holds questions and answers in turns; a conversation has another order")
    if not questions:
        raise UsageError(f"layout {layout} holds questions and answers; a conversation has no question")
    said: list[str | None] = [turn["content"] for turn in answers]
    said += [None] * (len(questions) - len(said))
    pairs = [(turn["content"], answer) for turn, answer in zip(questions, said, strict=True)]
    return first["content"] if first else None, pairs
