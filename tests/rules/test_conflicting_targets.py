"""SFT402 conflicting-targets."""

from __future__ import annotations

import pytest

CODE = "SFT402"


A = {"input": "a", "target": "x"}


@pytest.mark.parametrize(
    ("task", "records"),
    [
        ("classification", [A, A]),
        ("classification", [A, A | {"target": None}]),
        ("classification", [A, {"input": "A", "target": "y"}]),
        ("classification", [A, {"input": "a", "input_pair": "b", "target": "y"}]),
        ("classification", [{"input": " ", "target": "x"}, {"input": " ", "target": "y"}]),  # SFT201
        ("multilabel", [{"input": "a", "target": ["x", "y"]}, {"input": "a", "target": ["y", "x"]}]),
        ("text-to-text", [A | {"instruction": "b"}, {"input": "a", "instruction": "c", "target": "y"}]),
        ("text-to-text", [A | {"target_lang": "de"}, {"input": "a", "target": "y", "target_lang": "fr"}]),
        ("text-to-text", [A | {"references": ["b"]}, {"input": "a", "target": "y", "references": ["c"]}]),
        ("chat", [{"input": [], "target": [{"role": "assistant", "content": text}]} for text in "ab"]),
    ],
)
def test_noop(found, task, records):
    assert found(CODE, records, task) == []


def test_finds(found):
    records = [
        A | {"target": None},
        A,
        A | {"target": "y"},
        A,
        A | {"target": "y"},
        A | {"target": "z", "split": "test"},
    ]
    findings = found(CODE, records)
    assert [each.line for each in findings] == [3, 5, 6]
    assert findings[0].message == "same input as a.jsonl:2, but another target"
    assert found(CODE, [{"input": "a", "target": 0.5}, {"input": "a", "target": 0.6}], "regression")
