"""SFT224 nothing-to-train-on."""

from __future__ import annotations

import pytest

from .conversations import row, turn

CODE = "SFT224"

MUTE = turn("assistant", weight=0.0)


@pytest.mark.parametrize(
    ("turns", "split"),
    [
        (["user", "assistant"], None),
        (["user", MUTE, "user", "assistant"], None),
        (["user", "assistant", "user", MUTE], None),
        (["user", turn("assistant", weight=0.1)], None),
        (["user", turn("assistant", weight=-1.0)], None),
        (["user", MUTE], "test"),
        (["user"], None),  # SFT223
    ],
)
def test_noop(found, turns, split):
    assert found(CODE, [row(*turns, split=split)], "chat") == []


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        (["user", MUTE], "the only turn of the assistant has the weight 0"),
        (["user", MUTE, "user", MUTE], "all 2 turns of the assistant have the weight 0"),
    ],
)
def test_finds(found, turns, message):
    clean = row("user", "assistant")
    (finding,) = found(CODE, [clean, row(*turns), clean], "chat")
    assert (finding.line, finding.path, finding.message) == (2, "/target", message)
