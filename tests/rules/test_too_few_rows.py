"""SFT407 too-few-rows."""

from __future__ import annotations

import pytest

CODE = "SFT407"


def rows(count, split):
    return [{"input": str(number), "target": "x", "split": split} for number in range(count)]


def test_noop(found):
    assert found(CODE, rows(20, "train")) == []
    assert found(CODE, rows(3, "test")) == []
    assert found(CODE, []) == []  # SFT409


@pytest.mark.parametrize(("count", "message"), [(1, "train has only 1 row"), (19, "train has only 19 rows")])
def test_finds(found, count, message):
    (finding,) = found(CODE, rows(count, "train") + rows(30, "test"))
    assert (finding.split, finding.line, finding.message) == ("train", None, message)
