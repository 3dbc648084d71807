"""Words with tags from the command line: ids with names, one run from file to scores, predictions that name words."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sftformat.folder.manifest import read_manifest
from tests.model.tagged import ENTITIES, tagged
from tests.model.toys import write_model

from ..conftest import Call

HOW = ("--task", "token-classification", "--map", "input=tokens", "--map", "target=ner_tags")
ORDER = ["O", "B-GOOD", "I-GOOD", "B-BAD", "I-BAD"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Tags as ids in the order of ORDER, as Hugging Face has them, with the names beside."""
    write_model(tmp_path / "tiny")
    for split, rows, seed in (("train", 60, 0), ("validation", 20, 1), ("test", 20, 2)):
        lines = [
            json.dumps({"tokens": words, "ner_tags": [ORDER.index(tag) for tag in tags or ()]})
            for words, tags in tagged(rows, seed)
        ]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "names.txt").write_text("".join(f"{number}={name}\n" for number, name in enumerate(ORDER)))
    return tmp_path


def test_one_run_from_file_to_scores(call_here: Call, files: Path) -> None:
    learning = ("--learning-rate", "5e-3", "--epochs", "2", "--batch-size", "16")
    inputs = ("train=train.jsonl", "validation=validation.jsonl", "test=test.jsonl")
    done = call_here("run", *inputs, *HOW, "--labels", "names.txt", *learning, "--model", "tiny", "-o", "out")
    assert done.code == 0, done.err
    assert read_manifest(files / "out/shards", "shards")["labels"] == ORDER
    words = sum(len(words) for words, _ in tagged(20, 2))
    for said in (
        f"test of shards: 20 rows, {words:,} words, opened 1 time",
        "f1 of the most frequent tag of each word",
        "accuracy of always 'O'",
        "type  precision  recall      F1  entities  predicted",
        "pipeline('token-classification'",
    ):
        assert said in done.out
    again = call_here("run", *inputs, *HOW, "--labels", "names.txt", *learning, "--model", "tiny", "-o", "out")
    assert (again.code, "opened 1 time" in again.out) == (0, True)

    (files / "new.jsonl").write_text('{"tokens": ["good", "film"]}\n{"tokens": ["bad", "\u200b"]}\n')
    for name in ("p.jsonl", "p.csv", "p.parquet"):
        done = call_here("predict", "out/model", "new.jsonl", "-o", name)
        assert done.code == 1
        assert r"new.jsonl:2  no token is left of word 2, '\u200b', so that it could have no tag" in done.out
        assert f"1 predictions: {name}" in done.out
    (line,) = map(json.loads, (files / "p.jsonl").read_text().splitlines())
    assert (line["file"], line["line"], line["words"]) == ("new.jsonl", 1, ["good", "film"])
    assert len(line["prediction"]) == len(line["scores"]) == 2
    assert set(line["prediction"]) <= set(ENTITIES)
    (row,) = csv.DictReader((files / "p.csv").open())
    assert json.loads(row["words"]) == ["good", "film"]
    assert pq.read_table(files / "p.parquet").to_pylist()[0]["prediction"] == line["prediction"]


def test_a_tag_without_a_name_stops_before_training(call_here: Call, files: Path) -> None:
    (files / "names.txt").write_text("0=O\n1=B-GOOD\n2=I-GOOD\n3=B-BAD\n")
    done = call_here("tokenize", "train.jsonl", *HOW, "--labels", "names.txt", "--tokenizer", "tiny", "-o", "shards")
    assert done.code == 1
    assert "SFT304 label-not-in-map" in done.out
