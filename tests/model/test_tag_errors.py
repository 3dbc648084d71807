"""Tags: balanced classes, folds, labels that may be wrong and calibration, each held against the plain way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sftformat.calibration import calibrate
from sftformat.evaluate import evaluate
from sftformat.events import StepDone, TrainOptions
from sftformat.folder.manifest import open_folder
from sftformat.grid import fit
from sftformat.loader import IGNORED, gather
from sftformat.prepare import prepare
from sftformat.tasks import tokens
from sftformat.train import train
from tests.conftest import Call

from .tagged import tagged, write_tagged
from .toys import read_lines, write_model

QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=3, batch_size=16)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    splits = {"train": tagged(120, 0), "test": tagged(40, 2)}
    return write_tagged(tmp_path_factory.mktemp("tags") / "shards", splits)


@pytest.fixture(scope="module")
def run(shards: Path, model: Path) -> Path:
    list(fit(shards, shards.parent / "model", str(model), QUICK))
    return shards.parent / "model"


@given(st.integers(0, 999), st.sampled_from([0.0, 0.2]))
def test_class_weights_are_torchs(seed: int, smoothing: float) -> None:
    torch.manual_seed(seed)
    logits, targets = torch.randn(3, 7, 4), torch.randint(-1, 4, (3, 7))
    targets[targets < 0] = IGNORED
    targets[:, 0] = 1
    weights = torch.rand(4) + 0.1
    each, shares = tokens.loss(logits, targets, smoothing, weights), tokens.asked(targets.numpy(), weights.numpy())
    ours = float((each * torch.from_numpy(shares)).sum() / shares.sum())
    flat_, of = logits.reshape(-1, 4), targets.reshape(-1)
    if not smoothing:  # torch spreads what is smoothed by the weights of all classes; here a token keeps its weight
        theirs = torch.nn.functional.cross_entropy(flat_, of, weight=weights, ignore_index=IGNORED)
        assert ours == pytest.approx(float(theirs), rel=1e-5)
    same = torch.ones(4)
    plain = tokens.loss(logits, targets, smoothing)
    assert tokens.loss(logits, targets, smoothing, same).tolist() == pytest.approx(plain.tolist(), rel=1e-6)
    assert tokens.asked(targets.numpy(), same.numpy()).tolist() == tokens.asked(targets.numpy()).tolist()


def test_balanced_tags_are_weighed_as_scikit_learn_does(shards: Path, model: Path, tmp_path: Path) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    options = replace(QUICK, epochs=1, class_weights="balanced", batch_size=200, warmup=0.0)
    manifest = open_folder(shards, "shards")
    setup = prepare(shards, manifest, str(model), options, tmp_path / "setup")
    words = setup.train.targets[setup.rows].values
    expected = compute_class_weight("balanced", classes=np.unique(words), y=words)
    batch = gather(setup.train, setup.rows)
    shares = setup.asked(batch.targets)
    of_words = dict(zip(np.unique(words).tolist(), expected.tolist(), strict=True))
    by_row = [sum(of_words[tag] for tag in row if tag != IGNORED) for row in batch.targets.tolist()]
    assert shares.tolist() == pytest.approx(by_row, rel=1e-5)
    (first,) = [e for e in train(shards, str(model), options, tmp_path / "run") if isinstance(e, StepDone)][:1]
    assert first.loss > 0


def test_folds_find_planted_tags_and_convert_mends_them(call_here: Call, tmp_path: Path) -> None:
    """Of 200 sentences 12 have one tag that is wrong; the line of each holds all of its tags as they should be."""
    rows = [(words, tags) for words, tags in tagged(200, 5) if tags]
    plain = [{"tokens": words, "ner_tags": [tag[-4:].strip("-") for tag in tags or ()]} for words, tags in rows]
    planted = {}
    for number in range(0, 200, 17):
        tags = list(plain[number]["ner_tags"])
        tags[1] = {"GOOD": "BAD", "BAD": "GOOD", "O": "BAD"}[tags[1]]
        planted[number] = {**plain[number], "ner_tags": tags}
    given = [planted.get(number, record) for number, record in enumerate(plain)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in given))
    write_model(tmp_path / "tiny")
    quiet = ("--quiet", "--ignore", "SFT4,SFT23,SFT3")
    assert call_here("tokenize", "a.jsonl", "-o", "shards", "--tokenizer", "tiny", *quiet).code == 0
    how = ("--model", "tiny", "--epochs", "6", "--learning-rate", "1e-2", "--batch-size", "16", "--quiet")
    done = call_here("train", "shards", "-o", "run", "--class-weights", "balanced", *how)
    assert done.code == 0, done.err
    called = ("evaluate", "run", "shards", "--eval-split", "train", "--folds", "2", "--model", "tiny", "--quiet")
    done = call_here(*called)
    assert done.code == 0, done.err
    assert "of all labels here: where it does not, most often it errs itself" in done.out
    fixes = read_lines(tmp_path / "run/evaluations/shards-train/label-errors.jsonl")
    found = {each["line"] - 1: each for each in fixes}
    assert len(found.keys() & planted.keys()) >= 9
    assert len(found.keys() - planted.keys()) <= 12
    for number in found.keys() & planted.keys():
        listed = [each["place"] for each in found[number]["words"]]
        assert found[number]["from"] == given[number]["ner_tags"]
        changed = [n for n, (a, b) in enumerate(zip(found[number]["from"], found[number]["to"], strict=True)) if a != b]
        assert sorted(listed) == changed
    mended = [each for each in fixes if each["line"] - 1 in planted]
    (tmp_path / "mended.jsonl").write_text("".join(json.dumps(each) + "\n" for each in mended))
    done = call_here("convert", "a.jsonl", "-o", "b.jsonl", "--apply", "mended.jsonl", *quiet)
    assert done.code == 0, done.err
    after = read_lines(tmp_path / "b.jsonl")
    assert [row["ner_tags"] for row in after] == [
        found[n]["to"] if n in planted and n in found else row["ner_tags"] for n, row in enumerate(given)
    ]


def test_words_are_calibrated(run: Path, shards: Path) -> None:
    found = evaluate(run, shards, "test", bootstrap=10, name="calibrated")
    sure, right = [], []
    for row in read_lines(found.folder / "predictions.jsonl"):
        pairs = zip(row["scores"], row["prediction"], row["target"], strict=True)
        kept = [(score, said == tag) for score, said, tag in pairs if score is not None]
        sure += [score for score, _ in kept]
        right += [same for _, same in kept]
    assert found.calibration is not None
    assert found.calibration.ece == pytest.approx(calibrate(np.array(sure), np.array(right)).ece, abs=1e-6)
    assert (found.folder / "plots/reliability.svg").exists()
