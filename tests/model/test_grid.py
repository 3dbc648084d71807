"""Fit: the run folder, the grid that sees validation only, and what is refused before time is spent."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sftformat import loader, prepare
from sftformat.errors import FolderError, TrainingError, UsageError
from sftformat.folder.manifest import verify
from sftformat.grid import fit
from sftformat.train import Finished, Started, StepDone, TrainOptions, Trial, Warned
from sftformat.trials import choose, parse_rates, parse_seeds

from .toys import read_lines, sentences, write_shards

QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=3, batch_size=16, checkpoint_every=4)
RATES = [1e-6, 5e-3, 1e-2]


def fitted(shards: Path, out: Path, model: Path, rates: Sequence[float] = (), **more: Any) -> Finished:
    options = more.pop("options", QUICK)
    last = list(fit(shards, out, str(model), options, rates, **more))[-1]
    assert isinstance(last, Finished)
    return last


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("2e-5", [2e-5]),
        ("1e-5,1e-4", [1e-5, 1e-4]),
        ("1e-5, 1e-4,1e-5", [1e-5, 1e-4]),
        ("1e-5..1e-3", [1e-5, 3.16e-5, 1e-4, 3.16e-4, 1e-3]),
    ],
)
def test_rates_are_read(text: str, rates: list[float]) -> None:
    assert parse_rates(text) == rates


@pytest.mark.parametrize("text", ["", "a", "0", "-1e-5", "nan", "inf", "1e-3..1e-5", "1..", "1e-5..1e-4..1e-3", "1,,2"])
def test_other_rates_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--learning-rate"):
        parse_rates(text)


def test_a_run_folder_is_whole_and_says_what_it_is(shards: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    finished = fitted(shards, out, model)
    assert not verify(out, "run")
    assert sorted(os.listdir(out)) == [
        "README.md",
        "config.json",
        "events.out.tfevents.0.sftformat",
        "history.jsonl",
        "manifest.json",
        "model.safetensors",
        "plots",
        "run.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    config, run = json.loads((out / "config.json").read_text()), json.loads((out / "run.json").read_text())
    assert config["id2label"] == {"0": "pos", "1": "neg"}
    assert config["label2id"] == {"pos": 0, "neg": 1}
    assert run["labels"] == ["pos", "neg"]
    assert run["shards"] == json.loads((shards / "manifest.json").read_text())["fingerprint"]
    assert Trial(**run["trial"]) == finished.trial
    for name, content in tree(out).items():
        assert str(tmp_path).encode() not in content, name
        assert str(model.parent).encode() not in content, name
        assert os.uname().nodename.encode() not in content, name
        assert (out / name).stat().st_mode == (out / "config.json").stat().st_mode, name


def test_the_grid_chooses_on_validation_and_never_opens_test(
    shards: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def spy(folder: Path, manifest: Any, split: str) -> loader.Split:
        opened.append(split)
        return loader.open_split(folder, manifest, split)

    monkeypatch.setattr(prepare, "open_split", spy)
    out = tmp_path / "run"
    events = list(fit(shards, out, str(model), replace(QUICK, epochs=4), RATES))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert set(opened) == {"train", "validation"}
    assert [trial.learning_rate for trial in finished.trials] == RATES
    best = max(trial.value or 0 for trial in finished.trials)
    assert finished.trial.value == best
    assert finished.trial.learning_rate == min(t.learning_rate for t in finished.trials if t.value == best)
    started = [event for event in events if isinstance(event, Started)]
    assert [(event.trial, event.trials) for event in started] == [(1, 3), (2, 3), (3, 3)]
    names = sorted(name for name in tree(out) if name.startswith("trials/"))
    assert names == sorted(f"trials/{rate!r}-0/{file}" for rate in RATES for file in ("history.jsonl", "result.json"))
    won = f"trials/{finished.trial.learning_rate!r}-0/history.jsonl"
    assert (out / "history.jsonl").read_bytes() == (out / won).read_bytes()
    run = json.loads((out / "run.json").read_text())
    assert run["options"]["learning_rate"] == finished.trial.learning_rate
    assert [Trial(**trial) for trial in run["trials"]] == list(finished.trials)


def test_a_grid_killed_anywhere_ends_with_the_same_bytes(shards: Path, model: Path, tmp_path: Path) -> None:
    fitted(shards, tmp_path / "whole", model, RATES)
    for stop in (1, 7, 38, 40, 10):
        cut = fit(shards, tmp_path / "cut", str(model), QUICK, RATES)
        assert len(list(itertools.islice(cut, stop))) == stop
        cut.close()
        with pytest.raises(FolderError, match="unfinished"):
            loader.open_split(tmp_path / "cut", _manifest(tmp_path / "cut"), "train")
    fitted(shards, tmp_path / "cut", model, RATES)
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")


def _manifest(folder: Path) -> dict[str, Any]:
    from sftformat.folder.manifest import read_manifest

    return read_manifest(folder)


def test_a_finished_run_is_left_alone(shards: Path, model: Path, tmp_path: Path) -> None:
    first = fitted(shards, tmp_path / "run", model)
    before = tree(tmp_path / "run")
    events = list(fit(shards, tmp_path / "run", str(model), QUICK))
    assert events == [first]
    assert tree(tmp_path / "run") == before


def test_other_options_need_overwrite(shards: Path, model: Path, tmp_path: Path) -> None:
    fitted(shards, tmp_path / "run", model)
    other = replace(QUICK, seed=3)
    with pytest.raises(UsageError, match="--overwrite"):
        fitted(shards, tmp_path / "run", model, options=other)
    assert fitted(shards, tmp_path / "run", model, options=other, overwrite=True).trial.seed == 3


def test_a_grid_without_validation_is_refused(model: Path, tmp_path: Path) -> None:
    out = write_shards(tmp_path / "s", "classification", ["pos", "neg"], {"train": sentences(20, 0)})
    with pytest.raises(UsageError, match="2 learning rates need a validation split"):
        fitted(out, tmp_path / "run", model, [1e-5, 1e-4])
    assert not (tmp_path / "run").exists()


def test_a_rate_at_which_training_breaks_only_loses(shards: Path, model: Path, tmp_path: Path) -> None:
    options = replace(QUICK, clip=0, warmup=0)
    events = list(fit(shards, tmp_path / "run", str(model), options, [5e-3, 1e30]))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.trial.learning_rate == 5e-3
    assert "the weights were not changed by it" in (finished.trials[1].error or "")
    assert any(isinstance(event, Warned) and "1e+30" in event.message for event in events)
    with pytest.raises(TrainingError, match="every trial failed"):
        fitted(shards, tmp_path / "lost", model, [1e30, 1e31], options=options)


def test_what_all_trials_warn_of_is_said_once(model: Path, tmp_path: Path) -> None:
    rows = {"train": sentences(40, 0), "validation": sentences(40, 0)[:8]}
    shards = write_shards(tmp_path / "s", "classification", ["pos", "neg"], rows)
    events = list(fit(shards, tmp_path / "run", str(model), replace(QUICK, epochs=1), RATES))
    told = [event.message for event in events if isinstance(event, Warned)]
    assert sum("same tokens" in message for message in told) == 1


def test_the_mean_over_seeds_decides_and_its_best_trial_is_kept() -> None:
    """Rate 1e-3 has the best trial, 1e-4 the best mean; a rate that failed once is not chosen."""
    values = {(1e-3, 0): 0.9, (1e-3, 1): 0.3, (1e-4, 0): 0.7, (1e-4, 1): 0.8, (1e-2, 0): 1.0}
    trials = [
        Trial(rate, seed, 1, 1, 1, "accuracy", x, {"accuracy": x, "loss": 1.0}) for (rate, seed), x in values.items()
    ]
    broken = Trial(1e-2, 1, 1, 0, 0, "accuracy", error="step 1: nan")
    chosen = choose([*trials, broken])
    assert (chosen.learning_rate, chosen.seed) == (1e-4, 1)
    assert choose([trials[-1], broken]).learning_rate == 1e-2


def test_a_grid_over_seeds_killed_anywhere_ends_with_the_same_bytes(shards: Path, model: Path, tmp_path: Path) -> None:
    options = replace(QUICK, epochs=1)
    list(fit(shards, tmp_path / "whole", str(model), options, RATES[1:], [0, 1]))
    for stop in (3, 20, 30, 45):
        cut = fit(shards, tmp_path / "cut", str(model), options, RATES[1:], [0, 1])
        list(itertools.islice(cut, stop))
        cut.close()
    list(fit(shards, tmp_path / "cut", str(model), options, RATES[1:], [0, 1]))
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")
    names = sorted(path.name for path in (tmp_path / "cut/trials").iterdir())
    assert names == ["0.005-0", "0.005-1", "0.01-0", "0.01-1"]


@pytest.mark.parametrize("text", ["", "a", "-1", "1,,2", "0.5"])
def test_other_seeds_are_refused(text: str) -> None:
    assert parse_seeds("3, 1,3") == [3, 1]
    with pytest.raises(UsageError, match="--seeds"):
        parse_seeds(text)


def test_an_unfinished_run_of_other_options_is_refused_and_named(shards: Path, model: Path, tmp_path: Path) -> None:
    cut = fit(shards, tmp_path / "run", str(model), QUICK)
    list(itertools.islice(cut, 12))
    cut.close()
    other = replace(QUICK, epochs=5, seed=4)
    with pytest.raises(
        UsageError, match=r"an unfinished run of --epochs 3 \(here 5\), --seed 0 \(here 4\); use the same"
    ):
        list(fit(shards, tmp_path / "run", str(model), other))
    data = write_shards(tmp_path / "s", "classification", ["pos", "neg"], {"train": sentences(20, 0)})
    with pytest.raises(UsageError, match="an unfinished run of other data; use the same"):
        list(fit(data, tmp_path / "run", str(model), QUICK))


def test_equal_trials_go_to_the_smaller_rate() -> None:
    scores = {"accuracy": 0.5, "loss": 1.0}
    trials = [Trial(rate, 0, 1, 1, 1, "accuracy", 0.5, dict(scores)) for rate in (1e-3, 1e-5, 1e-4)]
    assert choose(trials).learning_rate == 1e-5


def test_the_edge_of_the_grid_is_told(shards: Path, model: Path, tmp_path: Path) -> None:
    events = list(fit(shards, tmp_path / "run", str(model), replace(QUICK, epochs=1), [1e-7, 1e-6, 1e-5]))
    told = [event.message for event in events if isinstance(event, Warned)]
    assert any("edge of the grid" in message for message in told)


def test_a_test_split_that_is_damaged_stops_it_too(model: Path, tmp_path: Path) -> None:
    rows = {"train": sentences(20, 0), "test": sentences(20, 1)}
    out = write_shards(tmp_path / "s", "classification", ["pos", "neg"], rows)
    os.truncate(out / "test/data-00000-of-00002.arrow", 100)
    with pytest.raises(FolderError, match=r"SFT901 .*test/data-00000-of-00002\.arrow"):
        fitted(out, tmp_path / "run", model)
    assert not (tmp_path / "run").exists()


def test_steps_are_written_as_they_come(shards: Path, model: Path, tmp_path: Path) -> None:
    steps = [event for event in fit(shards, tmp_path / "run", str(model), QUICK) if isinstance(event, StepDone)]
    lines = [line for line in read_lines(tmp_path / "run/history.jsonl") if "step" in line]
    assert [line["loss"] for line in lines] == [step.loss for step in steps]
    assert torch.get_num_threads() == 1
