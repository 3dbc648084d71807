"""SFT408 duplicate-id."""

from __future__ import annotations

import pytest

CODE = "SFT408"


def row(key, text, target="x"):
    return {"id": key, "input": text, "target": target}


@pytest.mark.parametrize(
    "records",
    [
        [row("1", "a"), row("2", "a")],
        [row("1", "a"), row("1", "a")],
        [row(None, "a"), row(None, "b")],
        [row("1", "a"), row("01", "b"), row("1 ", "c")],
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


def test_finds(found):
    findings = found(
        CODE, [row("1", "a"), row("1", "b"), row("1", "a"), row("1", "a", "y"), row("", "c"), row("", "d")]
    )
    assert [(each.line, each.message) for each in findings] == [
        (2, "same id as a.jsonl:1, but another record"),
        (4, "same id as a.jsonl:1, but another record"),
        (6, "same id as a.jsonl:5, but another record"),
    ]
