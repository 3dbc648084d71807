"""SFT225 ends-with-user."""

from __future__ import annotations

import pytest

from .conversations import call, result, row

CODE = "SFT225"


@pytest.mark.parametrize(
    ("turns", "split"),
    [
        (["user", "assistant"], None),
        (["user", call()], None),
        (["user", call(), result()], None),
        (["user", "assistant", "system"], None),
        (["user"], "test"),
        (["user"], None),  # SFT223
        ([], "test"),
    ],
)
def test_noop(found, turns, split):
    assert found(CODE, [row(*turns, split=split), row("user", split="test")], "chat") == []


@pytest.mark.parametrize("split", [None, "validation", "test"])
def test_finds(found, split):
    clean = row("user", "assistant")
    (finding,) = found(CODE, [clean, row("user", "assistant", "user", split=split), clean], "chat")
    assert (finding.line, finding.path, finding.severity) == (2, "/target/1", "warning")
