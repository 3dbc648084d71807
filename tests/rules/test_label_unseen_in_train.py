"""SFT303 label-unseen-in-train."""

from __future__ import annotations

import pytest

CODE = "SFT303"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


@pytest.mark.parametrize(
    "records",
    [
        rows("a b"),
        rows("a b") + rows("a", "test"),
        rows("a b", "test"),
        rows("a b", "validation") + rows("a c", "test"),
        [*rows("a", "test"), {"input": "x", "target": None, "split": "train"}],  # SFT302
        [*rows("a"), {"input": "x", "target": None, "split": "test"}],
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


def test_one_finding_a_label_and_split(found):
    findings = found(CODE, rows("pos neg") + rows("neu Pos neu", "test") + rows("neu", "validation"))
    assert [(each.split, each.line, each.got) for each in findings] == [
        ("validation", 6, '"neu"'),
        ("test", 3, '"neu"'),
        ("test", 4, '"Pos"'),
    ]
    assert findings[1].message == 'label "neu" (2 in test) does not occur in train; also in line 5'
    assert findings[2].hint == 'did you mean "pos"?'
