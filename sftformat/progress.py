"""How far a run has come: the history, line by line, and checkpoints from which it goes on.

`progress` is what a checkpoint holds besides weights and moments:

    step   steps taken            sums   loss and weight of the rows of the epoch so far
    last   the last epoch         best   the best epoch, whose weights stand in a checkpoint; None when the last is kept
    top    the best rank so far   since  epochs since then
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from sftformat import checkpoint, ranks
from sftformat.prepare import Setup

HISTORY = "history.jsonl"


def resume(setup: Setup, warn: Callable[[str], None], force: bool) -> dict[str, Any]:
    """Put back what the newest valid checkpoint holds and return its progress; without one, begin at step 0.

    The first of several processes decides which one that is, and cuts the history to its length.
    """
    name, progress = ranks.agree(_newest(setup, warn, force) if ranks.rank() == 0 else None)
    if name is not None:
        checkpoint.restore(setup.folder, name, setup.model, setup.optimizer)
    return dict(progress)


def _newest(setup: Setup, warn: Callable[[str], None], force: bool) -> tuple[str | None, dict[str, Any]]:
    found, written, name = checkpoint.newest(setup.folder, warn), 0, None
    progress: dict[str, Any] = {"step": 0, "sums": [0.0, 0.0], "best": None, "last": None, "top": None, "since": 0}
    history = setup.folder / HISTORY
    history.touch()
    if found is not None and history.stat().st_size < found[1]["history_bytes"]:
        warn(f"{HISTORY} is shorter than when {found[0]} was saved: starting again")
        found = None
    if found is not None:
        name, state = found
        checkpoint.check_identity(state["identity"], setup.identity, name, None if not force else warn)
        progress, written = {key: state[key] for key in progress}, state["history_bytes"]
    os.truncate(history, written)
    return name, progress


def open_history(folder: Path) -> BinaryIO:
    """Open the history to add lines to it; only the first process writes, what the others add goes nowhere."""
    return open(folder / HISTORY if ranks.rank() == 0 else os.devnull, "ab")


def append(history: BinaryIO, **line: Any) -> None:
    """Add one line to the history: no time, so that equal runs give equal bytes."""
    history.write(json.dumps(line).encode() + b"\n")


def save_progress(setup: Setup, progress: Mapping[str, Any], history: BinaryIO) -> None:
    """Save a checkpoint: the history up to here first, then weights, moments and progress."""
    if ranks.rank() != 0:
        return
    history.flush()
    os.fsync(history.fileno())
    tensors = {
        "model": setup.model.state_dict(),
        "optimizer": checkpoint.optimizer_tensors(setup.model, setup.optimizer),
    }
    state = {**progress, "identity": setup.identity, "history_bytes": history.tell()}
    checkpoint.save(setup.folder, f"step-{progress['step']:08d}", tensors, state)
    checkpoint.prune(setup.folder, progress["best"]["name"] if progress["best"] else None)


def save_best(setup: Setup, name: str) -> None:
    """Put the weights aside: they are the best so far."""
    if ranks.rank() != 0:
        return
    checkpoint.save(setup.folder, name, {"model": setup.model.state_dict()}, {"best": None})
    checkpoint.prune(setup.folder, name)
