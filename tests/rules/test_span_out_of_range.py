"""SFT232 span-out-of-range."""

from __future__ import annotations

import pytest

CODE = "SFT232"
TASK = "token-classification"


def record(text, *offsets, tokens=None):
    words = tokens or ["a"] * len(offsets)
    return {"input": words, "target": ["O"] * len(words), "text": text, "offsets": [list(each) for each in offsets]}


@pytest.mark.parametrize(
    "row",
    [
        record("Ann left", (0, 3), (4, 8)),
        record("Ann left", (4, 8), (0, 3)),  # in any order
        record("Ann", (0, 3), (0, 2)),  # one inside the other
        record("Ann", (3, 3)),  # empty, at the end
        record("😀é你", (0, 1), (1, 2), (2, 3)),
        record(""),
        record("Ann", (0, 2)),  # another token: SFT233
        {"input": ["a"], "target": ["O"]},
        {"input": ["a"], "target": ["O"], "text": "a"},
        {"input": ["a"], "target": ["O"], "offsets": [[0, 99]]},  # no text to hold it against
    ],
    ids=str,
)
def test_noop(found, row):
    assert found(CODE, [row, record("x", (0, 1)), row], TASK) == []


@pytest.mark.parametrize(
    ("row", "path", "message"),
    [
        (record("Ann", (0, 4)), "/offsets/0", "offsets [0, 4] in a text of 3 characters"),
        (record("Ann", (0, 3), (-1, 2)), "/offsets/1", "offsets [-1, 2] in a text of 3 characters"),
        (record("Ann", (2, 1)), "/offsets/0", "offsets [2, 1] in a text of 3 characters"),
        (record("Ann", (1,)), "/offsets/0", "offsets [1] in a text of 3 characters"),
        (record("Ann", (0, 1, 2)), "/offsets/0", "offsets [0, 1, 2] in a text of 3 characters"),
        (record("Ann", ()), "/offsets/0", "offsets [] in a text of 3 characters"),
        (record("", (0, 1)), "/offsets/0", "offsets [0, 1] in a text of 0 characters"),
        (record("Ann", (0, 3), (3, 4), (5, 9)), "/offsets/1", "offsets [3, 4] in a text of 3 characters, and 1 more"),
        (
            record("😀 Ann", (3, 6), tokens=["Ann"]),
            "/offsets/0",
            "offsets [3, 6] in a text of 5 characters; they fit in UTF-16 code units",
        ),
        (
            record("é Ann", (3, 6), tokens=["Ann"]),
            "/offsets/0",
            "offsets [3, 6] in a text of 5 characters; they fit in UTF-8 bytes",
        ),
    ],
    ids=str,
)
def test_finds(found, row, path, message):
    clean = record("Ann left", (0, 3), (4, 8))
    (finding,) = found(CODE, [clean, row, clean], TASK)
    assert (finding.line, finding.path, finding.message) == (2, path, message)
