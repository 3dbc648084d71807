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


def test_compares_the_instruction_when_there_is_no_input(found):
    assert found(CODE, [{"input": None, "instruction": "Say it", "target": "say it"}], "text-to-text")
    assert found(CODE, [{"input": " ", "instruction": "Say it", "target": "say it"}], "text-to-text")
