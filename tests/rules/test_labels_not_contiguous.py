"""SFT310 labels-not-contiguous."""

from __future__ import annotations

import pytest

CODE = "SFT310"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


@pytest.mark.parametrize("labels", ["0 1 2", "3 2 1", "-1 0 1", "0", "0 two", "0 2.5", "0 02", "a c", ""])
def test_noop(found, labels):
    assert found(CODE, rows(labels)) == []


def test_finds(found):
    (finding,) = found(CODE, rows("0 1 10 1"))
    assert (finding.line, finding.message) == (3, "labels run from 0 to 10, but 2 does not occur")
    assert found(CODE, [{"input": "x", "target": ["0", "2"]}], "multilabel")
