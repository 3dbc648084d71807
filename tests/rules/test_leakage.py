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


def said(role, content):
    return {"role": role, "content": content}


def talk(split, *turns, opening="Hi"):
    """A conversation of which everything after the first turn of the user is the target, as canonical rows have it."""
    roles = ("assistant", "user")
    target = [said(roles[number % 2], turn) for number, turn in enumerate(turns)]
    return {"input": [said("user", opening)], "target": target, "split": split}


def test_conversations_that_only_begin_alike_are_two(found):
    records = [
        talk("train", "Hello!", "Tell me about Rome.", "It is old."),
        talk("test", "Hello!", "Tell me about Bern.", "It is small."),
        talk("test", "Hello!"),
        talk("validation", "Hello!", "Tell me about Rome.", "It is old.", "And Bern?", "It is small."),
    ]
    assert found(CODE, records, "chat") == []


def test_conversations_in_which_the_user_says_the_same_are_one(found):
    records = [
        talk("train", "Hello!", "Tell me about  ROME.", "It is old."),
        talk("test", "Good day.", "tell me about Rome.", "It is large."),
        talk("test", "Hello!", "Rome."),
        talk("train", "Bye.", opening="Rome"),
        talk("validation", "See you.", opening="rome"),
    ]
    assert [each.line for each in found(CODE, records, "chat")] == [2, 5]


def test_what_the_user_says_later_is_not_taken_for_the_opening(found):
    two = {"input": [said("user", "a"), said("user", "b")], "target": [said("assistant", "x")], "split": "train"}
    assert found(CODE, [two, talk("test", "x", "b", "y", opening="a")], "chat") == []
