"""SFT401 duplicate-record."""

from __future__ import annotations

import pytest

CODE = "SFT401"


A = {"input": "a", "target": "x"}


@pytest.mark.parametrize(
    ("task", "records"),
    [
        ("classification", [A, A | {"target": "y"}]),
        ("classification", [A, A | {"target": None}]),
        ("classification", [A, A | {"target": ""}]),
        ("classification", [A, A | {"input": "A"}]),
        ("classification", [A, A | {"input": "a "}]),
        ("classification", [A, A | {"input_pair": ""}]),
        ("classification", [A | {"input": "a", "input_pair": "b"}, A | {"input": "ab", "input_pair": ""}]),
        ("classification", [A | {"input": ""}, A | {"input": None}]),
        ("text-to-text", [A | {"target_lang": "de"}, A | {"target_lang": "fr"}]),
        ("text-to-text", [A, A | {"references": []}, A | {"references": ["b"]}, A | {"references": ["b", "c"]}]),
        ("text-to-text", [A | {"system": "b"}, A | {"instruction": "b"}]),
        ("text-to-text", [A, A | {"input": "a \x02system b"}, A | {"system": "b"}]),
        ("token-classification", [{"input": ["a b"], "target": ["O"]}, {"input": ["a", "b"], "target": ["O"]}]),
        ("token-classification", [{"input": [""], "target": ["O"]}, {"input": [], "target": ["O"]}]),
        ("multilabel", [{"input": "a", "target": []}, {"input": "a", "target": [""]}, {"input": "a", "target": None}]),
        ("regression", [{"input": "a", "target": 0.1}, {"input": "a", "target": 0.1 + 1e-16}]),
        (
            "chat",
            [
                {"input": [{"role": "user", "content": "a"}], "target": []},
                {"input": [{"role": "system", "content": "a"}], "target": []},
                {"input": [{"role": "user", "content": "a", "name": "b"}], "target": []},
                {"input": [{"role": "user", "content": None}], "target": []},
                {"input": [{"role": "user", "content": ""}], "target": []},
            ],
        ),
    ],
)
def test_noop(found, task, records):
    assert found(CODE, records, task) == []


@pytest.mark.parametrize(
    ("task", "first", "second"),
    [
        ("classification", A, A | {"id": "2", "split": "test", "group": "g", "meta": "{}"}),
        ("classification", A | {"target": None}, A | {"target": None}),
        ("classification", {"input": "a \x02b", "target": "x"}, {"input": "a \x02b", "target": "x"}),
        ("text-to-text", A | {"references": ["b"]}, A | {"references": ["b"]}),
        ("multilabel", {"input": "a", "target": ["x", "y"]}, {"input": "a", "target": ["y", "x"]}),
        ("regression", {"input": "a", "target": 0.0}, {"input": "a", "target": -0.0}),
        ("token-classification", {"input": ["a"], "target": ["O"]}, {"input": ["a"], "target": ["O"]}),
    ],
)
def test_finds(found, task, first, second):
    (finding,) = found(CODE, [first, second], task)
    assert (finding.line, finding.message) == (2, "same as a.jsonl:1")


def test_every_later_row_points_at_the_first(found):
    findings = found(CODE, [A, {"input": "b", "target": "x"}, A, A])
    assert [(each.line, each.message) for each in findings] == [(3, "same as a.jsonl:1"), (4, "same as a.jsonl:1")]
