"""Fixtures of the tokenize stage; what they are made with stands in shard_samples.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftformat import shards
from tests.tokenize.shard_samples import save, word_piece, write_dataset


@pytest.fixture(autouse=True)
def _worth_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several workers are several processes, however small the data set is."""
    monkeypatch.setattr(shards, "SMALL_DATASET_BYTES", 0)


@pytest.fixture
def tokenizer_folder(tmp_path: Path) -> Path:
    return save(tmp_path / "tiny", word_piece(), model_max_length=16, do_lower_case=True)


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Two train files and a test file of two classes, one row unlabelled, one long, one with a pair."""
    train = [
        [
            {"input": "good film", "target": "pos"},
            {"input": "bad film", "target": "neg", "weight": 0.5},
            {"input": "the good, the bad and the film", "target": "neg"},
        ],
        [{"input": "ok", "input_pair": "not bad", "target": "pos"}],
    ]
    return write_dataset(
        tmp_path / "dataset",
        "classification",
        {"train": train, "test": [[{"input": "very ok", "target": None}, {"input": "bad", "target": "neg"}]]},
    )
