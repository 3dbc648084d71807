"""Options of learning, each held against the plain thing: torch's own, the bigger batch, weights that do not move."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from sftformat.errors import UsageError
from sftformat.folder.manifest import read_manifest
from sftformat.loader import epoch_order, gather, open_split
from sftformat.models import load_model
from sftformat.prepare import BF16, balanced, prepare, seed_generators
from sftformat.tasks.classification import loss
from sftformat.train import EpochDone, Event, Finished, StepDone, TrainOptions, schedule, train
from tests.conftest import Call

from .toys import sentences, write_model, write_shards

QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=2, batch_size=16)


def run(shards: Path, model: Path, options: TrainOptions, folder: Path) -> list[Event]:
    return list(train(shards, str(model), options, folder))


def of(kind: type[Any], events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def losses(events: Iterable[Event]) -> list[float]:
    return [step.loss for step in of(StepDone, events)]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model without dropout."""
    folder = tmp_path_factory.mktemp("still") / "still"
    return write_model(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards with rows of many weights, three classes of which one is rare, and a last batch that is not full."""
    rows = [(text, 2 if n % 19 == 0 else target) for n, (text, target) in enumerate(sentences(70, 5))]
    weights = [round(float(weight), 2) for weight in np.random.default_rng(1).uniform(0.2, 3.0, len(rows))]
    return write_shards(
        tmp_path_factory.mktemp("uneven") / "shards",
        "classification",
        ["pos", "neg", "odd"],
        {"train": rows, "validation": sentences(20, 6)},
        weights={"train": weights},
    )


def reference(shards: Path, model: Path, options: TrainOptions, **more: Any) -> list[float]:
    """The plain loop: what training is, without anything that makes it fast, safe or resumable."""
    torch.manual_seed(0)
    manifest = read_manifest(shards)
    split = open_split(shards, manifest, "train")
    seed_generators(options.seed, 0)
    net = load_model(str(model), "classification", manifest["labels"])
    net.train()
    vectors, matrices = ([p for p in net.parameters() if (p.ndim >= 2) == wide] for wide in (False, True))
    groups = [{"params": matrices, "weight_decay": options.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer, found = torch.optim.AdamW(groups), []
    steps = math.ceil(len(split) / options.batch_size) * options.epochs
    for epoch in range(options.epochs):
        for rows in epoch_order(split.lengths, options.batch_size, options.seed, epoch):
            batch = gather(split, rows)
            ids, mask, targets = (torch.from_numpy(x) for x in (batch.input_ids, batch.attention_mask, batch.targets))
            each = functional.cross_entropy(net(ids, mask).logits, targets, reduction="none", **more)
            mean = (each * torch.from_numpy(batch.weights)).sum() / batch.weights.sum()
            optimizer.zero_grad()
            mean.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), options.clip)
            for group in optimizer.param_groups:
                group["lr"] = options.learning_rate * schedule(options.schedule, len(found), steps, options.warmup)
            optimizer.step()
            found.append(mean.item())
    return found


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loop_is_the_plain_loop(still: Path, uneven: Path, tmp_path: Path, smoothing: float) -> None:
    options = replace(QUICK, batch_size=12, label_smoothing=smoothing, learning_rate=1e-3)
    ours = losses(run(uneven, still, options, tmp_path / "run"))
    assert ours == pytest.approx(reference(uneven, still, options, label_smoothing=smoothing), rel=2e-4)


@pytest.mark.parametrize("accumulate", [2, 3, 5])
def test_accumulation_is_the_bigger_batch(still: Path, uneven: Path, tmp_path: Path, accumulate: int) -> None:
    whole = run(uneven, still, replace(QUICK, batch_size=30, learning_rate=1e-3), tmp_path / "whole")
    pieces = replace(QUICK, batch_size=30 // accumulate, accumulate=accumulate, learning_rate=1e-3)
    assert losses(run(uneven, still, pieces, tmp_path / "pieces")) == pytest.approx(losses(whole), rel=2e-4)


def test_smoothing_is_torchs() -> None:
    torch.manual_seed(0)
    logits, targets = torch.randn(7, 4), torch.randint(4, (7,))
    ours = loss(logits, targets, smoothing=0.3)
    theirs = torch.nn.CrossEntropyLoss(label_smoothing=0.3)(logits, targets)
    assert ours.mean() == pytest.approx(theirs.item(), rel=1e-6)
    by_hand = -(torch.log_softmax(logits, 1) * (0.7 * functional.one_hot(targets, 4) + 0.3 / 4)).sum(1)
    assert ours.numpy() == pytest.approx(by_hand.numpy(), rel=1e-5)


def test_class_weights_are_scikit_learns_and_torchs(still: Path, tmp_path: Path) -> None:
    rows = [(text, 2 if n % 19 == 0 else target) for n, (text, target) in enumerate(sentences(40, 5))]
    shards = write_shards(tmp_path / "s", "classification", ["p", "n", "o"], {"train": rows})
    split = open_split(shards, read_manifest(shards), "train")
    factors = compute_class_weight("balanced", classes=np.arange(3), y=split.targets)
    assert balanced(split, np.arange(40)) == pytest.approx(factors)
    options = replace(QUICK, batch_size=40, epochs=1, class_weights="balanced")
    first = losses(run(shards, still, options, tmp_path / "run"))[0]
    seed_generators(0, 0)
    net = load_model(str(still), "classification", ["p", "n", "o"])
    batch = gather(split, epoch_order(split.lengths, 40, 0, 0)[0])
    logits = net(torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask)).logits
    weighted = torch.nn.CrossEntropyLoss(torch.tensor(factors, dtype=torch.float32))
    assert first == pytest.approx(weighted(logits, torch.from_numpy(batch.targets)).item(), rel=1e-5)


@pytest.mark.parametrize(
    ("freeze", "frozen"),
    [("embeddings", ["bert.embeddings."]), ("1", ["bert.embeddings.", "bert.encoder.layer.0."])],
)
def test_what_is_frozen_does_not_move(
    model: Path, uneven: Path, tmp_path: Path, freeze: str, frozen: list[str]
) -> None:
    options = replace(QUICK, freeze=freeze, epochs=1, checkpoint_every=2)
    run(uneven, model, options, tmp_path / "run")
    seed_generators(0, 0)
    before = load_model(str(model), "classification", ["pos", "neg", "odd"]).state_dict()
    after = load_file(tmp_path / "run/model.safetensors")
    for name, tensor in after.items():
        assert torch.equal(tensor, before[name]) == any(name.startswith(part) for part in frozen), name


def test_more_layers_than_there_are_cannot_be_frozen(model: Path, uneven: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--freeze 3: the model has 2 layers"):
        run(uneven, model, replace(QUICK, freeze="3"), tmp_path)


def test_schedules() -> None:
    for kind in ("linear", "cosine", "constant"):
        factors = np.array([schedule(kind, step, 50, 0.2) for step in range(50)])
        assert factors[:10] == pytest.approx(np.arange(1, 11) / 10)
        assert (np.diff(factors[10:]) <= 0).all()
        assert (factors > 0).all()
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(
        torch.optim.SGD([torch.zeros(1)], lr=1.0), T_max=40, eta_min=0.0
    )
    for step in range(10, 50):
        assert schedule("cosine", step, 50, 0.2) == pytest.approx(cosine.get_last_lr()[0], abs=1e-7)
        cosine.optimizer.step()
        cosine.step()


def test_it_stops_when_validation_is_no_better(model: Path, shards: Path, tmp_path: Path) -> None:
    options = replace(QUICK, epochs=30, early_stopping=2, learning_rate=1e-9, metric="accuracy")
    events = run(shards, model, options, tmp_path / "run")
    epochs = of(EpochDone, events)
    best = max(done.validation["accuracy"] for done in epochs)
    first = next(done.epoch for done in epochs if done.validation["accuracy"] == best)
    assert [done.epoch for done in epochs] == list(range(1, first + 3))
    assert [done.stops for done in epochs] == [False] * (first + 1) + [True]
    trial = of(Finished, events)[0].trial
    assert (trial.epoch, trial.epochs, trial.steps) == (first, first + 2, (first + 2) * 10)
    again = run(shards, model, options, tmp_path / "run")  # from the newest checkpoint, if any: the same end
    assert of(Finished, again)[0].trial == trial


def test_a_run_that_is_to_stop_early_goes_on_to_the_same_bits(model: Path, shards: Path, tmp_path: Path) -> None:
    options = replace(QUICK, epochs=30, early_stopping=2, learning_rate=1e-9, checkpoint_every=7)
    run(shards, model, options, tmp_path / "whole")
    cut = train(shards, str(model), options, tmp_path / "cut")
    for event in cut:
        if isinstance(event, EpochDone) and event.epoch == 2:
            break
    cut.close()
    run(shards, model, options, tmp_path / "cut")
    for name in ("history.jsonl", "model.safetensors"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_early_stopping_needs_validation(model: Path, tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "s", "classification", ["p", "n"], {"train": sentences(20, 0)})
    with pytest.raises(UsageError, match="--early-stopping needs a validation split"):
        run(shards, model, replace(QUICK, early_stopping=1), tmp_path / "run")


@pytest.mark.parametrize("has", [True, False])
def test_auto_precision_asks_the_processor(
    model: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has: bool
) -> None:
    for name in BF16:
        monkeypatch.setattr(torch.cpu, name, lambda: has, raising=False)
    setup = prepare(shards, read_manifest(shards), str(model), replace(QUICK, precision="auto"), tmp_path)
    assert setup.options.precision == ("bf16" if has or torch.cuda.is_available() else "fp32")


@pytest.mark.parametrize(
    "wrong",
    [
        {"accumulate": 0},
        {"schedule": "step"},
        {"label_smoothing": 1.0},
        {"class_weights": "equal"},
        {"early_stopping": -1},
        {"freeze": "all"},
        {"freeze": "0"},
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    shards: Path, model: Path, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(wrong)).replace('_', '-')}"):
        run(shards, model, replace(QUICK, **wrong), tmp_path)


@pytest.mark.parametrize("wrong", [{"label_smoothing": 0.1}, {"class_weights": "balanced"}])
def test_what_needs_classes_is_refused_without(model: Path, tmp_path: Path, wrong: dict[str, Any]) -> None:
    shards = write_shards(tmp_path / "s", "regression", None, {"train": sentences(20, 0, "regression")})
    with pytest.raises(UsageError, match="regression has no classes of which one is right"):
        run(shards, model, replace(QUICK, **wrong), tmp_path / "run")


def test_the_command_line_takes_them_all(call_here: Call, model: Path, shards: Path, tmp_path: Path) -> None:
    given = [
        *(
            "--epochs",
            "1",
            "--batch-size",
            "8",
            "--accumulate",
            "2",
            "--schedule",
            "cosine",
            "--label-smoothing",
            "0.1",
        ),
        *("--class-weights", "balanced", "--early-stopping", "3", "--freeze", "1", "--checkpoint-every", "3"),
        *("--precision", "auto", "--learning-rate", "1e-3,5e-3", "--seeds", "0,1"),
    ]
    done = call_here("train", shards, "-o", "run", "--model", model, *given)
    assert done.code == 0, done.err
    assert done.err.count("trial ") == 4
    assert "evaluate: sftformat evaluate run" in done.out
    assert done.out.rstrip().endswith("--eval-split test")
    again = call_here("train", shards, "-o", "run", "--model", model, *given[:-1], "0,2")
    assert again.code == 2
    assert "holds a run of --seed 0,1 (here 0,2); use the same" in again.err
