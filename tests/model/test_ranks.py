"""Several processes take the steps that one takes: the same batches, the same losses, one writer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import ranks
from sftformat.folder.files import sha256_file
from sftformat.folder.manifest import verify
from sftformat.grid import fit
from sftformat.train import TrainOptions

from . import forks
from .test_learning import reference, still, uneven  # noqa: F401 - fixtures
from .toys import read_lines

OPTIONS = TrainOptions(learning_rate=1e-3, warmup=0.3, epochs=2, batch_size=12)
GIVEN = ("--learning-rate", "1e-3", "--warmup", "0.3", "--epochs", "2", "--batch-size", "12")


def losses(run: Path) -> list[float]:
    return [line["loss"] for line in read_lines(run / "history.jsonl") if "step" in line]


@given(st.integers(0, 50), st.integers(1, 4), st.integers(1, 5))
def test_the_shares_of_all_processes_are_the_batch(rows: int, pieces: int, processes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranks, "processes", lambda: processes)
        found: list[tuple[int, np.ndarray]] = []  # type: ignore[type-arg]
        for number in range(processes):
            patch.setattr(ranks, "rank", lambda number=number: number)
            found += ranks.share(np.arange(rows), pieces)
    found.sort(key=lambda each: each[0])
    assert np.concatenate([np.empty(0, int), *(piece for _, piece in found)]).tolist() == list(range(rows))
    sizes = [len(piece) for _, piece in found]
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_one_process_is_alone() -> None:
    ranks.join({"WORLD_SIZE": "1"})
    assert (ranks.rank(), ranks.processes(), ranks.agree("x"), ranks.together("x")) == (0, 1, "x", ["x"])
    assert ranks.add_up([], 1.5, 2.0) == [1.5, 2.0]


@pytest.mark.slow
def test_torchrun_one_process_and_the_plain_loop_agree(
    still: Path,  # noqa: F811
    uneven: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    """As a user starts it; 70 rows of many weights in batches of 12, the last one of 10."""
    clean = {**os.environ, "OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1", "NO_COLOR": "1"}
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "sftformat"]
    command = [sys.executable, *launch, "train", str(uneven), "-o", "two", "--model", str(still), *GIVEN]
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert losses(tmp_path / "two") == pytest.approx(reference(uneven, still, OPTIONS), rel=2e-4)
    assert done.stdout.count("kept the") == 1
    assert done.stderr.count("epoch 1 of 2") == 1


@pytest.mark.parametrize("number", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_many_processes_one_process_and_the_plain_loop_agree(
    still: Path,  # noqa: F811
    uneven: Path,  # noqa: F811
    tmp_path: Path,
    number: int,
) -> None:
    running = forks.together(
        number, ("train", uneven, "-o", tmp_path / "many", "--model", still, *GIVEN), tmp_path / "log"
    )
    list(fit(uneven, tmp_path / "one", str(still), OPTIONS))
    plain = reference(uneven, still, OPTIONS)
    assert set(forks.finish(*running)) == {0}
    assert losses(tmp_path / "one") == pytest.approx(plain, rel=2e-4)
    assert losses(tmp_path / "many") == pytest.approx(plain, rel=2e-4)
    assert not verify(tmp_path / "many", "run")
    one, many = (read_lines(tmp_path / name / "history.jsonl") for name in ("one", "many"))
    for here, there in zip(one, many, strict=True):
        assert here.get("validation", {}) == pytest.approx(there.get("validation", {}), rel=1e-3)
        assert here.get("grad_norm", 0.0) == pytest.approx(there.get("grad_norm", 0.0), rel=1e-2)
    assert "kept the" in (tmp_path / "log.0").read_text()
    assert not (tmp_path / "log.1").read_text()


@pytest.mark.slow
def test_with_dropout_two_processes_are_two_pieces(model: Path, uneven: Path, tmp_path: Path) -> None:  # noqa: F811
    running = forks.together(2, ("train", uneven, "-o", tmp_path / "two", "--model", model, *GIVEN), tmp_path / "log")
    list(fit(uneven, tmp_path / "one", str(model), replace(OPTIONS, batch_size=6, accumulate=2)))
    assert forks.finish(*running) == [0, 0]
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=2e-4)


@pytest.mark.slow
def test_two_processes_killed_go_on_to_the_same_bits(model: Path, uneven: Path, tmp_path: Path) -> None:  # noqa: F811
    given_ = ("--model", model, "--learning-rate", "1e-3,1e-2", "--epochs", "12", "--batch-size", "8")

    def start(name: str) -> list[Any]:
        options = (*given_, "--checkpoint-every", "3")
        return forks.together(2, ("train", uneven, "-o", tmp_path / name, *options), tmp_path / "log")

    assert forks.finish(*start("whole")) == [0, 0]
    cut = start("cut")
    while not list(tmp_path.glob("cut/.staging-*/trials/0.01-0/checkpoints/step-*")):
        time.sleep(0.005)
        assert all(each.is_alive() for each in cut)
    forks.kill(*cut)
    assert forks.finish(*start("cut")) == [0, 0]
    assert "trial 2 of 2: 70 rows" in (tmp_path / "log.0").read_text()
    assert "going on after step" in (tmp_path / "log.0").read_text()
    for name in ("history.jsonl", "model.safetensors", "run.json"):
        assert sha256_file(tmp_path / "cut" / name) == sha256_file(tmp_path / "whole" / name)


def test_a_loss_that_is_no_number_ends_all_processes(model: Path, uneven: Path, tmp_path: Path) -> None:  # noqa: F811
    wild = ("--learning-rate", "1e30", "--clip", "0", "--warmup", "0")
    running = forks.together(2, ("train", uneven, "-o", tmp_path / "run", "--model", model, *wild), tmp_path / "log")
    assert forks.finish(*running) == [2, 0]
    assert "try a lower learning rate" in (tmp_path / "log.0").read_text()
