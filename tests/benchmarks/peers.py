"""Ours and its peers side by side: `python -m tests.benchmarks.peers [RACE …] [--rows N,N,N] [--times N] [-o FILE]`.

Every race is the same work for all that run in it, at several sizes. What each gives is compared before anything is
timed. Each turn is a process of its own, one after the other and all in turn, so that a busy machine is busy for all;
only the ratios of one call mean something. Memory is the sum over the processes of a turn, pages they share counted
once (PSS), looked at many times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .entrants import ENTRANTS, Entrant, prepare

ROOT = Path(__file__).parents[2]
#: What is wanted of ours, as a multiple of the speed of the fastest peer.
WANTED = {"validate": 0.6, "shards": 8.0, "loader": 30.0, "train": 2.5}
#: Records of races that take long.
FEWER = {"train": (1024,)}
_LOOK = 0.02


@dataclass(frozen=True)
class Turn:
    """What one process needed, in seconds of the clock and MiB, and what it came to."""

    seconds: float
    memory: float
    result: str


@dataclass(frozen=True)
class Line:
    """One entrant at one size: medians, and for a peer how many times as fast ours is, with the least and the most."""

    race: str
    entrant: str
    rows: int
    seconds: float
    memory: float
    ratio: float
    least: float
    most: float


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


def turn(entrant: Entrant, folder: Path) -> Turn:
    """Let an entrant run once, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.entrants", entrant.race, entrant.name, str(folder)]
    most = 0.0
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, cwd=ROOT, stdout=out, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        while child.poll() is None:
            most = max(most, memory_of(child.pid))
            time.sleep(_LOOK)
        if child.returncode:
            raise SystemExit(f"{entrant.race}: {entrant.name} ended with {child.returncode}")
        out.seek(0)
        said = json.loads(out.read().splitlines()[-1])
    return Turn(said["seconds"], most, said["result"])


def race(name: str, rows: int, times: int, folder: Path) -> Iterator[Line]:
    """Let all entrants of a race run in turn.

    Raises:
        SystemExit: two of them came to different results.
    """
    entrants = [entrant for entrant in ENTRANTS if entrant.race == name and rows <= entrant.at_most]
    prepare(name, rows, folder)
    turns: dict[str, list[Turn]] = {entrant.name: [] for entrant in entrants}
    wanted = ""
    for number in range(times + 1):  # the first is not timed: files are read into memory, and results compared
        for entrant in entrants:
            made = turn(entrant, folder)
            wanted = wanted or made.result
            if made.result != wanted:
                raise SystemExit(f"{name}: {entrant.name} came to {made.result}, ours to {wanted}")
            if number:
                turns[entrant.name].append(made)
    ours = [each.seconds for each in turns["ours"]]
    for entrant in entrants:
        theirs = turns[entrant.name]
        ratios = [one.seconds / mine for one, mine in zip(theirs, ours, strict=True)]
        seconds = statistics.median(each.seconds for each in theirs)
        memory = statistics.median(each.memory for each in theirs)
        middle = statistics.median(ratios)
        yield Line(name, entrant.name, rows, seconds, memory, middle, min(ratios), max(ratios))


def shown(line: Line) -> str:
    """Return a line as text."""
    ratio = "" if line.entrant == "ours" else f"{line.ratio:7.2f}x ({line.least:.2f} to {line.most:.2f})"
    return f"{line.race:9} {line.rows:9,} rows  {line.entrant:32} {line.seconds:8.2f} s {line.memory:7.0f} MiB {ratio}"


def verdicts(lines: Sequence[Line]) -> Iterator[str]:
    """Yield for each race, at the largest size, how ours stands against the fastest peer and what is wanted."""
    largest: Mapping[str, int] = {line.race: line.rows for line in lines}
    for name, rows in largest.items():
        peers = [line for line in lines if line.race == name and line.rows == rows and line.entrant != "ours"]
        best = min(peers, key=lambda line: line.seconds)
        yield f"{name}: {best.ratio:.2f} times the speed of {best.entrant}, {WANTED[name]} wanted"


def main() -> None:
    """Print all races."""
    names = list(dict.fromkeys(entrant.race for entrant in ENTRANTS))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("races", nargs="*", default=names, metavar="RACE", help=", ".join(names))
    parser.add_argument("--rows", default="20000,100000,500000")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.races:
            for rows in FEWER.get(name, tuple(map(int, given.rows.split(",")))):
                for line in race(name, rows, given.times, Path(folder) / f"{name}-{rows}"):
                    lines.append(line)
                    print(shown(line), flush=True)
    for words in verdicts(lines):
        print(words)
    if given.output:
        machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        told = {"machine": machine, "python": platform.python_version(), "lines": [asdict(line) for line in lines]}
        given.output.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
