"""How often test was opened: a line for each time, written before it is read."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from sftformat.folder.files import sync

#: The folder of a run that holds its evaluations.
EVALUATIONS = "evaluations"
OPENINGS = "openings.jsonl"


def count_opening(run: Path, split: str, shards_fingerprint: str) -> int:
    """Write down that test is opened, before it is, and return how often that happened so far."""
    path = run / EVALUATIONS / OPENINGS
    with open(path, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        count = sum(1 for _ in file) + 1
        file.write(json.dumps({"count": count, "split": split, "shards": shards_fingerprint}).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)
    return count
