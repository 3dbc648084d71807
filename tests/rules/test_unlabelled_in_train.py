"""SFT302 unlabelled-in-train."""

from __future__ import annotations

import pytest

CODE = "SFT302"


@pytest.mark.parametrize(
    ("task", "record"),
    [
        ("classification", {"target": None, "split": "test"}),
        ("classification", {"target": None, "split": "validation"}),
        ("classification", {"target": "", "split": "train"}),
        ("multilabel", {"target": [], "split": "train"}),
        ("regression", {"target": 0.0, "split": "train"}),
        ("chat", {"target": None, "split": "train"}),  # SFT223
    ],
)
def test_noop(found, task, record):
    assert found(CODE, [record], task) == []


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression", "text-to-text", "token-classification"])
@pytest.mark.parametrize("split", ["train", None])
def test_finds(found, task, split):
    (finding,) = found(CODE, [{"target": None, "split": "test"}, {"target": None, "split": split}], task)
    assert (finding.line, finding.path, finding.split) == (2, "/target", "train")
