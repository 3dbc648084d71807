"""SFT310 labels-not-contiguous."""

from __future__ import annotations

import pytest

CODE = "SFT310"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


@pytest.mark.parametrize("labels", ["0 1 2", "3 2 1", "-1 0 1", "-1 1", "0", "0 two", "0 2.5", "0 02", "a c", ""])
def test_noop(found, labels):
    assert found(CODE, rows(labels)) == []


def test_finds(found):
    (finding,) = found(CODE, rows("0 1 3 1"))
    assert (finding.line, finding.message) == (3, "labels run from 0 to 3, but 2 does not occur")
    assert found(CODE, [{"input": "x", "target": ["0", "2"]}], "multilabel")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("1 2 5", "from 1 to 5, but 3 and 4 do not occur"),
        ("1 3 4 7", "from 1 to 7, but 2, 5 and 6 do not occur"),
        ("-2 1 5", "from -2 to 5, but -1, 0, 2, 3 and 4 do not occur"),
        ("0 1 3 9", "from 0 to 9, but 6 numbers between do not occur, the first is 2"),
        ("0 1 999999999999999999", "but 999,999,999,999,999,997 numbers between do not occur, the first is 2"),
    ],
)
def test_all_that_is_missing_is_named_or_counted(found, labels, said):
    (finding,) = found(CODE, rows(labels))
    assert said in finding.message
