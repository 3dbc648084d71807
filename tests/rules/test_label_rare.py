"""SFT306 label-rare."""

from __future__ import annotations

import pytest

CODE = "SFT306"


def rows(labels: str, split: str = "train") -> list[dict[str, str]]:
    """One record for each word."""
    return [
        {"input": f"{split} {number}", "target": label, "split": split} for number, label in enumerate(labels.split())
    ]


@pytest.mark.parametrize(
    "records",
    [
        rows("a " * 97 + "b b"),  # under 100 rows
        rows("a " * 99 + "b"),  # SFT305
        rows("a " * 90 + "b " * 10),
        rows("a " * 99) + rows("b b", "test"),  # SFT303
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


def test_finds(found):
    (finding,) = found(CODE, rows("a " * 91 + "b " * 9))
    assert (finding.line, finding.message) == (
        92,
        'label "b" occurs 9 times in train; also in lines 93, 94, 95, 96 and more',
    )
