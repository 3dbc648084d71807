"""SFT406 group-leakage."""

from __future__ import annotations

import pytest

CODE = "SFT406"


def row(group, split):
    return {"input": f"{group} {split}", "target": "x", "group": group, "split": split}


@pytest.mark.parametrize(
    "records",
    [
        [row("a", "train"), row("a", "train"), row("b", "test")],
        [row(None, "train"), row(None, "test")],
        [row("a", "train"), row("A", "test"), row("a ", "test")],
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


def test_one_finding_a_group_and_split(found):
    findings = found(
        CODE, [row("ä" * 50, "test"), row("ä" * 50, "train"), row("ä" * 50, "test"), row("b", "validation")]
    )
    assert [(each.line, each.split, each.path) for each in findings] == [(1, "test", "/group")]
    assert findings[0].got == '"' + "ä" * 32 + '"'
    assert findings[0].message.endswith("is in train, too: a.jsonl:2")
