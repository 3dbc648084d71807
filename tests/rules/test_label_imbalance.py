"""SFT307 label-imbalance."""

from __future__ import annotations

CODE = "SFT307"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


def test_noop(found):
    assert found(CODE, rows("a " * 100 + "b")) == []
    assert found(CODE, rows("a " * 500)) == []
    assert found(CODE, [{"input": ["x"] * 200 + ["y"], "target": ["O"] * 200 + ["B"]}], "token-classification") == []
    assert found(CODE, rows("a b") + rows("a " * 500 + "b", "test")) == []


def test_finds(found):
    (finding,) = found(CODE, rows("a " * 101 + "b"))
    assert (finding.line, finding.got) == (102, "101")
    assert finding.message == 'label "a" occurs 101 times, "b" only 1'
