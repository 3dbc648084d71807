"""SFT305 label-singleton."""

from __future__ import annotations

import pytest

CODE = "SFT305"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


@pytest.mark.parametrize(
    "records",
    [
        rows("a a b b"),
        rows("a a") + rows("b", "test"),  # SFT303
        rows(" ".join(f"u{number}" for number in range(20))),  # SFT309
        [{"input": "x", "target": None}],
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


def test_finds(found):
    (finding,) = found(CODE, rows("a a b") + rows("b b", "test"))
    assert (finding.line, finding.message) == (3, 'label "b" occurs once in train')
    (finding,) = found(CODE, rows("a a b", "test"))
    assert (finding.split, finding.message) == ("test", 'label "b" occurs once in the data set')


def test_a_label_twice_in_one_row_is_one_row(found):
    records = [{"input": "x", "target": ["a", "a"]}, {"input": "y", "target": ["b"]}, {"input": "z", "target": ["b"]}]
    (finding,) = found(CODE, records, "multilabel")
    assert finding.message == 'label "a" occurs once in train'
