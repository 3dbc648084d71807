"""SFT206 replacement-character."""

from __future__ import annotations

import pytest

CODE = "SFT206"


@pytest.mark.parametrize("text", ["", "a", "?", "\ufffc", "\ufffe", "ï¿½", None])
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": text, "meta": "\ufffd"}]) == []


def test_finds(found):
    records = [{"input": "fine"}, {"input": "a" * 200 + "caf\ufffd\ufffd", "target": "\ufffd"}]
    first, second = found(CODE, records)
    assert (first.line, first.path, second.path) == (2, "/input", "/target")
    assert first.message.startswith("2 ×")
    assert "\ufffd" in first.got
    assert len(first.got) <= 80
