"""Several processes take the steps that one takes: the same batches, the same losses, one writer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import ranks, together
from sftformat.folder.files import sha256_file
from sftformat.folder.manifest import verify
from sftformat.grid import fit
from sftformat.shards import TokenizeOptions, tokenize
from sftformat.train import TrainOptions
from tests.tokenize.text_samples import write_texts

from . import forks
from .test_learning import reference, still, uneven  # noqa: F401 - fixtures
from .toys import TELLING, read_lines, write_model

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


@given(st.integers(0, 20), st.integers(1, 4))
def test_each_process_writes_its_share_of_the_texts(rows: int, processes: int) -> None:
    asked: list[list[int]] = []

    def write(model: Any, split: Any, own: Any, *_: Any) -> list[str]:
        asked.append(own.tolist())
        return [f"text of {row}" for row in own]

    setup: Any = SimpleNamespace(model=None, options=SimpleNamespace(eval_batch_size=4))
    numbers, parts = np.arange(100, 100 + rows), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "write_texts", write)
        patch.setattr(ranks, "processes", lambda: processes)
        for number in range(processes):
            patch.setattr(ranks, "rank", lambda number=number: number)
            patch.setattr(ranks, "together", lambda part: parts.append(part) or [[]])
            together.write_together(setup, None, numbers[:0] if not rows else numbers, None)  # type: ignore[arg-type]
        patch.setattr(ranks, "together", lambda _: parts)
        found = together.write_together(setup, None, numbers, None)  # type: ignore[arg-type]
    assert found == [f"text of {row}" for row in numbers]
    once = asked[: min(processes, rows)]
    assert sorted(row for own in once for row in own) == numbers.tolist()
    assert not once or max(map(len, once)) - min(map(len, once)) <= 1


@pytest.mark.slow
def test_two_processes_write_the_texts_that_one_writes(model: Path, tmp_path: Path) -> None:
    rows = [{"input": f"{a} film {b}", "target": f"{b} {a}"} for a in TELLING for b in TELLING[:4]]
    write_texts(tmp_path / "d", "text-to-text", {"train": [rows], "validation": [rows[::3]]})
    list(tokenize(tmp_path / "d", tmp_path / "shards", TokenizeOptions(str(model))))
    calm = write_model(tmp_path / "calm", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    given_ = ("--model", calm, "--learning-rate", "5e-3", "--epochs", "4", "--batch-size", "8", "--metric", "chrf")
    two = forks.together(2, ("train", tmp_path / "shards", "-o", tmp_path / "two", *given_), tmp_path / "log")
    options = TrainOptions(learning_rate=5e-3, epochs=4, batch_size=8, metric="chrf")
    list(fit(tmp_path / "shards", tmp_path / "one", str(calm), options))
    assert forks.finish(*two) == [0, 0]
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-3)
    one, both = (
        [line["validation"]["chrf"] for line in read_lines(tmp_path / name / "history.jsonl") if "validation" in line]
        for name in ("one", "two")
    )
    assert both == pytest.approx(one, abs=1.0)
    assert one[-1] > one[0]
