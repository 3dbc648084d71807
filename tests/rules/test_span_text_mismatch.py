"""SFT233 span-text-mismatch, against what Python cuts out of the texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

CODE = "SFT233"
TASK = "token-classification"


def record(text, tokens, offsets):
    given = [list(each) for each in offsets]
    return {"input": tokens, "target": ["O"] * len(tokens), "text": text, "offsets": given}


@st.composite
def rows(draw):
    """Texts of all widths with spans anywhere in or beyond them, and tokens of which some are what the spans say."""
    text = draw(st.none() | st.text("aé你😀 \u0301", max_size=8))
    spans = draw(st.lists(st.tuples(st.integers(-1, 9), st.integers(-1, 9)), max_size=4))
    words = st.text("aé你😀", max_size=3)
    cut = [text[start:end] if text and 0 <= start <= end else "" for start, end in spans]
    tokens = [draw(words) if draw(st.booleans()) else each for each in cut]
    return record(text, tokens, spans) if draw(st.integers(0, 4)) else {"input": tokens, "text": text}


@given(st.lists(rows(), max_size=6))
def test_agrees_with_slices(found, rows):
    wanted = []
    for line, row in enumerate(rows, 1):
        text = row["text"]
        given = row.get("offsets", []) if text is not None else []
        wrong = [
            number
            for number, ((start, end), token) in enumerate(zip(given, row["input"], strict=False))
            if 0 <= start <= end <= len(text) and text[start:end] != token
        ]
        wanted += [(line, f"/offsets/{wrong[0]}")] if wrong else []
    assert [(each.line, each.path) for each in found(CODE, rows, TASK)] == wanted


@pytest.mark.parametrize(
    "row",
    [
        record("Ann left", ["Ann", "left"], [(0, 3), (4, 8)]),
        record("😀 Ann", ["😀", "Ann"], [(0, 1), (2, 5)]),
        record("e\u0301", ["e", "\u0301"], [(0, 1), (1, 2)]),
        record("Ann", ["Bob"], [(0, 9)]),  # SFT232
        record("Ann", ["Ann"], [(0, 3), (0, 1)]),  # SFT230
        record("Ann", ["Ann", "left"], [(0, 3)]),  # SFT230
        {"input": ["a"], "target": ["O"], "text": "b"},
        {"input": ["a"], "target": ["O"], "offsets": [[0, 1]]},
    ],
    ids=str,
)
def test_noop(found, row):
    assert found(CODE, [row, record("x", ["x"], [(0, 1)]), row], TASK) == []


@pytest.mark.parametrize(
    ("row", "path", "message"),
    [
        (
            record("Ann left", ["Ann", "left"], [(0, 3), (3, 7)]),
            "/offsets/1",
            'token "left", but the text has " lef" at 3 to 7',
        ),
        (record("Ann", ["ann"], [(0, 3)]), "/offsets/0", 'token "ann", but the text has "Ann" at 0 to 3'),
        (record("Ann", ["Ann"], [(1, 1)]), "/offsets/0", 'token "Ann", but the text has "" at 1 to 1'),
        (
            record("😀 Ann left", ["Ann"], [(3, 6)]),
            "/offsets/0",
            'token "Ann", but the text has "nn " at 3 to 6; the offsets fit in UTF-16 code units',
        ),
        (
            record("é Ann left", ["Ann"], [(3, 6)]),
            "/offsets/0",
            'token "Ann", but the text has "nn " at 3 to 6; the offsets fit in UTF-8 bytes',
        ),
        (
            record("Ann left", ["nn", "lef", "t"], [(0, 3), (4, 8), (7, 8)]),
            "/offsets/0",
            'token "nn", but the text has "Ann" at 0 to 3 (the first of 2)',
        ),
    ],
    ids=str,
)
def test_finds(found, row, path, message):
    clean = record("Ann left", ["Ann", "left"], [(0, 3), (4, 8)])
    (finding,) = found(CODE, [clean, row, clean], TASK)
    assert (finding.line, finding.path, finding.message) == (2, path, message)
