"""SFT409 empty-split."""

from __future__ import annotations

import pytest

CODE = "SFT409"


ROW = {"input": "a", "target": "x", "split": "train"}


@pytest.mark.parametrize("splits", [(), ("train",)])
def test_noop(found, splits):
    assert found(CODE, [ROW], splits=splits) == []


@pytest.mark.parametrize(
    ("records", "splits", "messages"),
    [
        ([ROW], ("test", "validation"), ["split validation has no rows", "split test has no rows"]),
        ([], ("train",), ["split train has no rows"]),
        ([], (), ["the data set has no rows"]),
    ],
)
def test_finds(found, records, splits, messages):
    assert [each.message for each in found(CODE, records, splits=splits)] == messages
