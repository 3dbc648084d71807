"""SFT304 label-not-in-map."""

from __future__ import annotations

CODE = "SFT304"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


def test_noop(found):
    assert found(CODE, rows("a b c")) == []
    assert found(CODE, rows("a b c"), labels=["c", "b", "a", "d"]) == []
    assert found(CODE, [{"input": "x", "target": None}], labels=[]) == []
    assert found(CODE, [{"input": "x", "target": []}], "multilabel", labels=["a"]) == []
    assert found(CODE, [{"input": "x", "target": 1.0}], "regression", labels=["a"]) == []


def test_finds(found):
    (finding,) = found(CODE, rows("pos negative pos negative"), labels=["neg", "pos"])
    assert (finding.line, finding.got) == (2, '"negative"')
    assert finding.message == 'label "negative" (2) is not in the label map; also in line 4'


def test_names_the_nearest(found):
    (finding,) = found(CODE, rows("positiv"), labels=["positive", "negative"])
    assert finding.hint == 'did you mean "positive"?'
