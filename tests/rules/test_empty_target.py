"""SFT202 empty-target."""

from __future__ import annotations

import pytest

CODE = "SFT202"


@pytest.mark.parametrize(
    ("task", "record"),
    [
        ("classification", {"input": "a", "target": "0"}),
        ("classification", {"input": "a", "target": None}),
        ("classification", {"input": "", "target": "x"}),
        ("multilabel", {"input": "a", "target": []}),
        ("multilabel", {"input": "a", "target": None}),
        ("token-classification", {"input": [], "target": []}),
        ("text-to-text", {"input": "a", "target": None}),
        ("regression", {"input": "a", "target": 0.0}),
        ("chat", {"input": [], "target": [{"role": "assistant", "content": ""}]}),
    ],
)
def test_noop(found, task, record):
    assert found(CODE, [record], task) == []


@pytest.mark.parametrize(
    ("task", "target", "path"),
    [
        ("classification", "", "/target"),
        ("text-to-text", "\u200b\n", "/target"),
        ("multilabel", ["a", " ", ""], "/target/1"),
        ("token-classification", ["O", "O", ""], "/target/2"),
    ],
)
def test_finds(found, task, target, path):
    text = ["a", "b", "c"] if task == "token-classification" else "a"
    other = ["x"] if isinstance(target, list) else "x"
    records = [{"input": text, "target": each} for each in (other, None, target, other)]
    (finding,) = found(CODE, records, task)
    assert (finding.line, finding.path) == (3, path)
