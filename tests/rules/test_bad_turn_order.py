"""SFT221 bad-turn-order."""

from __future__ import annotations

import pytest

from .conversations import call, result, row, turn

CODE = "SFT221"


@pytest.mark.parametrize(
    "turns",
    [
        ["user", "assistant", "user", "assistant"],
        ["assistant", "user", "assistant"],  # ShareGPT that begins with gpt, a greeting in role play
        ["system", "system", "user", "assistant"],
        ["system", "developer", "user", "assistant"],
        ["user", "system", "user", "assistant"],
        ["user", "system", "assistant", "system", "user", "assistant"],
        ["user", call(), result(), "assistant"],
        ["user", call("a", "b"), result("a"), result("b"), "assistant"],
        ["user", call(), call(), result(), result(), "assistant"],
        ["user", "assistant", call(), result(), "assistant"],
        ["user", call(), "assistant"],  # SFT226
        ["user", "tool_call", "tool_response", "assistant"],
        ["user", "tool", "tool", "assistant"],  # SFT227
        ["user", turn("assistant", weight=0.0), "user", "assistant"],
        [turn("user", name="Ann"), turn("user", name="Bob"), "assistant"],
        ["narrator", "narrator", "assistant"],  # SFT220
        ["user", "assistant", "user"],  # SFT225
        [],
    ],
    ids=str,
)
def test_noop(found, turns):
    assert found(CODE, [row(*turns), row(*turns)], "chat") == []


@pytest.mark.parametrize(
    ("turns", "path", "got"),
    [
        (["user", "user", "assistant"], "/input/1", "user"),
        (["system", "user", "user", "assistant"], "/input/2", "user"),
        (["user", "assistant", "assistant"], "/target/1", "assistant"),
        (["user", "assistant", "user", "user", "assistant"], "/target/2", "user"),
        (["user", turn("assistant", weight=0.0), "assistant"], "/target/0", "assistant"),
        ([turn("user", name="Ann"), turn("user"), "assistant"], "/input/1", "user"),
        ([turn("user", name="Ann"), turn("user", name="Ann"), "assistant"], "/input/1", "user"),
        (["user", call(), result(), "assistant", "assistant"], "/target/3", "assistant"),
    ],
    ids=str,
)
def test_finds(found, turns, path, got):
    clean = row("user", "assistant")
    (finding,) = found(CODE, [clean, row(*turns), clean], "chat")
    assert (finding.line, finding.path, finding.got) == (2, path, got)
    assert finding.message == f"the {got} speaks twice in a row"


def test_one_finding_a_conversation(found):
    (finding,) = found(CODE, [row("user", "user", "user", "assistant", "assistant")], "chat")
    assert (finding.path, finding.message) == (
        "/input/1",
        "the user speaks twice in a row, the first of 3 such places",
    )


def test_rows_do_not_touch(found):
    assert found(CODE, [row("user", "assistant", "user"), row("user", "assistant")], "chat") == []
