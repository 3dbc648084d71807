"""Evaluate and predict: every number from the written predictions, tied to its source line, and test counted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from transformers import pipeline

from sftformat.errors import FolderError, UsageError
from sftformat.evaluate import evaluate
from sftformat.evaluation import read_evaluation, worst_errors
from sftformat.folder.manifest import verify
from sftformat.grid import fit
from sftformat.predict import predict
from sftformat.train import TrainOptions

from .toys import read_lines, sentences, write_shards

QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=2, batch_size=16)
TASKS: dict[str, list[str] | None] = {"multilabel": ["good", "odd"], "regression": None}


@pytest.fixture(scope="module")
def run(shards: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluate") / "run"
    list(fit(shards, out, str(model), QUICK))
    return out


@pytest.fixture
def other(tmp_path: Path, model: Path, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    task = request.param
    rows = {name: sentences(60, seed, task) for seed, name in enumerate(("train", "validation", "test"))}
    shards = write_shards(tmp_path / "shards", task, TASKS[task], rows)
    list(fit(shards, tmp_path / "run", str(model), replace(QUICK, epochs=3)))
    return tmp_path / "run", shards


def test_every_number_follows_from_the_predictions(run: Path, shards: Path) -> None:
    found = evaluate(run, shards, "test")
    rows = read_lines(found.folder / "predictions.jsonl")
    assert found.folder == run / "evaluations" / "shards-test"
    assert not verify(found.folder, "evaluation")
    assert not verify(run, "run")
    targets, predictions = [row["target"] for row in rows], [row["prediction"] for row in rows]
    assert found.n == len(rows) == 40
    assert found.metrics["accuracy"] == pytest.approx(oracle.accuracy_score(targets, predictions))
    assert found.metrics["matthews"] == pytest.approx(oracle.matthews_corrcoef(targets, predictions))
    labels = ["pos", "neg"]
    assert np.array(found.confusion).tolist() == oracle.confusion_matrix(targets, predictions, labels=labels).tolist()
    table = oracle.precision_recall_fscore_support(targets, predictions, labels=labels, zero_division=0)
    assert [(c.precision, c.recall, c.f1, c.support) for c in found.per_class] == [
        pytest.approx(row) for row in zip(*table, strict=True)
    ]
    assert found.majority_accuracy == max(targets.count(label) for label in labels) / 40
    assert found.interval[0] <= found.metrics["accuracy"] <= found.interval[1]  # type: ignore[operator]
    texts = sentences(40, 2)
    for place, row in enumerate(rows):
        assert (row["id"], row["file"], row["line"]) == (f"test-{place}", "toy.csv", place + 2)
        assert row["target"] == labels[texts[place][1]]
        assert row["correct"] == (row["target"] == row["prediction"])
        assert row["prediction"] == max(row["scores"], key=row["scores"].get)
        assert row["loss"] == pytest.approx(-np.log(row["scores"][row["target"]]), rel=1e-6)
    metrics_file = json.loads((found.folder / "metrics.json").read_text())
    assert metrics_file["metrics"] == found.metrics
    assert read_evaluation(found.folder) == found


def test_test_openings_are_counted_and_an_equal_evaluation_opens_nothing(
    shards: Path, model: Path, tmp_path: Path
) -> None:
    list(fit(shards, tmp_path / "run", str(model), replace(QUICK, epochs=1)))
    first = evaluate(tmp_path / "run", shards, "test")
    again = evaluate(tmp_path / "run", shards, "test")
    second = evaluate(tmp_path / "run", shards, "test", name="again")
    evaluate(tmp_path / "run", shards, "validation")
    assert (first.opened, again.opened, second.opened) == (1, 1, 2)
    lines = read_lines(tmp_path / "run/evaluations/openings.jsonl")
    assert [line["count"] for line in lines] == [1, 2]
    assert set(lines[0]) == {"count", "split", "shards"}


def test_another_evaluation_of_the_same_name_is_refused_and_says_what_differs(run: Path, shards: Path) -> None:
    first = evaluate(run, shards, "validation", name="held")
    differs = r"holds an evaluation of --seed 0 \(here 3\), --bootstrap 1000 \(here 50\); use the same, another --name"
    with pytest.raises(UsageError, match=differs):
        evaluate(run, shards, "validation", name="held", seed=3, bootstrap=50)
    assert evaluate(run, shards, "validation", name="held") == first
    assert evaluate(run, shards, "validation", name="held", seed=3, bootstrap=50, overwrite=True).n == first.n


def test_predict_says_the_same_and_so_does_the_pipeline(run: Path, shards: Path) -> None:
    rows = list(predict(run, shards, "test", batch_size=3))
    written = read_lines(evaluate(run, shards, "test").folder / "predictions.jsonl")
    assert [row["prediction"] for row in rows] == [row["prediction"] for row in written]
    classifier = pipeline("text-classification", model=str(run), device="cpu")
    for row, (text, _) in zip(rows, sentences(40, 2), strict=True):
        answer = classifier(text)[0]
        assert answer["label"] == row["prediction"]
        assert answer["score"] == pytest.approx(max(row["scores"].values()), abs=1e-4)


def test_worst_errors_come_first(run: Path, shards: Path) -> None:
    worst = worst_errors(evaluate(run, shards, "train"), 5)
    assert all(not row["correct"] for row in worst)
    assert [row["loss"] for row in worst] == sorted((row["loss"] for row in worst), reverse=True)


@pytest.mark.parametrize("other", ["multilabel"], indirect=True)
def test_multilabel_with_a_threshold(other: tuple[Path, Path]) -> None:
    run, shards = other
    all_apply = evaluate(run, shards, "test", threshold=0.0)
    assert {(row.recall, row.predicted) for row in all_apply.per_class} == {(1.0, 60)}
    with pytest.raises(UsageError, match="--overwrite"):
        evaluate(run, shards, "test", threshold=1.0)
    none = evaluate(run, shards, "test", threshold=1.0, overwrite=True)
    assert none.metrics["micro_f1"] == 0.0
    rows = list(predict(run, shards, "test", threshold=0.0))
    assert all(row["prediction"] == ["good", "odd"] for row in rows)


@pytest.mark.parametrize("other", ["regression"], indirect=True)
def test_regression_has_correlations_and_numbers(other: tuple[Path, Path]) -> None:
    run, shards = other
    found = evaluate(run, shards, "test")
    rows = read_lines(found.folder / "predictions.jsonl")
    x, y = [row["target"] for row in rows], [row["prediction"] for row in rows]
    assert found.metrics["pearson"] == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.metrics["mse"] == pytest.approx(oracle.mean_squared_error(x, y))
    assert found.confusion is None
    assert set(x) <= {n / 2 for n in range(8)}
    assert len(worst_errors(found, 3)) == 3


def test_unlabelled_rows_are_predicted_and_not_scored(run: Path, tmp_path: Path) -> None:
    rows = {"test": [("good film", 0), ("bad film", None)], "blind": [("good", None)]}
    shards = write_shards(tmp_path / "more", "classification", ["pos", "neg"], rows)
    found = evaluate(run, shards, "test")
    assert (found.n, found.unlabelled) == (1, 1)
    assert len(list(predict(run, shards, "blind"))) == 1
    with pytest.raises(UsageError, match="no row of split 'blind' has a label: use predict"):
        evaluate(run, shards, "blind")
    assert not (run / "evaluations/more-blind").exists()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["neg", "pos"], r"same labels in another order \(id 0 is 'pos' in the run, 'neg' here\)"),
        (["pos", "bad"], "'bad' is unknown to the run; 'neg' is not in the shards"),
        (["pos", "neg", "none"], "'none' is unknown to the run"),
    ],
)
def test_another_label_map_is_refused(run: Path, tmp_path: Path, labels: list[str], message: str) -> None:
    shards = write_shards(tmp_path / "s", "classification", labels, {"test": [("good", 0)]})
    with pytest.raises(UsageError, match=message):
        evaluate(run, shards, "test")


def test_pairs_are_no_single_texts(run: Path, tmp_path: Path) -> None:
    labels, pairs = ["pos", "neg"], {"test": [(("good", "bad"), 0)]}
    with pytest.raises(UsageError, match="split 'test' has pairs of texts, the run was trained on single texts"):
        evaluate(run, write_shards(tmp_path / "s", "classification", labels, pairs), "test")
    with pytest.raises(UsageError, match="pairs of texts"):
        next(iter(predict(run, tmp_path / "s", "test")))


def test_another_tokenizer_or_task_is_refused(run: Path, tmp_path: Path) -> None:
    changed: dict[str, Any] = {"tokenizer": {"name": "x", "sha256": "0" * 64, "vocab_size": 25, "pad_id": 0}}
    rows = {"test": [("good", 0)]}
    shards = write_shards(tmp_path / "s", "classification", ["pos", "neg"], rows, changes=changed)
    with pytest.raises(UsageError, match="another tokenizer than the run's: sha256"):
        evaluate(run, shards, "test")
    numbers = write_shards(tmp_path / "r", "regression", None, {"test": [("good", 1.0)]})
    with pytest.raises(UsageError, match="task 'regression', the run was trained for 'classification'"):
        evaluate(run, numbers, "test")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "run.json", "tokenizer.json"])
def test_a_flipped_bit_in_the_run_is_refused(run: Path, shards: Path, name: str) -> None:
    before = (run / name).read_bytes()
    damaged = bytearray(before)
    damaged[len(damaged) // 2] ^= 1
    (run / name).write_bytes(damaged)
    try:
        with pytest.raises(FolderError, match=f"{name}: damaged"):
            evaluate(run, shards, "train", name="damaged")
        with pytest.raises(FolderError, match=f"{name}: damaged"):
            next(predict(run, shards, "test"))
    finally:
        (run / name).write_bytes(before)


def test_shards_beside_the_run_are_found(run: Path, shards: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name the shard folder"):
        evaluate(run, None, "validation")
    list(fit(shards, shards.parent / "model", str(model), replace(QUICK, epochs=1)))
    assert evaluate(shards.parent / "model", None, "validation").n == 40


def test_new_weights_replace_the_evaluation_of_old_ones(shards: Path, model: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        list(fit(shards, tmp_path / "run", str(model), replace(QUICK, epochs=1, seed=seed), overwrite=True))
        found = evaluate(tmp_path / "run", shards, "test")
        assert found.opened == seed + 1
