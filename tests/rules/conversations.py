"""Canonical rows of chat for tests: turns in order, cut into input and target as the layouts do it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from sftformat.layouts.messages import split_turns

Turn = dict[str, Any]
FIELDS = ("name", "tool_calls", "tool_call_id", "weight", "extra")


def turn(role: str, content: str | None = "words", **fields: Any) -> Turn:
    """Make a turn; `tool_calls` and `extra` that are no text are written as JSON."""
    made = {"role": role, "content": content, **dict.fromkeys(FIELDS), **fields}
    for key in ("tool_calls", "extra"):
        if made[key] is not None and not isinstance(made[key], str):
            made[key] = json.dumps(made[key])
    return made


def row(*turns: Turn | str, **fields: Any) -> dict[str, Any]:
    """Make a row of turns; a text is a turn of that role which says something."""
    given, target = split_turns([turn(each) if isinstance(each, str) else each for each in turns])
    return {"input": given, "target": target, **fields}


def call(*ids: str, **fields: Any) -> Turn:
    """Make a turn of the assistant that calls tools, one for each id; without ids one call that has none."""
    calls = [{"id": each, "type": "function", "function": {"name": "sky", "arguments": "{}"}} for each in ids]
    return turn("assistant", None, tool_calls=calls or [{"name": "sky", "arguments": {}}], **fields)


def result(answers: str | None = None, role: str = "tool", content: str | None = "rain") -> Turn:
    """Make the result of a call."""
    return turn(role, content, tool_call_id=answers)


def resolve(canonical: dict[str, Any], path: str) -> Any:
    """Return what a JSON Pointer leads to."""
    value: Any = canonical
    for token in path.split("/")[1:]:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value


@st.composite
def _round(draw: st.DrawFn, number: int) -> list[Turn]:
    """Turns from one user to the next: perhaps calls of tools, with or without ids, then the assistant's words."""
    turns = [turn("user", f"question {number}")]
    if draw(st.booleans()):
        turns.append(turn("system", draw(st.sampled_from(["", "Be brief."]))))
    for step in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["ids", "order", "words", "old", "parallel"]))
        ids = [f"call_{number}_{step}_{each}" for each in range(draw(st.integers(1, 3)))]
        if kind == "ids":
            turns += [call(*ids), *map(result, draw(st.permutations(ids)))]
        elif kind == "order":
            turns += [call(), *(result(role=draw(st.sampled_from(["tool", "observation"]))) for _ in ids)]
        elif kind == "parallel":
            turns += [*(call() for _ in ids), *(result() for _ in ids)]
        elif kind == "words":
            turns += [turn("assistant", "<tool_call>{}</tool_call>"), result()]
        else:
            turns += [turn("assistant", None, extra={"function_call": {"name": "sky"}}), result(role="function")]
    return [*turns, turn("assistant", f"answer {number}", weight=draw(st.sampled_from([None, 1.0])))]


@st.composite
def sound_rows(draw: st.DrawFn) -> dict[str, Any]:
    """Conversations that no rule may flag."""
    turns = draw(st.sampled_from([[], [turn("system", "Be kind.")], [turn("assistant", "Welcome!")]]))
    turns = [*turns, *(each for number in range(draw(st.integers(1, 3))) for each in draw(_round(number)))]
    if draw(st.booleans()):
        turns = [*turns, turn("user", "and now?"), call("last")]
    return row(*turns, tools=draw(st.sampled_from([None, "", "[]", '[{"name": "sky"}]'])))


#: Any turns in any order, sound or not.
any_turns = st.lists(
    st.builds(
        turn,
        st.sampled_from(["system", "user", "assistant", "tool", "ipython", "tool_call", "narrator", "asistant"]),
        st.sampled_from(["words", "", None, "\u200b", "<tool_call>{}</tool_call>"]),
        name=st.sampled_from([None, "Ann", "Bob"]),
        tool_calls=st.sampled_from(
            [None, "[]", "{", "3", '[{"id": "a"}]', '[{"id": "a"}, {"id": "b"}]', '{"name": 1}']
        ),
        tool_call_id=st.sampled_from([None, None, "a", "b", "c"]),
        weight=st.sampled_from([None, 0.0, 1.0]),
        extra=st.sampled_from([None, {"function_call": {"arguments": "{"}}, {"refusal": "No."}]),
    ),
    max_size=7,
)
splits = st.sampled_from([None, "train", "validation", "test"])
any_rows = st.builds(
    lambda turns, split, tools: row(*turns, split=split, tools=tools), any_turns, splits, st.sampled_from([None, "{"])
)
