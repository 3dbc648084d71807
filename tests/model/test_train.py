"""The loop: it learns, repeats to the bit, goes on after a kill, and stops before a number that is none."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from sftformat.checkpoint import newest, read_tensors
from sftformat.errors import FolderError, ModelError, TrainingError, UsageError
from sftformat.folder.files import sha256_file
from sftformat.tasks import TASKS
from sftformat.tasks.task import Answers
from sftformat.train import (
    EpochDone,
    Event,
    Finished,
    Started,
    StepDone,
    TrainOptions,
    Warned,
    schedule,
    train,
)

from .toys import read_lines, sentences, write_model, write_shards

QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=3, batch_size=16, checkpoint_every=2)


def run(shards: Path, model: Path, options: TrainOptions, folder: Path, **more: Any) -> list[Event]:
    return list(train(shards, str(model), options, folder, **more))


def of(kind: type[Any], events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def weights(folder: Path) -> str:
    return sha256_file(folder / "model.safetensors")


def test_it_learns_what_can_be_learned(shards: Path, model: Path, tmp_path: Path) -> None:
    events = run(shards, model, replace(QUICK, epochs=8), tmp_path)
    epochs, steps = of(EpochDone, events), of(StepDone, events)
    assert epochs[-1].loss < 0.1 < epochs[0].loss
    assert epochs[-1].validation["accuracy"] == 1.0
    assert [step.step for step in steps] == list(range(1, 81))
    assert isinstance(events[0], Started)
    assert (events[0].rows, events[0].validation_rows, events[0].steps, events[0].step) == (160, 40, 80, 0)
    finished = of(Finished, events)[0]
    assert finished is events[-1]
    assert finished.trial.value == 1.0
    assert finished.trial.epoch == min(done.epoch for done in epochs if done.validation["accuracy"] == 1.0)
    assert [done.epoch for done in epochs if done.best][-1] == finished.trial.epoch


def test_the_same_seed_gives_the_same_bits(shards: Path, model: Path, tmp_path: Path) -> None:
    run(shards, model, QUICK, tmp_path / "a")
    torch.rand(7)  # what else was drawn in the process does not matter
    run(shards, model, replace(QUICK, checkpoint_every=1000), tmp_path / "b")
    run(shards, model, replace(QUICK, seed=1), tmp_path / "c")
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")
    assert (tmp_path / "a/history.jsonl").read_bytes() == (tmp_path / "b/history.jsonl").read_bytes()


@pytest.mark.parametrize("stop", [1, 5, 10, 11, 23, 30, 33])
def test_a_killed_run_goes_on_to_the_same_bits(shards: Path, model: Path, tmp_path: Path, stop: int) -> None:
    run(shards, model, QUICK, tmp_path / "whole")
    for times in (stop, 3, stop):  # killed again while it goes on
        cut = train(shards, str(model), QUICK, tmp_path / "cut")
        seen = list(itertools.islice(cut, times))
        cut.close()
        torch.rand(3)
    started = seen[0]
    assert isinstance(started, Started)
    events = run(shards, model, QUICK, tmp_path / "cut")
    assert of(Started, events)[0].step > 0 or stop == 1
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    assert (tmp_path / "cut/history.jsonl").read_bytes() == (tmp_path / "whole/history.jsonl").read_bytes()


def test_the_loss_is_softmax_against_one_hot(shards: Path, model: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    logits, targets = random.normal(size=(5, 3)).astype(np.float32), random.integers(0, 3, 5)
    expected = -(np.eye(3)[targets] * log_softmax(logits.astype(np.float64), axis=1)).sum(1)
    ours = TASKS["classification"].loss(torch.from_numpy(logits), torch.from_numpy(targets))
    assert ours.numpy() == pytest.approx(expected, rel=1e-5)
    many = random.integers(0, 2, (5, 3)).astype(np.float32)
    for task, target in (("multilabel", many), ("regression", many[:, 0])):
        used = logits if task == "multilabel" else logits[:, :1]
        ours = TASKS[task].loss(torch.from_numpy(used), torch.from_numpy(target))
        assert ours.numpy() == pytest.approx(TASKS[task].losses(Answers(used, target)), rel=1e-5)


def test_weights_count_in_the_loss(model: Path, tmp_path: Path) -> None:
    rows = [("good film", 0), ("bad film", 1), ("good plot", 1)]
    double = write_shards(tmp_path / "double", "classification", ["p", "n"], {"train": [rows[0], *rows]})
    heavy = write_shards(
        tmp_path / "heavy", "classification", ["p", "n"], {"train": rows}, weights={"train": [2.0, 1.0, 1.0]}
    )
    still = write_model(tmp_path / "still", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    once = replace(QUICK, epochs=1, batch_size=4)
    first, second = (of(StepDone, run(out, still, once, tmp_path / f"{out.name}-run")) for out in (double, heavy))
    assert first[0].loss == pytest.approx(second[0].loss, rel=1e-6)
    assert first[0].grad_norm == pytest.approx(second[0].grad_norm, rel=1e-4)


def test_rows_without_label_or_weight_are_left_out_and_said_so(model: Path, tmp_path: Path) -> None:
    rows = [("good film", 0), ("bad film", 1), ("a plot", None), ("the plot", 1)]
    out = write_shards(
        tmp_path / "s", "classification", ["p", "n"], {"train": rows}, weights={"train": [1.0, 1.0, 1.0, 0.0]}
    )
    events = run(out, model, replace(QUICK, epochs=1), tmp_path / "run")
    assert of(Started, events)[0].rows == 2
    assert any("2 of 4 rows of train" in warned.message for warned in of(Warned, events))


@pytest.mark.parametrize("rate", [1e-5])
def test_the_textbook_case(model: Path, tmp_path: Path, rate: float) -> None:
    rows = [("it was a good film", 0), ("it was a bad film", 1)]
    out = write_shards(tmp_path / "s", "classification", ["p", "n"], {"train": rows})
    options = TrainOptions(learning_rate=rate, epochs=10, optimizer="adam")
    events = run(out, model, options, tmp_path / "run")
    assert len(of(StepDone, events)) == len(of(EpochDone, events)) == 10
    assert any("no validation split" in warned.message for warned in of(Warned, events))
    trial = of(Finished, events)[0].trial
    assert (trial.kept, trial.epoch, trial.value) == ("last", 10, None)


@pytest.mark.parametrize(
    ("task", "labels", "metric"), [("multilabel", ["good", "odd"], "micro_f1"), ("regression", None, "pearson")]
)
def test_other_tasks_learn(model: Path, tmp_path: Path, task: str, labels: list[str] | None, metric: str) -> None:
    rows = {"train": sentences(160, 0, task), "validation": sentences(40, 1, task)}
    out = write_shards(tmp_path / "s", task, labels, rows)
    trial = of(Finished, run(out, model, replace(QUICK, epochs=8), tmp_path / "run"))[0].trial
    assert trial.metric == metric
    assert trial.value is not None
    assert trial.value > 0.7


def test_a_loss_that_is_no_number_stops_before_the_weights(shards: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"step \d+: the (loss|gradient norm) is (nan|inf)") as caught:
        run(shards, model, replace(QUICK, learning_rate=1e30, clip=0, warmup=0), tmp_path)
    assert "there is no checkpoint yet; try a lower learning rate" in str(caught.value)
    assert not (tmp_path / "model.safetensors").exists()


def test_the_last_good_checkpoint_stands(shards: Path, model: Path, tmp_path: Path) -> None:
    """Steps are fine until the rate is too high; what was saved before is whole and holds numbers."""
    with pytest.raises(TrainingError, match=r"the weights were not changed by it; checkpoint (\S+) stands;") as caught:
        run(shards, model, replace(QUICK, learning_rate=1e25, clip=0, checkpoint_every=1), tmp_path)
    (name,) = re.findall(r"checkpoint (\S+) stands", str(caught.value))
    found = newest(tmp_path, pytest.fail)
    assert found is not None
    assert found[0] == name
    assert int(name.removeprefix("step-")) == int(re.findall(r"step (\d+)", str(caught.value))[0]) - 1
    assert all(tensor.isfinite().all() for tensor in read_tensors(tmp_path, name, "model").values())


def test_weights_that_the_last_step_broke_are_not_kept(model: Path, tmp_path: Path) -> None:
    out = write_shards(tmp_path / "s", "classification", ["p", "n"], {"train": [("good", 0), ("bad", 1)]})
    with pytest.raises(TrainingError, match=r"step 1: .* is not finite"):
        run(out, model, replace(QUICK, epochs=1, learning_rate=1e39), tmp_path / "run")


def test_a_model_that_says_one_class_is_told(shards: Path, model: Path, tmp_path: Path) -> None:
    events = run(shards, model, replace(QUICK, epochs=1, learning_rate=1e-6), tmp_path)
    assert any("rows is predicted" in w.message and "too low" in w.message for w in of(Warned, events))


def test_nothing_labelled_is_refused(model: Path, tmp_path: Path) -> None:
    out = write_shards(tmp_path / "s", "classification", ["p", "n"], {"train": [("a", None), ("a", None)]})
    with pytest.raises(TrainingError, match="no row of train has a label"):
        run(out, model, QUICK, tmp_path / "run")


def test_one_label_is_refused(model: Path, tmp_path: Path) -> None:
    out = write_shards(tmp_path / "s", "classification", ["p"], {"train": [("a", 0)]})
    with pytest.raises(TrainingError, match="nothing to tell apart"):
        run(out, model, QUICK, tmp_path / "run")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocab_size": 20}, "SFT505 tokenizer has 25 ids .* model 20: use the tokenizer"),
        ({"max_position_embeddings": 4}, "the model takes 4: tokenize again with --max-length 4"),
        ({"pad_token_id": 1}, "SFT505 tokenizer pads with id 0, model with 1"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    shards: Path, tmp_path: Path, changes: dict[str, int], message: str
) -> None:
    small = write_model(tmp_path / "small", **changes)
    with pytest.raises(ModelError, match=message):
        run(shards, small, QUICK, tmp_path / "run")


def test_a_flipped_bit_in_a_shard_is_refused(model: Path, tmp_path: Path) -> None:
    out = write_shards(tmp_path / "s", "classification", ["p", "n"], {"train": sentences(20, 0)})
    path = out / "train/data-00001-of-00002.arrow"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 4
    path.write_bytes(damaged)
    with pytest.raises(FolderError, match=r"data-00001-of-00002\.arrow: damaged"):
        run(out, model, QUICK, tmp_path / "run")


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"epochs": 0},
        {"batch_size": 0},
        {"optimizer": "sgd"},
        {"metric": "bleu"},
        {"clip": -1.0},
        {"warmup": 2.0},
        {"precision": "fp8"},
        {"keep": "all"},
        {"threshold": 1.5},
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    shards: Path, model: Path, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(wrong)).replace('_', '-')}"):
        run(shards, model, replace(QUICK, **wrong), tmp_path)


def test_the_schedule_rises_and_falls_and_never_rests() -> None:
    factors = [schedule("linear", step, 100, 0.1) for step in range(100)]
    assert max(factors) == factors[9] == factors[10] == 1.0
    assert all(a < b for a, b in itertools.pairwise(factors[:10]))
    assert all(a > b > 0 for a, b in itertools.pairwise(factors[10:]))
    assert [schedule("linear", step, 1, 0.1) for step in range(1)] == [1.0]
    assert schedule("linear", 0, 10, 0.0) == 1.0


def test_history_holds_every_step_and_no_time(shards: Path, model: Path, tmp_path: Path) -> None:
    events = run(shards, model, replace(QUICK, epochs=1), tmp_path)
    lines = read_lines(tmp_path / "history.jsonl")
    assert [line["loss"] for line in lines[:-1]] == [step.loss for step in of(StepDone, events)]
    assert set(lines[0]) == {"step", "epoch", "loss", "learning_rate", "grad_norm"}
    assert lines[-1]["validation"] == of(EpochDone, events)[0].validation
    assert json.loads(json.dumps(lines)) == lines


def test_keep_last_keeps_the_last(shards: Path, model: Path, tmp_path: Path) -> None:
    trial = of(Finished, run(shards, model, replace(QUICK, keep="last"), tmp_path))[0].trial
    assert (trial.kept, trial.epoch) == ("last", 3)
    assert not (tmp_path / "checkpoints/best-00000010").exists()
    assert trial.value is not None


def test_bf16_trains_on_the_cpu(shards: Path, model: Path, tmp_path: Path) -> None:
    events = run(shards, model, replace(QUICK, precision="bf16"), tmp_path)
    assert of(EpochDone, events)[-1].loss < of(EpochDone, events)[0].loss
