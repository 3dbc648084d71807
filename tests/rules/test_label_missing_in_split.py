"""SFT311 label-missing-in-split."""

from __future__ import annotations

import pytest

CODE = "SFT311"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


@pytest.mark.parametrize(
    "records",
    [
        rows("a b"),
        rows("a b") + rows("b a", "test"),
        rows("a") + rows("a b", "test"),  # SFT303
        rows("a b", "validation") + rows("a", "test"),
        [*rows("a b"), {"input": "x", "target": None, "split": "test"}],
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


def test_finds(found):
    findings = found(CODE, rows("a b b") + rows("a", "test") + rows("c", "validation"))
    assert [(each.split, each.expected, each.line) for each in findings] == [
        ("validation", '"a"', 1),
        ("validation", '"b"', 2),
        ("test", '"b"', 2),
    ]
    assert findings[-1].message == 'label "b" (2 in train) does not occur in test'
