"""SFT308 one-class."""

from __future__ import annotations

import pytest

CODE = "SFT308"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


@pytest.mark.parametrize(
    ("task", "records"),
    [
        ("classification", rows("a b")),
        ("classification", rows("a")),
        ("classification", rows("a a", "test")),
        ("classification", [{"input": "x", "target": None}, {"input": "y", "target": None}]),
        ("regression", [{"input": "x", "target": 1.0}, {"input": "y", "target": 1.0}]),
        ("multilabel", [{"input": "x", "target": ["a"]}, {"input": "y", "target": []}]),
        ("token-classification", [{"input": ["x", "y"], "target": ["O", "B"]}] * 2),
    ],
)
def test_noop(found, task, records):
    assert found(CODE, records, task) == []


@pytest.mark.parametrize(
    ("task", "target", "got"),
    [
        ("classification", "a", '"a"'),
        ("multilabel", ["a", "b"], '"a", "b"'),
        ("multilabel", [], "no label"),
        ("token-classification", ["O", "O"], '"O"'),
    ],
)
def test_finds(found, task, target, got):
    text = ["x", "y"] if task == "token-classification" else "x"
    (finding,) = found(CODE, [{"input": text, "target": target}] * 3, task)
    assert (finding.split, finding.line, finding.got) == ("train", 1, got)
