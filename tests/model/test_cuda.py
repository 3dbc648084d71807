"""The commands on a card of NVIDIA, where there is one: the same bits each time, after a kill too, and near a CPU's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sftformat.folder.files import sha256_file
from tests.conftest import CARDS, call_command

from .toys import read_lines, sentences, write_model, write_shards

GIVEN = ("--learning-rate", "5e-3", "--epochs", "3", "--batch-size", "16", "--checkpoint-every", "2", "--quiet")
ON_CARD = {"CUDA_VISIBLE_DEVICES": CARDS.split(",")[0]}
_ASK = "import torch; print(torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False))"


@pytest.fixture(scope="module")
def card() -> dict[str, str]:
    """What shows a command the card; whether it multiplies bfloat16 itself stands under BF16."""
    if not Path("/dev/nvidiactl").exists():
        pytest.skip("no card of NVIDIA here")
    done = subprocess.run(
        [sys.executable, "-c", _ASK], env={**os.environ, **ON_CARD}, capture_output=True, text=True, check=True
    )
    if "True" not in done.stdout:
        pytest.skip("torch sees no card that multiplies bfloat16 itself")
    return ON_CARD


def call(folder: Path, card: dict[str, str], *command: str | Path) -> None:
    done = call_command([*map(str, command)], folder, b"", **card)
    assert done.code == 0, done.err


def run(folder: Path, name: str, shards: Path, model: Path, card: dict[str, str], *more: str) -> Path:
    call(folder, card, "train", shards, "-o", name, "--model", model, *GIVEN, *more)
    return folder / name


def losses(path: Path) -> np.ndarray:
    return np.array([line["loss"] for line in read_lines(path / "history.jsonl") if "step" in line])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_card_gives_the_same_bits_each_time_and_after_a_kill(
    precision: str, shards: Path, model: Path, tmp_path: Path, card: dict[str, str]
) -> None:
    more = ("--precision", precision)
    one, two = (run(tmp_path, name, shards, model, card, *more) for name in ("one", "two"))
    command = [sys.executable, "-m", "sftformat", "train", str(shards), "-o", "killed", "--model", str(model)]
    killed = subprocess.Popen([*command, *GIVEN, *more], cwd=tmp_path, env={**os.environ, **card})
    while killed.poll() is None and not list(tmp_path.glob("killed/.staging-*/checkpoints/step-*")):
        time.sleep(0.001)
    killed.kill()
    killed.wait()
    assert killed.returncode == -9, "it was done before it could be killed"
    run(tmp_path, "killed", shards, model, card, *more)
    for name in ("model.safetensors", "history.jsonl"):
        assert sha256_file(one / name) == sha256_file(two / name) == sha256_file(tmp_path / "killed" / name)


def test_a_card_learns_what_a_processor_learns(shards: Path, tmp_path: Path, card: dict[str, str]) -> None:
    # Without dropout, for which both draw different numbers.
    model = write_model(tmp_path / "model", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    there = run(tmp_path, "there", shards, model, card, "--precision", "fp32")
    here = run(tmp_path, "here", shards, model, {}, "--precision", "fp32")
    np.testing.assert_allclose(losses(there)[:5], losses(here)[:5], rtol=2e-3)
    assert (losses(there) != losses(here)).any(), "that was no card"
    found = []
    for own in (card, {}):
        call(tmp_path, own, "evaluate", "there", shards, "--quiet", "--overwrite")
        (path,) = (tmp_path / "there/evaluations").rglob("predictions.jsonl")
        found.append(read_lines(path))
    on_card, on_processor = found
    assert len(on_card) == len(on_processor) == 40
    for one, two in zip(on_card, on_processor, strict=True):
        assert one["prediction"] == two["prediction"]
        assert one["scores"] == pytest.approx(two["scores"], abs=1e-3)


def test_auto_is_bfloat16_on_such_a_card(shards: Path, model: Path, tmp_path: Path, card: dict[str, str]) -> None:
    auto, half, full = (
        run(tmp_path, name, shards, model, card, "--precision", name) for name in ("auto", "bf16", "fp32")
    )
    assert sha256_file(auto / "model.safetensors") == sha256_file(half / "model.safetensors")
    assert sha256_file(half / "model.safetensors") != sha256_file(full / "model.safetensors")
    np.testing.assert_allclose(losses(half)[:3], losses(full)[:3], rtol=0.05)


def test_two_processes_on_one_card_are_refused(shards: Path, model: Path, tmp_path: Path, card: dict[str, str]) -> None:
    two = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "sftformat"]
    done = subprocess.run(
        [sys.executable, *two, "train", str(shards), "-o", "two", "--model", str(model), *GIVEN],
        cwd=tmp_path,
        env={**os.environ, **card, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "process 1 of this machine has no device: there are 1" in done.stderr


def test_a_small_data_set_is_learned_on_a_card(model: Path, tmp_path: Path, card: dict[str, str]) -> None:
    rows = {"train": sentences(320, 0), "validation": sentences(40, 1), "test": sentences(40, 2)}
    shards = write_shards(tmp_path / "shards", "classification", ["pos", "neg"], rows)
    run(tmp_path, "run", shards, model, card, "--precision", "bf16", "--epochs", "6")
    call(tmp_path, card, "evaluate", "run", shards, "--quiet")
    (path,) = (tmp_path / "run/evaluations").rglob("metrics.json")
    assert json.loads(path.read_text())["metrics"]["accuracy"] > 0.9
