"""SFT230 length-mismatch."""

from __future__ import annotations

import pytest

CODE = "SFT230"
TASK = "token-classification"


@pytest.mark.parametrize(
    "record",
    [
        {"input": ["a", "b"], "target": ["O", "O"]},
        {"input": ["a", "b"], "target": None},
        {"input": [], "target": []},
        {"input": None, "target": None},
        {"input": ["a"], "target": ["O"], "offsets": [[0, 1]], "text": "a"},
        {"input": ["a"], "target": None, "offsets": [[0, 1]], "text": "a"},
    ],
)
def test_noop(found, record):
    assert found(CODE, [record, record], TASK) == []


@pytest.mark.parametrize(
    ("record", "path", "message"),
    [
        ({"input": ["a", "b"], "target": ["O"]}, "/target", "2 tokens, but 1 tag"),
        ({"input": ["a"], "target": ["O", "O"]}, "/target", "1 token, but 2 tags"),
        ({"input": ["a"], "target": []}, "/target", "1 token, but 0 tags"),
        ({"input": [], "target": ["O"]}, "/target", "0 tokens, but 1 tag"),
        ({"input": ["a"], "target": ["O"], "offsets": []}, "/offsets", "1 token, but 0 offsets"),
    ],
)
def test_finds(found, record, path, message):
    clean = {"input": ["a", "b", "c"], "target": ["O", "O", "O"]}
    (finding,) = found(CODE, [clean, record, clean], TASK)
    assert (finding.line, finding.path, finding.message) == (2, path, message)


def test_tags_and_offsets_are_two_findings(found):
    record = {"input": ["a"], "target": [], "offsets": [[0, 1], [1, 2]]}
    assert [each.path for each in found(CODE, [record], TASK)] == ["/target", "/offsets"]
