"""Entrants side by side: each turn is a process of its own, one after the other and all in turn.

So a machine that is busy is busy for all; only the ratios of one call mean something. What each comes to is compared
before anything is timed, and after every turn again. Memory is the sum over the processes of a turn that is not timed,
pages they share counted once (PSS), looked at many times a second: to look takes time from what is looked at.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .entrant import OURS, Entrant
from .entrants import ENTRANTS, prepare
from .results import Line

ROOT = Path(__file__).parents[2]
_LOOK = 0.05


@dataclass(frozen=True)
class Turn:
    """What one process needed, in seconds of the clock and MiB, and what it came to."""

    seconds: float
    memory: float
    result: str


def processes(root: int) -> Iterator[int]:
    """Yield a process and all that it started, as far as they still run."""
    waiting = [root]
    while waiting:
        number = waiting.pop()
        yield number
        try:
            for thread in os.listdir(f"/proc/{number}/task"):
                waiting += map(int, Path(f"/proc/{number}/task/{thread}/children").read_text().split())
        except OSError:
            continue


def memory_of(root: int) -> float:
    """Return the MiB that a process and all that it started hold now; 0 where the system does not say."""
    total = 0
    for number in processes(root):
        try:
            lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def turn(entrant: Entrant, folder: Path, look: bool = False) -> Turn:
    """Let an entrant run once, in a process of its own; with a `look` at its memory, which takes time."""
    command = [sys.executable, "-m", "tests.benchmarks.entrants", entrant.race, entrant.name, str(folder)]
    # The peers are compiled where they are installed: ours has to be too.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if entrant.name == OURS:
        environment["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # as the command does, before pyarrow is there
    most = 0.0
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, cwd=ROOT, stdout=out, env={**environment, "HF_HUB_OFFLINE": "1"})
        while look and child.poll() is None:
            most = max(most, memory_of(child.pid))
            time.sleep(_LOOK)
        if child.wait():
            raise SystemExit(f"{entrant.race}: {entrant.name} ended with {child.returncode}")
        out.seek(0)
        said = json.loads(out.read().splitlines()[-1])
    return Turn(said["seconds"], most, said["result"])


def race(name: str, size: int, times: int, folder: Path) -> list[Line]:
    """Let all entrants of a race run in turn, and once before for their memory, which is not timed.

    Raises:
        SystemExit: two of them came to different results.
    """
    entrants = [each for each in ENTRANTS if each.race == name and size <= each.at_most and each.there()]
    prepare(name, size, folder)
    turns: dict[str, list[Turn]] = {entrant.name: [] for entrant in entrants}
    memory: dict[str, float] = {}
    wanted = ""
    for number in range(times + 1):
        for entrant in entrants:
            made = turn(entrant, folder, look=not number)
            wanted = wanted or made.result
            if made.result != wanted:
                raise SystemExit(f"{name}: {entrant.name} came to {made.result}, {OURS} to {wanted}")
            if number:
                turns[entrant.name].append(made)
            else:
                memory[entrant.name] = made.memory
    shutil.rmtree(folder)
    return [_line(name, each.name, size, memory[each.name], turns[each.name], turns[OURS]) for each in entrants]


def _line(name: str, entrant: str, size: int, memory: float, theirs: Sequence[Turn], ours: Sequence[Turn]) -> Line:
    ratios = [one.seconds / mine.seconds for one, mine in zip(theirs, ours, strict=True)]
    seconds = statistics.median(each.seconds for each in theirs)
    spread = statistics.median(ratios), min(ratios), max(ratios)
    return Line(
        name, entrant, size, len(theirs), round(seconds, 3), round(memory), *(round(each, 2) for each in spread)
    )
