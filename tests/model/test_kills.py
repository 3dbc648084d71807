"""A run that is killed at any moment, once or twice, ends with the bits of one that was not.

`SFTFORMAT_KILLS` is how many runs are killed, 60 unless given: 50 once and 10, of every six one, twice.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from sftformat.folder.files import sha256_file
from sftformat.folder.manifest import verify

from . import forks
from .toys import read_lines

KILLS = int(os.environ.get("SFTFORMAT_KILLS", "60"))
#: Runs at a time, one a core.
LANES = 2
GIVEN = ("--learning-rate", "5e-3", "--epochs", "3", "--batch-size", "16", "--checkpoint-every", "2", "--quiet")
FILES = ("model.safetensors", "history.jsonl", "run.json", "manifest.json")


def bits(run: Path) -> dict[str, str]:
    return {name: sha256_file(run / name) for name in FILES}


def written(run: Path) -> int:
    """Return how many lines of its history a run that is not finished has written; 0 when it has none any more."""
    with suppress(FileNotFoundError):
        return sum(path.read_bytes().count(b"\n") for path in run.glob(".staging-*/history.jsonl"))
    return 0


@pytest.mark.slow
def test_killed_runs_go_on_to_the_same_bits(shards: Path, model: Path, tmp_path: Path) -> None:
    def start(name: str) -> forks.BaseProcess:
        return forks.start(("train", shards, "-o", tmp_path / name, "--model", model, *GIVEN), tmp_path / f"{name}.log")

    assert forks.finish(start("first")) == [0]  # starts the server that forks
    began = time.monotonic()
    assert forks.finish(start("whole")) == [0]
    lasted, expected = time.monotonic() - began, bits(tmp_path / "whole")

    lines = len(read_lines(tmp_path / "whole/history.jsonl"))

    def let_go(running: forks.BaseProcess, name: str, random: np.random.Generator) -> None:
        """Let a run come to some line of its history (0: it starts; the last: it is sealed), and a moment further.

        So the places do not hang on how busy the machine is.
        """
        wanted = int(random.integers(0, lines + 1))
        moment = lasted / (2 if wanted in (0, lines) else lines)
        while running.is_alive() and written(tmp_path / name) < wanted:
            time.sleep(0.005)
        time.sleep(float(random.uniform(0, moment)))

    def kill(number: int) -> list[str]:
        """Kill a run once or twice, let it end, and return the newest checkpoint at each kill."""
        random, name, killed_at = np.random.default_rng([0, number]), f"run-{number}", []
        for _ in range(2 if number % 6 == 5 else 1):
            running = start(name)
            let_go(running, name, random)
            forks.kill(running)
            steps = sorted(path.name for path in tmp_path.glob(f"{name}/.staging-*/checkpoints/step-*"))
            killed_at.append(steps[-1] if steps else "before")
        assert forks.finish(start(name)) == [0], (tmp_path / f"{name}.log").read_text()
        assert bits(tmp_path / name) == expected, (number, killed_at[-1])
        assert not verify(tmp_path / name, "run")
        assert not list((tmp_path / name).glob(".staging-*"))
        return killed_at

    with ThreadPoolExecutor(LANES) as lanes:
        killed_at = [place for places in lanes.map(kill, range(KILLS)) for place in places]
    assert len(killed_at) == KILLS + KILLS // 6
    assert len(set(killed_at)) > min(KILLS // 4, 8), killed_at  # at many places
