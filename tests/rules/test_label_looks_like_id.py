"""SFT309 label-looks-like-id."""

from __future__ import annotations

CODE = "SFT309"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


def test_noop(found):
    assert found(CODE, rows(" ".join(f"u{number}" for number in range(19)))) == []
    assert found(CODE, rows(" ".join(f"u{number}" for number in range(18)) + " u1 u2")) == []
    assert found(CODE, rows("a b " * 50)) == []
    assert found(CODE, [{"input": str(n), "target": float(n)} for n in range(50)], "regression") == []


def test_finds(found):
    (finding,) = found(CODE, rows(" ".join(f"u{number}" for number in range(20))))
    assert finding.message == "20 labels in 20 labelled rows: the target looks like an id"


def test_too_many_labels_are_always_flagged(found, monkeypatch):
    monkeypatch.setattr("sftformat.rules.tally.LABELS", 3)
    monkeypatch.setattr("sftformat.rules.census.LABELS", 3)
    assert found(CODE, rows("a b c " * 5)) == []
    assert found(CODE, rows("a b c d " * 5))
    assert found("SFT305", rows("a b c d e e f f")) == []
