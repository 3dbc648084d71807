"""SFT403 leakage."""

from __future__ import annotations

import pytest

CODE = "SFT403"


def row(text, split, **more):
    return {"input": text, "target": "x", "split": split, **more}


@pytest.mark.parametrize(
    "records",
    [
        [row("a", "train"), row("a", "train"), row("a", None)],
        [row("a", "train"), row("b", "test")],
        [row("a", "train"), row("á", "test")],
        [row("a", "train", input_pair="b"), row("a", "test", input_pair="c")],
        [row("a", "train"), row("a", "test", input_pair="")],
        [row(" ", "train"), row("", "test")],  # SFT201
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


@pytest.mark.parametrize(
    ("left", "right"),
    [("a", "a"), ("A  b", " a\nB"), ("ﬁn", "Fin"), ("é", "e\u0301"), ("\u3000Ｆ", "f"), ("\x02", "\x02"), ("İ", "i̇")],
)
def test_finds_what_is_equal_once_normalized(found, left, right):
    (finding,) = found(CODE, [row(left, "train"), row(right, "test", target="y")])
    assert (finding.line, finding.split) == (2, "test")
    assert finding.message == "the same input stands in train: a.jsonl:1"


def test_the_row_of_the_later_split_is_flagged_whatever_the_order(found):
    findings = found(
        CODE, [row("a", "test"), row("a", "validation"), row("a", "train"), row("a", "train"), row("a", "test")]
    )
    assert [(each.line, each.message[-9:]) for each in findings] == [
        (1, "a.jsonl:3"),
        (2, "a.jsonl:3"),
        (5, "a.jsonl:3"),
    ]


def test_max_fraction_lets_a_split_pass(found):
    records = [row("a", "train"), row("a", "test"), row("b", "test"), row("a", "validation")]
    assert [each.split for each in found(CODE, records, max_fraction=0.5)] == ["validation"]


def test_references_are_no_input(found):
    records = [row("a", "train", references=["b"]), row("A", "test", references=["c"]), row("a", "test")]
    assert [each.line for each in found(CODE, records, "text-to-text")] == [2, 3]


def test_padded_segments_are_equal_too(found):
    assert found(CODE, [row("a", "train", input_pair="b "), row("a ", "test", input_pair=" B")])
