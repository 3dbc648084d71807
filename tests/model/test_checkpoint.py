"""Checkpoints: whole or passed over, and never of another run."""

from __future__ import annotations

import itertools
import os
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sftformat import checkpoint
from sftformat.errors import TrainingError
from sftformat.folder.files import sha256_file
from sftformat.models import load_model, save_model
from sftformat.train import Finished, Started, TrainOptions, Warned, train

OPTIONS = TrainOptions(learning_rate=3e-3, epochs=2, batch_size=16, checkpoint_every=3)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.fixture
def stopped(shards: Path, model: Path, tmp_path: Path) -> Path:
    """A run that was cut off after 16 of 20 steps: checkpoints at 12 and 15, the best of epoch 1."""
    folder = tmp_path / "stopped"
    running = train(shards, str(model), OPTIONS, folder)
    for event in running:
        if getattr(event, "step", 0) == 16:
            break
    running.close()
    assert sorted(os.listdir(folder / "checkpoints")) == ["best-00000010", "step-00000012", "step-00000015"]
    return folder


@pytest.fixture(scope="module")
def whole(shards: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("whole")
    list(train(shards, str(model), OPTIONS, folder))
    return sha256_file(folder / "model.safetensors")


DAMAGE: dict[str, tuple[int, Callable[[Path], None]]] = {
    "nothing": (15, lambda root: None),
    "weights": (12, lambda root: flip(root / "step-00000015/model.safetensors")),
    "moments": (12, lambda root: flip(root / "step-00000015/optimizer.safetensors")),
    "state": (12, lambda root: flip(root / "step-00000015/state.json")),
    "state gone": (12, lambda root: (root / "step-00000015/state.json").unlink()),
    "weights empty": (12, lambda root: (root / "step-00000015/model.safetensors").write_bytes(b"")),
    "both": (0, lambda root: [flip(root / f"step-{n:08d}/model.safetensors") for n in (12, 15)] and None),
    "best": (0, lambda root: flip(root / "best-00000010/model.safetensors")),
    "half saved": (15, lambda root: (root / ".step-00000018.tmp").mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_newest_valid_one_is_used(shards: Path, model: Path, stopped: Path, whole: str, damage: str) -> None:
    step, break_it = DAMAGE[damage]
    break_it(stopped / "checkpoints")
    events = list(train(shards, str(model), OPTIONS, stopped))
    assert isinstance(events[0], Started)
    assert events[0].step == step
    warned = [event.message for event in events if isinstance(event, Warned) and "passed over" in event.message]
    assert bool(warned) == (step != 15)
    assert all("step-000000" in message for message in warned)
    assert sha256_file(stopped / "model.safetensors") == whole


def test_other_threads_are_refused_or_noted(shards: Path, model: Path, stopped: Path) -> None:
    torch.set_num_threads(2)
    try:
        with pytest.raises(
            TrainingError, match=r"step-00000015: threads 1 there and 2 here; use the same \(OMP_NUM_THREADS=1\), or"
        ):
            list(train(shards, str(model), OPTIONS, stopped))
        events = list(train(shards, str(model), OPTIONS, stopped, force=True))
    finally:
        torch.set_num_threads(1)
    assert any(isinstance(event, Warned) and "threads 1 there" in event.message for event in events)
    assert isinstance(events[-1], Finished)


def test_other_options_are_refused(shards: Path, model: Path, stopped: Path) -> None:
    with pytest.raises(TrainingError, match="option seed 0 there and 1 here"):
        list(train(shards, str(model), replace(OPTIONS, seed=1), stopped))


def test_a_shortened_history_starts_again(shards: Path, model: Path, stopped: Path, whole: str) -> None:
    os.truncate(stopped / "history.jsonl", 10)
    events = list(train(shards, str(model), OPTIONS, stopped))
    assert events[0].step == 0  # type: ignore[union-attr]
    assert sha256_file(stopped / "model.safetensors") == whole


def test_no_pickle_and_no_secret_in_a_checkpoint(stopped: Path) -> None:
    root = stopped / "checkpoints" / "step-00000015"
    assert sorted(os.listdir(root)) == ["model.safetensors", "optimizer.safetensors", "state.json"]
    text = (root / "state.json").read_text()
    assert str(stopped.parent) not in text
    assert os.uname().nodename not in text
    assert (root / "model.safetensors").stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_moments_come_back_exactly(tmp_path: Path) -> None:
    def made() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 2)
        return model, torch.optim.AdamW(model.parameters(), fused=True)

    def step(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        model(torch.ones(1, 3)).pow(2).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    model, optimizer = made()
    step(model, optimizer)
    tensors = {"model": model.state_dict(), "optimizer": checkpoint.optimizer_tensors(model, optimizer)}
    checkpoint.save(tmp_path, "step-00000001", tensors, {"best": None})
    step(model, optimizer)
    other, moments = made()
    checkpoint.restore(tmp_path, "step-00000001", other, moments)
    step(other, moments)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    wrong = torch.nn.Linear(4, 2)
    with pytest.raises(TrainingError, match="weight does not fit the model"):
        checkpoint.restore(tmp_path, "step-00000001", wrong, torch.optim.AdamW(wrong.parameters()))


def test_a_disk_that_takes_no_more_is_an_os_error(tmp_path: Path, model: Path) -> None:
    tensors = {"model": {"a": torch.ones(9000)}}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            checkpoint.save(tmp_path, "step-00000001", tensors, {"best": None})
        with pytest.raises(OSError, match=r"File too large: '.*model\.safetensors'"):
            save_model(load_model(str(model), "regression", None), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path / "checkpoints") == []


def test_a_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = {"model": {"a": torch.ones(3)}}
    checkpoint.save(tmp_path, "step-00000001", tensors, {"best": None})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "sync", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(tmp_path, "step-00000002", tensors, {"best": None})
    assert os.listdir(tmp_path / "checkpoints") == ["step-00000001"]
    assert checkpoint.newest(tmp_path, print) is not None
    assert list(itertools.islice(checkpoint.read_tensors(tmp_path, "step-00000001", "model"), 1)) == ["a"]
