"""Long texts by windows: a record weighs once, is answered once, by the mean of the logits of its windows."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sftformat.baselines import counts
from sftformat.events import Started, TrainOptions
from sftformat.folder.manifest import open_folder
from sftformat.loader import Split, open_split
from sftformat.models import infer, load_model
from sftformat.prepare import balanced, prepare
from sftformat.shards import TokenizeOptions, tokenize
from sftformat.train import lay_gradient, train
from sftformat.twins import keys, shared
from tests.conftest import Call
from tests.tokenize.shard_samples import write_dataset

from .toys import TELLING, WORDS

N, M = 10, 4


def long_rows(rows: int, seed: int) -> list[dict[str, Any]]:
    """Return rows of filler of which one word far behind the first window tells the target."""
    random, made = np.random.default_rng(seed), []
    for number in range(rows):
        filler = [WORDS[n] for n in random.integers(len(TELLING), len(WORDS), int(random.integers(12, 22)))]
        told = int(random.integers(8))
        if number % 4:
            filler.insert(int(random.integers(N, len(filler))), TELLING[told])
        else:
            filler = [TELLING[told], *filler[: number % 5]]
        made.append({"input": " ".join(filler), "target": "pos" if told < 4 else "neg", "weight": 1.0 + number % 2})
    return made


def windowed(folder: Path, model: Path, **options: Any) -> Path:
    splits = {"train": [long_rows(120, 0)], "validation": [long_rows(40, 1)], "test": [long_rows(60, 2)]}
    dataset = write_dataset(folder / "dataset", "classification", splits)
    for _ in tokenize(dataset, folder / "shards", TokenizeOptions(str(model), **options)):
        pass
    return folder / "shards"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    return windowed(tmp_path_factory.mktemp("windows"), model, window=N, stride=M)


def opened(shards: Path, split: str = "train") -> Split:
    return open_split(shards, open_folder(shards, "shards"), split)


def test_logits_are_the_mean_of_those_of_the_windows(shards: Path, model: Path) -> None:
    split = opened(shards, "test")
    assert split.windows.max() > 2
    made = load_model(str(model), "classification", ["neg", "pos"]).eval()
    records = split.firsts[::-1][:17].copy()
    logits = infer(made, split, records, 5)
    assert logits.shape == (17, 2)
    for place, first in enumerate(records.tolist()):
        chunk, windows = split.chunks[0], int(split.windows[np.searchsorted(split.firsts, first)])
        rows = [chunk.ids[chunk.offsets[row] : chunk.offsets[row + 1]] for row in range(first, first + windows)]
        with torch.inference_mode():
            alone = [made(torch.from_numpy(ids.astype(np.int64))[None]).logits[0].numpy() for ids in rows]
        assert np.allclose(logits[place], np.mean(alone, axis=0), atol=1e-5)


def test_a_record_weighs_once(shards: Path, model: Path, tmp_path: Path) -> None:
    manifest = open_folder(shards, "shards")
    setup = prepare(shards, manifest, str(model), TrainOptions(), tmp_path / "run")
    split = opened(shards)
    assert len(setup.rows) == len(split) > len(split.firsts) == 120
    assert np.allclose(np.add.reduceat(setup.train.weights, split.firsts), split.weights[split.firsts])
    parameters = list(setup.model.parameters())
    _, weight = lay_gradient(setup, parameters, setup.rows, 0)
    assert weight == pytest.approx(float(split.weights[split.firsts].sum()))
    each = balanced(split, setup.rows)[split.targets] * split.weights * split.shares()
    sums = [float(each[split.targets == label].sum()) for label in (0, 1)]
    by_record = [split.weights[split.firsts][split.targets[split.firsts] == label].mean() for label in (0, 1)]
    assert sums[0] / sums[1] == pytest.approx(float(by_record[0] / by_record[1]), rel=1e-5)


def test_twins_and_counts_are_of_records(shards: Path) -> None:
    split = opened(shards)
    whole = keys(split)
    assert len(np.unique(whole)) == len({tuple(row) for row in rows_of(split)})
    assert all(len(set(part.tolist())) == 1 for part in np.split(whole, split.firsts[1:]))
    pairs = shared(split, split.firsts, split, split.firsts)
    assert set(pairs[:, 0].tolist()) == set(split.firsts.tolist()) >= set(pairs[:, 1].tolist())
    counted = counts(split, split.firsts, 64)
    assert counted.shape[0] == len(split.firsts)
    assert counted[:, :64].sum() == split.lengths.sum()


def rows_of(split: Split) -> list[tuple[int, ...]]:
    chunk = split.chunks[0]
    bounds = chunk.offsets[np.append(split.firsts, len(split))]
    return [(*chunk.ids[low:high].tolist(), -1) for low, high in itertools.pairwise(bounds)]


def test_what_stands_behind_the_first_window_is_learned(call_here: Call, model: Path, tmp_path: Path) -> None:
    """The same rows, model and options: right with windows, and no better than chance where they are cut."""
    learned = {}
    how = ("--model", str(model), "--epochs", "8", "--learning-rate", "3e-3", "--batch-size", "16", "--keep", "last")
    for name, options in (("windows", {"window": N, "stride": M}), ("cut", {"max_length": N})):
        made = windowed(tmp_path / name, model, **options)
        assert call_here("train", str(made), "-o", f"{name}/run", *how, "-q").code == 0
        done = call_here("evaluate", f"{name}/run", "--eval-split", "test", "--output-format", "json", "-q")
        learned[name] = json.loads(done.out)
        assert learned[name]["n"] == 60
        lines = (tmp_path / name / "run/evaluations/shards-test/predictions.jsonl").read_text().splitlines()
        far = [json.loads(line)["correct"] for number, line in enumerate(lines) if number % 4]
        learned[f"{name}, far"] = sum(far) / len(far)
    assert learned["windows, far"] >= 0.9
    assert learned["cut, far"] <= 0.75
    rows = (json.dumps({"text": row["input"]}) for row in long_rows(60, 2))
    (tmp_path / "new.jsonl").write_text("\n".join(rows) + "\n")
    assert call_here("predict", "windows/run", "new.jsonl", "-o", "new.out.jsonl", "-q").code == 0
    evaluated = (tmp_path / "windows/run/evaluations/shards-test/predictions.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in (tmp_path / "new.out.jsonl").read_text().splitlines()]
    assert [row["prediction"] for row in told] == [json.loads(line)["prediction"] for line in evaluated]
    assert [row["line"] for row in told] == list(range(1, 61))


def test_what_is_told(shards: Path, model: Path, tmp_path: Path) -> None:
    events = train(shards, str(model), TrainOptions(epochs=1), tmp_path / "run")
    started = next(event for event in events if isinstance(event, Started))
    assert (started.rows, started.windows, started.validation_rows) == (120, len(opened(shards)), 40)
