"""Memory by size: `python -m tests.benchmarks.memory [--mib N,N] [--workers N]`.

Raw JSON Lines of each size are made into shards by the command line, and the sum over its processes of their
proportional set size (pages they share counted once) is looked at many times a second. What is printed is the most.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .entrants import model
from .peers import ROOT, memory_of

_LOOK = 0.05
_WORDS = 50_000


def write_rows(path: Path, size: int) -> int:
    """Write rows of `size` bytes in all, none twice, of a vocabulary as real texts have it; return how many."""
    draw = random.Random(7)
    words = [f"{draw.choice(('re', 'un', ''))}w{draw.randrange(36**5):x}" for _ in range(_WORDS)]
    parts = [" ".join(words[int(_WORDS ** draw.random())] for _ in range(8)) for _ in range(20_000)]
    rows = written = 0
    with open(path, "w", encoding="utf-8") as file:
        while written < size:
            text = f"{rows} {' '.join(draw.choices(parts, k=draw.randint(1, 8)))}"
            written += file.write(json.dumps({"text": text, "label": ("good", "bad")[rows % 2]}) + "\n")
            rows += 1
    return rows


def peak_of(source: Path, out: Path, workers: int) -> tuple[float, float]:
    """Return the MiB that making shards took at most, and the seconds of it.

    Raises:
        SystemExit: it failed.
    """
    shards = ("-o", str(out), "--tokenizer", model(), "--max-length", "128", "--workers", str(workers), "--quiet")
    command = [sys.executable, "-m", "sftformat", "tokenize", str(source), *shards]
    start, most = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        while child.poll() is None:
            most = max(most, memory_of(child.pid))
            time.sleep(_LOOK)
        if child.returncode:
            said.seek(0)
            raise SystemExit(said.read().decode())
    return most, time.perf_counter() - start


def main() -> None:
    """Print the peak at every size, and how it grows from one to the next."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", default="100,1000")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    before = 0.0
    for size in map(int, given.mib.split(",")):
        with tempfile.TemporaryDirectory() as name:
            source = Path(name) / "data.jsonl"
            rows = write_rows(source, size << 20)
            most, seconds = peak_of(source, Path(name) / "out", given.workers)
        grown = f", {most / before:.2f} times that of the size before" if before else ""
        print(f"{size:6,} MiB  {rows:11,} rows  {seconds:8.1f} s  {most:6.0f} MiB at most{grown}", flush=True)
        before = most


if __name__ == "__main__":
    main()
