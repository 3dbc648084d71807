"""SFT227 tool-result-uncalled."""

from __future__ import annotations

import pytest

from .conversations import call, result, row, turn

CODE = "SFT227"

OLD_CALL = turn("assistant", None, extra={"function_call": {"name": "sky", "arguments": "{}"}})


@pytest.mark.parametrize(
    "turns",
    [
        ["user", "assistant"],
        ["user", call(), result(), "assistant"],
        ["user", call(), result(role="observation"), "assistant"],
        ["user", call(), result(), result(), "assistant"],
        ["user", call("a"), result("a"), "assistant"],
        ["user", call("a", "b"), result("b"), result("a"), "assistant"],
        ["user", call("a"), "assistant", "user", result("a"), "assistant"],  # answered late
        ["user", call("a"), result(), "assistant"],  # ids on one side only
        ["user", call(), result("a"), "assistant"],
        ["user", call("a"), result("a"), call(), result("x"), "assistant"],
        ["user", call("a"), result("a"), call("a"), result("a"), "assistant"],  # ids used again
        ["user", call("a", "a"), result("a"), result("a"), "assistant"],  # SFT228
        ["user", call("a"), result(), result(), "assistant"],
        ["user", call(), "system", result(), "assistant"],
        ["user", OLD_CALL, result(role="function"), "assistant"],
        ["user", "tool_call", "tool_response", "assistant"],
        ["user", turn("assistant", "print(1)"), result(role="ipython"), "assistant"],
        ["user", turn("assistant", "<tool_call>{}</tool_call>"), result(), "assistant"],
        ["user", turn("assistant", "Hm.\nAction: sky"), result(), "assistant"],
        ["user", turn("assistant", "[TOOL_CALLS] [{}]"), result("a"), "assistant"],
        ["user", turn("assistant", None, tool_calls="{"), result(), "assistant"],  # SFT228
    ],
    ids=str,
)
def test_noop(found, turns):
    assert found(CODE, [row(*turns), row(*turns)], "chat") == []


@pytest.mark.parametrize(
    ("turns", "path", "got"),
    [
        (["user", result(), "assistant"], "/input/1", ""),
        ([result(), "assistant"], "/input/0", ""),
        (["system", result(), "assistant"], "/input/1", ""),
        (["user", "assistant", result(), "assistant"], "/target/1", ""),
        (["user", turn("assistant", 'AI sky: {"town": "Bern"}'), result(), "assistant"], "/target/1", ""),
        (["user", turn("assistant", tool_calls="[]"), result(), "assistant"], "/target/1", ""),
        (["user", result(role="ipython"), "assistant"], "/input/1", ""),
        (["user", call("a"), result("b"), "assistant"], "/target/1/tool_call_id", '"b"'),
        (["user", result("a"), call("a"), result("a"), "assistant"], "/input/1/tool_call_id", '"a"'),
        (["user", call("a"), result("a"), "assistant", "user", result("b")], "/target/4/tool_call_id", '"b"'),
        (["user", call("a"), result("a"), "assistant", result(), "assistant"], "/target/3", ""),
        (["user", call("a"), result("a"), result("a"), "assistant"], "/target/2/tool_call_id", '"a"'),
        (["user", call("a", "b"), result("a"), result("b"), result("a")], "/target/3/tool_call_id", '"a"'),
        (["user", call("a"), result("a"), "assistant", "user", result("a")], "/target/4/tool_call_id", '"a"'),
    ],
    ids=str,
)
def test_finds(found, turns, path, got):
    clean = row("user", "assistant")
    (finding,) = found(CODE, [row("user", call()), row(*turns), clean], "chat")
    assert (finding.line, finding.path, finding.got) == (2, path, got)


def test_a_second_result_is_named_as_such_and_hides_no_call_without_one(found):
    record = row("user", call("a", "b"), result("a"), result("a"), "assistant")
    (finding,) = found(CODE, [record], "chat")
    assert (finding.message, finding.expected) == ('a second result of the call "a"', "one result for a call")
    assert [each.got for each in found("SFT226", [record], "chat")] == ["'b'"]
