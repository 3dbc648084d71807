"""SFT220 bad-role."""

from __future__ import annotations

import pytest

from .conversations import row, turn

CODE = "SFT220"


@pytest.mark.parametrize(
    "turns",
    [
        ["system", "user", "assistant"],
        ["developer", "user", "assistant"],
        ["user", "system", "assistant"],
        ["user", "tool_call", "tool_response", "assistant"],
        ["user", "function_call", "function_response", "assistant"],
        *(["user", "assistant", role, "assistant"] for role in ("tool", "function", "ipython", "environment")),
        ["user", "assistant", "observation", "assistant"],
        [turn("user", name="Ann"), turn("assistant", name="narrator")],
        ["assistant"],
        [],
    ],
    ids=str,
)
def test_noop(found, turns):
    assert found(CODE, [row(*turns)], "chat") == []


@pytest.mark.parametrize(
    ("role", "hint"),
    [
        ("asistant", '; did you mean "assistant"?'),
        ("Assistant", '; did you mean "assistant"?'),
        ("human", '; did you mean "user"?'),
        ("gtp", '; did you mean "assistant"?'),
        ("humna", '; did you mean "user"?'),
        ("usre", '; did you mean "user"?'),
        ("chat-bot", '; did you mean "assistant"?'),
        ("model", '; did you mean "assistant"?'),
        ("narrator", ""),
        ("", ""),
        ("\x1b[31m", ""),
    ],
)
def test_finds(found, role, hint):
    clean = row("user", "assistant")
    (finding,) = found(CODE, [clean, row("user", role, "assistant", "user", role), clean], "chat")
    assert (finding.line, finding.path) == (2, "/input/1/role")
    assert finding.message == f'role "{role}" is none that chat templates know{hint}'


def test_each_unknown_role_of_a_conversation_once(found):
    first, second = found(CODE, [row("a", "b", "a", "assistant", "b")], "chat")
    assert (first.path, second.path) == ("/input/0/role", "/input/1/role")
