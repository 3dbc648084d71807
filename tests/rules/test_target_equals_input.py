"""SFT203 target-equals-input."""

from __future__ import annotations

import pytest

CODE = "SFT203"


@pytest.mark.parametrize(
    ("task", "record"),
    [
        ("text-to-text", {"input": "a", "target": "b"}),
        ("text-to-text", {"input": "abc", "target": "abd"}),
        ("text-to-text", {"input": "naïve", "target": "naive"}),
        ("text-to-text", {"input": "你好", "target": "你们"}),
        ("text-to-text", {"input": "", "target": ""}),
        ("text-to-text", {"input": "a", "target": None}),
        ("text-to-text", {"input": None, "instruction": "a", "target": "b"}),
        ("text-to-text", {"input": "a", "instruction": "b", "target": "b"}),
        ("text-to-text", {"input": "a", "system": "b", "target": "b"}),
        ("text-to-text", {"instruction": "Correct the spelling.", "input": "It is fine.", "target": "It is fine."}),
        ("text-to-text", {"instruction": "Divide it into two paragraphs.", "input": "A. B.", "target": "A.\n\nB."}),
        ("text-to-text", {"system": "You capitalize each text.", "input": "hello", "target": "Hello"}),
        ("text-to-text", {"instruction": "Исправь ошибки", "input": "Всё верно.", "target": "Всё верно."}),
        ("classification", {"input": "pos", "target": "pos"}),
    ],
)
def test_noop(found, task, record):
    assert found(CODE, [record], task) == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("a", "a"),
        ("A b", " a\tB\n"),
        ("\u00a0a", "A"),
        ("ﬁn", "FIN"),
        ("caf\u00e9", "CAFE\u0301"),
        ("你好", "你好"),
        ("ＡＢＣ", "abc"),
        ("Привет", "привет"),
        ("\u212bngstr\u00f6m", "Ångström"),
    ],
)
def test_finds(found, source, target):
    records = [{"input": "x", "target": "y"}, {"input": source, "target": target}]
    (finding,) = found(CODE, records, "text-to-text")
    assert (finding.line, finding.path) == (2, "/target")


def test_says_when_it_is_not_letter_for_letter(found):
    records = [{"input": "a b", "target": "a b"}, {"input": "a b", "target": "A  b"}]
    assert [each.message for each in found(CODE, records, "text-to-text")] == [
        "the target repeats the input",
        "the target repeats the input but for case, blanks or forms of letters",
    ]


def test_an_instruction_that_asks_for_another_text_changes_nothing(found):
    for asked in (
        "Translate into German.",
        "Answer correctly.",
        "The correct answer; do not repeat it.",
    ):
        record = {"instruction": asked, "input": "Good morning", "target": "Good morning"}
        assert found(CODE, [record], "text-to-text")
    assert found(CODE, [{"instruction": "Fix it", "input": "", "target": "Fix it"}], "text-to-text")


def test_compares_the_instruction_when_there_is_no_input(found):
    assert found(CODE, [{"input": None, "instruction": "Say it", "target": "say it"}], "text-to-text")
    assert found(CODE, [{"input": " ", "instruction": "Say it", "target": "say it"}], "text-to-text")
