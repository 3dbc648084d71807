"""SFT222 empty-turn."""

from __future__ import annotations

import pytest

from .conversations import call, result, row, turn

CODE = "SFT222"


@pytest.mark.parametrize(
    "turns",
    [
        ["user", "assistant"],
        [turn("user", "."), turn("assistant", "\U0001f600")],
        [turn("system", ""), "user", "assistant"],
        [turn("developer", None), "user", "assistant"],
        ["user", call(), result(content=""), "assistant"],
        ["user", call(), result(content=None), "assistant"],
        ["user", turn("assistant", "", tool_calls=[{"name": "sky"}])],
        ["user", turn("assistant", None, tool_calls="{")],  # SFT228
        ["user", turn("assistant", None, extra={"function_call": {"name": "sky", "arguments": "{}"}})],
        ["user", turn("assistant", None, extra={"refusal": "I cannot."})],
        ["user", turn("assistant", "", extra={"reasoning_content": "Let me see."})],
        [turn("user", "", extra={"images": ["a.png"]}), "assistant"],
        ["user", turn("assistant", "", weight=0.0), "user", "assistant"],
        [turn("narrator", ""), "user", "assistant"],  # SFT220
        ["user", turn("tool_call", ""), result(), "assistant"],
        [],
    ],
    ids=str,
)
def test_noop(found, turns):
    assert found(CODE, [row(*turns)], "chat") == []


@pytest.mark.parametrize("content", [None, "", " \n\t", "\u200b", "\u3000\ufeff"])
@pytest.mark.parametrize(
    ("turns", "number", "path"),
    [
        (["user", "assistant"], 0, "/input/0/content"),
        (["user", "assistant"], 1, "/target/0/content"),
        (["user", "assistant", "user", "assistant"], 2, "/target/1/content"),
    ],
)
def test_finds(found, content, turns, number, path):
    turns = [turn(role, content if at == number else "words") for at, role in enumerate(turns)]
    clean = row("user", "assistant")
    (finding,) = found(CODE, [clean, row(*turns), clean], "chat")
    assert (finding.line, finding.path, finding.got) == (2, path, repr(content))
    assert finding.message == f"the {turns[number]['role']} says nothing"


@pytest.mark.parametrize("fields", [{"tool_calls": "[]"}, {"extra": {"refusal": None}}, {"extra": {"loss": True}}])
def test_finds_what_says_nothing_in_other_keys_either(found, fields):
    assert len(found(CODE, [row("user", turn("assistant", None, **fields))], "chat")) == 1
