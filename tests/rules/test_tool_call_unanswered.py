"""SFT226 tool-call-unanswered."""

from __future__ import annotations

import pytest

from .conversations import call, result, row, turn

CODE = "SFT226"

OLD_CALL = turn("assistant", None, extra={"function_call": {"name": "sky", "arguments": "{}"}})


@pytest.mark.parametrize(
    "turns",
    [
        ["user", "assistant"],
        ["user", call(), result(), "assistant"],
        ["user", call("a"), result("a"), "assistant"],
        ["user", call("a", "b"), result("b"), result("a"), "assistant"],
        ["user", call("a"), call("b"), result("a"), result("b"), "assistant"],
        ["user", call(), call(), result(), result(), "assistant"],
        ["user", call("a", "b"), result(), "assistant"],  # one result without an id for both
        ["user", call("a"), "assistant", result("a"), "assistant"],  # answered later
        ["user", call("a"), result("a"), call("a"), result("a"), "assistant"],  # ids used again
        ["user", call()],  # the call is what is to be learned
        ["user", call("a", "b")],
        ["user", call(), call()],
        ["user", call("a"), result("a"), "assistant", "user", call("b")],
        ["user", call(), "system", result(), "assistant"],
        ["user", OLD_CALL, result(role="function"), "assistant"],
        ["user", "tool_call", "tool_response", "assistant"],
        ["user", turn("assistant", tool_calls="[]"), "user", "assistant"],
        ["user", call("a"), result("x"), "assistant"],  # SFT227
    ],
    ids=str,
)
def test_noop(found, turns):
    assert found(CODE, [row(*turns), row(*turns)], "chat") == []


@pytest.mark.parametrize(
    ("turns", "path", "got"),
    [
        (["user", call(), "assistant"], "/target/0/tool_calls", "none"),
        (["user", call(), "user", "assistant"], "/target/0/tool_calls", "none"),
        (["user", call("a"), "assistant"], "/target/0/tool_calls", "none"),
        (["user", call(), call(), "assistant"], "/target/1/tool_calls", "none"),
        (["user", OLD_CALL, "assistant"], "/target/0/tool_calls", "none"),
        (["user", "tool_call", "assistant"], "/input/1/tool_calls", "none"),
        (["user", call("a", "b"), result("a"), "assistant"], "/target/0/tool_calls", "'b'"),
        (["user", call("a", "b", "c"), result("b"), "assistant"], "/target/0/tool_calls", "'a', 'c'"),
        (["user", call("a"), result("a"), call("b"), "assistant"], "/target/2/tool_calls", "'b'"),
        (["user", call("a"), result("a"), call(), "assistant"], "/target/2/tool_calls", "none"),
    ],
    ids=str,
)
def test_finds(found, turns, path, got):
    clean = row("user", "assistant")
    (finding,) = found(CODE, [clean, row(*turns), clean], "chat")
    assert (finding.line, finding.path, finding.got, finding.severity) == (2, path, got, "warning")
