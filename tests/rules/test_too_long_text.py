"""SFT204 too-long-text."""

from __future__ import annotations

import pytest

CODE = "SFT204"


@pytest.mark.parametrize(
    ("task", "record"),
    [
        ("classification", {"input": "a" * 10, "target": "x"}),
        ("classification", {"input": "你" * 10, "target": "x"}),  # characters, not bytes
        ("classification", {"input": None, "target": None}),
        ("token-classification", {"input": ["a" * 5, "b" * 5], "target": ["O", "O"]}),
        ("multilabel", {"input": "a", "target": []}),
    ],
)
def test_noop(found, task, record):
    assert found(CODE, [record, record], task, max_chars=10) == []


def test_default_is_a_hundred_thousand(found):
    assert found(CODE, [{"input": "a" * 100_000}]) == []
    (finding,) = found(CODE, [{"input": "a" * 100_001}])
    assert finding.got == "100,001"


@pytest.mark.parametrize(
    ("task", "record", "path"),
    [
        ("classification", {"input": "你" * 11}, "/input"),
        ("classification", {"input": "a", "input_pair": "b" * 11}, "/input_pair"),
        ("text-to-text", {"input": "a", "target": "b" * 11}, "/target"),
        ("token-classification", {"input": ["a" * 5, "b" * 6]}, "/input"),
        (
            "chat",
            {"input": [{"role": "user", "content": "a"}, {"role": "user", "content": "a" * 11}]},
            "/input/1/content",
        ),
    ],
)
def test_finds(found, task, record, path):
    (finding,) = found(CODE, [{}, record], task, max_chars=10)
    assert (finding.line, finding.path, finding.expected) == (2, path, "at most 10 characters")
