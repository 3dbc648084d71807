"""Beside the metrics: calibration, labels that may be wrong, baselines, each held against the plain way to count it."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import baselines, predict
from sftformat.calibration import BINS, calibrate
from sftformat.errors import UsageError
from sftformat.evaluate import evaluate
from sftformat.evaluation import read_evaluation
from sftformat.folder.manifest import read_manifest, verify
from sftformat.grid import fit
from sftformat.loader import open_split
from sftformat.metrics import softmax
from sftformat.mislabelled import SURE, suspected
from sftformat.models import infer
from sftformat.train import TrainOptions, Warned, train
from sftformat.twins import keys, shared
from tests.conftest import Call

from .toys import read_lines, sentences, write_model, write_shards

QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=8, batch_size=16)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_calibration_is_counted_right(made: list[tuple[float, bool]]) -> None:
    found = calibrate(np.array([c for c, _ in made]), np.array([right for _, right in made]))
    expected, most = 0.0, 0.0
    for number, each in enumerate(found.bins):
        low, high = number / BINS, (number + 1) / BINS
        own = [(c, r) for c, r in made if max(0, int(np.ceil(c * BINS)) - 1) == number]
        assert (each.low, each.high, each.rows) == (low, high, len(own))
        if own:
            mean, share = float(np.mean([c for c, _ in own])), float(np.mean([r for _, r in own]))
            assert (each.confidence, each.accuracy) == (pytest.approx(mean), pytest.approx(share))
            expected, most = expected + abs(mean - share) * len(own) / len(made), max(most, abs(mean - share))
    assert sum(each.rows for each in found.bins) == len(made)
    assert (found.ece, found.mce) == (pytest.approx(expected), pytest.approx(most))


def test_a_calibrated_model_has_no_error() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.5, 1, 200_000)
    assert calibrate(confidence, random.uniform(size=200_000) < confidence).ece < 0.01
    assert calibrate(np.full(100, 0.9), np.zeros(100, bool)).ece == pytest.approx(0.9)


@given(st.integers(2, 5), st.integers(1, 40), st.integers(0, 999))
def test_suspects_are_those_of_which_a_model_is_as_sure_as_where_it_is_right(
    classes: int, rows: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    chances, targets = softmax(random.normal(size=(rows, classes)) * 2), random.integers(0, classes, rows)
    expected = {}
    said = chances.argmax(1)
    agreed = [i for i in range(rows) if said[i] == targets[i]]
    found_right = set(said[agreed].tolist())
    usual = {c: min(SURE, float(np.mean([chances[i, c] for i in agreed if targets[i] == c]))) for c in found_right}
    for row in range(rows):
        best = int(said[row])
        if best != targets[row] and best in usual and chances[row, best] >= usual[best] - 1e-12:
            expected[row] = best
    found, meant = suspected(chances, targets)
    assert dict(zip(found.tolist(), meant.tolist(), strict=True)) == expected
    margins = [chances[row, to] - chances[row, targets[row]] for row, to in zip(found, meant, strict=True)]
    assert margins == sorted(margins, reverse=True)


def test_tokens_and_pairs_are_counted(shards: Path) -> None:
    split = open_split(shards, read_manifest(shards), "train")
    rows = np.array([5, 0, 100])
    found = baselines.counts(split, rows, 25).toarray()
    for place, row in enumerate(rows):
        chunk = int(np.searchsorted(split.bounds, row, side="right") - 1)
        start, stop = split.chunks[chunk].offsets[row - split.bounds[chunk] :][:2]
        tokens = split.chunks[chunk].ids[start:stop]
        assert found[place, :25].tolist() == np.bincount(tokens, minlength=25).tolist()
        assert found[place, 25:].sum() == len(tokens) - 1


def test_rows_with_the_same_tokens_are_found(model: Path, tmp_path: Path) -> None:
    rows = {"train": sentences(300, 0), "validation": [*sentences(60, 1), *sentences(300, 0)[7:12]]}
    shards = write_shards(tmp_path / "s", "classification", ["p", "n"], rows)
    train_, validation = (open_split(shards, read_manifest(shards), name) for name in ("train", "validation"))
    assert len(np.unique(keys(train_))) == len({text for text, _ in rows["train"]})
    pairs = shared(validation, np.arange(65), train_, np.arange(300)).tolist()
    texts = [text for text, _ in rows["train"]]
    assert pairs == [[n, texts.index(text)] for n, (text, _) in enumerate(rows["validation"]) if text in texts]
    events = train(shards, str(model), replace(QUICK, epochs=1), tmp_path / "run")
    told = [event.message for event in events if isinstance(event, Warned) and "same tokens" in event.message]
    assert told == [
        f"{len(pairs)} of 65 rows of validation have the same tokens as rows of train (toy.csv:{pairs[0][0] + 2} is "
        f"toy.csv:{pairs[0][1] + 2}): validation looks better than it is"
    ]


def test_two_segments_are_not_the_same_tokens(tmp_path: Path) -> None:
    rows: dict[str, list[tuple[Any, Any]]] = {"train": [("good [SEP] bad", 0), (("good", "bad"), 1)]}
    split = open_split(*_opened(write_shards(tmp_path / "s", "classification", ["p", "n"], rows)), "train")
    assert len(np.unique(keys(split))) == 2


def _opened(shards: Path) -> tuple[Path, dict[str, Any]]:
    return shards, read_manifest(shards)


@pytest.fixture(scope="module")
def run(shards: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scrutiny") / "run"
    list(fit(shards, out, str(model), QUICK))
    return out


def test_an_evaluation_holds_what_was_looked_at(run: Path, shards: Path) -> None:
    found = evaluate(run, shards, "test")
    lines = read_lines(found.folder / "predictions.jsonl")
    chances = np.array([[line["scores"][label] for label in ("pos", "neg")] for line in lines])
    right = np.array([line["correct"] for line in lines])
    assert found.calibration is not None
    assert found.calibration.ece == pytest.approx(calibrate(chances.max(1), right).ece)
    targets = np.array([["pos", "neg"].index(line["target"]) for line in lines])
    rows, meant = suspected(chances, targets)
    doubted = found.folder / "label-errors.jsonl"
    assert found.metrics["accuracy"] > found.majority_accuracy  # type: ignore[operator]
    assert found.label_errors == len(rows) == (len(read_lines(doubted)) if len(rows) else 0)
    for row, to, said in zip(rows, meant, read_lines(doubted) if len(rows) else [], strict=True):
        line = lines[row]
        assert [said[key] for key in ("file", "line", "id")] == [line[key] for key in ("file", "line", "id")]
        assert said["from"] == line["target"]
        assert said["to"] == ["pos", "neg"][to]
    wrong = sorted((line for line in lines if not line["correct"]), key=lambda line: -line["loss"])
    errors = read_lines(found.folder / "errors.jsonl")
    assert [each["id"] for each in errors] == [line["id"] for line in wrong]
    assert all(
        each["confidence"] == pytest.approx(max(line["scores"].values()))
        for each, line in zip(errors, wrong, strict=True)
    )
    assert found.baselines["TF-IDF baseline"]["accuracy"] > 0.9  # type: ignore[operator]
    assert read_evaluation(found.folder) == found
    assert not verify(found.folder, "evaluation")
    for name in ("confusion.svg", "reliability.svg"):
        assert ET.parse(found.folder / "plots" / name).getroot().tag.endswith("svg")


def test_a_model_that_learned_nothing_doubts_nothing(shards: Path, model: Path, tmp_path: Path) -> None:
    list(fit(shards, tmp_path / "run", str(model), replace(QUICK, epochs=1, learning_rate=1e-9)))
    found = evaluate(tmp_path / "run", shards, "test")
    assert found.label_errors is None
    assert not (found.folder / "label-errors.jsonl").exists()


def test_folds_that_learned_nothing_say_so(call_here: Call, shards: Path, model: Path, tmp_path: Path) -> None:
    how = ("--model", model, "--epochs", "1", "--learning-rate", "1e-9", "--keep", "last", "--quiet")
    assert call_here("train", shards, "-o", "run", *how).code == 0
    fold = ("--eval-split", "train", "--folds", "2", "--model", model)
    done = call_here("evaluate", "run", shards, *fold)
    assert done.code == 0, done.err
    assert "labels that may be wrong: not told, as these models are no better than always answering" in done.out
    warned = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert len(warned) == len(set(warned))


def test_rows_that_were_trained_on_tell_no_wrong_labels(run: Path, shards: Path) -> None:
    found = evaluate(run, shards, "train")
    assert found.label_errors is None
    assert not (found.folder / "label-errors.jsonl").exists()
    assert not found.baselines


def test_without_scikit_learn_there_is_no_baseline(run: Path, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "installed", lambda: False)
    assert evaluate(run, shards, "validation", name="bare").baselines == {}


def test_folds_find_planted_errors_and_convert_mends_them(call_here: Call, tmp_path: Path) -> None:
    """From the raw file to the fixes and back: 8 of 240 labels are turned, and most are found and set right."""
    rows = sentences(240, 3)
    turned = set(range(5, 240, 30))
    names = ["pos", "neg"]
    records = [{"text": text, "label": names[target ^ (n in turned)]} for n, (text, target) in enumerate(rows)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    write_model(tmp_path / "tiny")
    quiet = ("--quiet", "--ignore", "SFT4")
    assert call_here("tokenize", "a.jsonl", "-o", "shards", "--tokenizer", "tiny", *quiet).code == 0
    how = ("--model", "tiny", "--epochs", "8", "--learning-rate", "5e-3", "--batch-size", "16", "--quiet")
    assert call_here("train", "shards", "-o", "run", *how).code == 0
    called = ("evaluate", "run", "shards", "--eval-split", "train", "--folds", "3", "--model", "tiny", "--quiet")
    done = call_here(*called)
    assert done.code == 0, done.err
    assert "labels that may be wrong: " in done.out
    assert "the likeliest first: look at run/evaluations/shards-train/label-errors.jsonl" in done.out
    fixes = tmp_path / "run/evaluations/shards-train/label-errors.jsonl"
    found = {each["line"] - 1 for each in read_lines(fixes)}
    assert len(found & turned) >= 6
    assert len(found - turned) <= 24
    mended = [each for each in read_lines(fixes) if each["line"] - 1 in turned]
    (tmp_path / "mended.jsonl").write_text("".join(json.dumps(each) + "\n" for each in mended))
    applied = call_here("convert", "a.jsonl", "-o", "b.jsonl", "--apply", "mended.jsonl", *quiet)
    assert applied.code == 0, applied.err
    after = read_lines(tmp_path / "b.jsonl")
    for n, (record, (_, target)) in enumerate(zip(after, rows, strict=True)):
        assert record["label"] == (names[target] if n in turned & found else records[n]["label"])


def test_predicting_asks_the_model_once(call_here: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def spy(opened: Any, split: Any, rows: Any, batch_size: int) -> Any:
        asked.extend(rows.tolist())
        return infer(opened, split, rows, batch_size)

    monkeypatch.setattr(predict, "infer", spy)
    records = [{"text": text, "label": str(target)} for text, target in sentences(30, 8)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    write_model(tmp_path / "tiny")
    quiet = ("--quiet", "--ignore", "SFT4")
    assert call_here("tokenize", "a.jsonl", "-o", "shards", "--tokenizer", "tiny", *quiet).code == 0
    assert call_here("train", "shards", "-o", "run", "--model", "tiny", "--epochs", "1", "--quiet").code == 0
    for name in ("out.parquet", "out.jsonl", "out.csv"):
        asked.clear()
        done = call_here("predict", "run", "a.jsonl", "-o", name, "--quiet")
        assert done.code == 0, done.err
        assert "30 predictions" in done.out
        assert sorted(asked) == list(range(30))
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert rows == read_lines(tmp_path / "out.jsonl")


def test_a_table_of_predictions_has_no_column_that_is_always_empty(call_here: Call, tmp_path: Path) -> None:
    rows = [f"{text},{score}" for text, score in sentences(30, 8, "regression")]
    (tmp_path / "a.csv").write_text("\n".join(["text,score", *rows]))
    write_model(tmp_path / "tiny")
    quiet = ("--quiet", "--ignore", "SFT")
    assert call_here("tokenize", "a.csv", "-o", "shards", "--tokenizer", "tiny", *quiet).code == 0
    assert call_here("train", "shards", "-o", "run", "--model", "tiny", "--epochs", "1", "--quiet").code == 0
    for name in ("out.csv", "out.jsonl"):
        done = call_here("predict", "run", "a.csv", "-o", name, *quiet)
        assert done.code == 0, done.err
    head, *found = csv.reader((tmp_path / "out.csv").open(encoding="utf-8"))
    lines = read_lines(tmp_path / "out.jsonl")
    assert head == list(lines[0]) == ["id", "file", "line", "prediction"]
    assert [float(row[3]) for row in found] == [line["prediction"] for line in lines]


def test_folds_that_cannot_be_meant_are_refused(run: Path, shards: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name the model that the run began with, as in --model tiny"):
        evaluate(run, shards, "train", name="a", folds=2)
    with pytest.raises(UsageError, match="not the weights that the run began with"):
        evaluate(run, shards, "train", name="b", folds=2, model=str(write_model(tmp_path / "other", seed=9)))
    with pytest.raises(UsageError, match="--folds is for the train split"):
        evaluate(run, shards, "validation", name="c", folds=2, model=str(model))
    with pytest.raises(UsageError, match="too few different rows"):
        evaluate(run, shards, "train", name="d", folds=1000, model=str(model))
