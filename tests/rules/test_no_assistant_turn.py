"""SFT223 no-assistant-turn."""

from __future__ import annotations

import pytest

from .conversations import row, turn

CODE = "SFT223"


@pytest.mark.parametrize(
    ("turns", "split"),
    [
        (["user", "assistant"], None),
        (["assistant"], None),
        (["user"], "test"),
        (["user"], "validation"),
        (["user", turn("assistant", weight=0.0)], None),  # SFT224
        (["user", "tool_call"], None),  # SFT224
        (["user", "asistant"], None),  # SFT220
        (["human", "gpt"], None),  # SFT220
    ],
)
def test_noop(found, turns, split):
    assert found(CODE, [row(*turns, split=split)], "chat") == []


@pytest.mark.parametrize(
    "turns", [["user"], ["system", "user"], ["system"], ["user", "user"], ["user", "narrator"], ["user", "tool"], []]
)
@pytest.mark.parametrize("split", [None, "train"])
def test_finds(found, turns, split):
    clean = row("user", "assistant")
    (finding,) = found(CODE, [clean, row(*turns, split=split), clean], "chat")
    assert (finding.line, finding.path) == (2, "/target")
    assert finding.got == ("1 turn" if len(turns) == 1 else f"{len(turns)} turns")


def test_it_is_not_also_an_unlabelled_record(found):
    assert found("SFT302", [row("user")], "chat") == []
