"""How fast `validate` is against a bare loop that only decides: run `python -m tests.benchmarks.validate`.

The bare loop is `orjson.loads` and `is_valid` of jsonschema-rs, line by line, with the schema that `validate` uses.
Both run in this process, one after the other, on one file; processor seconds are what counts, since a wall clock also
shows what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from sftformat.check import Settings
from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.layouts.bind import bind, bound_schema
from sftformat.layouts.layout import layout
from tests.peak import peak

BARE = "bare loop"
#: Runs of `validate` that are timed, and how much of the speed of the bare loop each must have.
RUNS = {"SFT0,SFT1": (Settings(select=("SFT0", "SFT1")), 0.5), "all default rules": (Settings(), 0.3)}


@dataclass(frozen=True)
class Timed:
    """The best of several runs: seconds of the processor and of the clock."""

    processor: float
    clock: float


def write_records(path: Path, rows: int) -> None:
    """Write short records, about 90 bytes each, no two the same, and the same ones every time."""
    words = [f"w{number}" for number in range(5000)]
    draw = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            text = f"{number} {' '.join(draw.choices(words, k=9))}"
            file.write(json.dumps({"text": text, "label": ("good", "bad")[number % 2]}) + "\n")


def bare(path: Path) -> int:
    """Return how many lines hold a record that fits."""
    binding = bind(layout("text-label"), [{"text": "", "label": ""}])
    schema = bound_schema(binding.layout, binding.at)
    fits = jsonschema_rs.validator_for(schema, pattern_options=jsonschema_rs.RegexOptions()).is_valid
    loads = orjson.loads
    with path.open("rb") as file:
        return sum(fits(loads(line)) for line in file)


def validated(path: Path, settings: Settings) -> dict[str, Any]:
    """Return the ledger of `validate` with one worker."""
    *_, last = diagnose([str(path)], DatasetOptions(settings=settings, workers=1))
    assert isinstance(last, Finished)
    ledger: dict[str, Any] = last.manifest["ledger"]
    return ledger


def timed(runs: Mapping[str, Callable[[], object]], times: int) -> dict[str, Timed]:
    """Return the best of each, all of them in turn, so that a busy machine is busy for all."""
    found: dict[str, list[Timed]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            clock, processor = time.perf_counter(), time.process_time()
            run()
            found[name].append(Timed(time.process_time() - processor, time.perf_counter() - clock))
    return {name: min(each, key=lambda one: one.processor) for name, each in found.items()}


def main() -> int:
    """Print the times and the ratios; the exit status is 1 if one is too low."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        write_records(path, given.rows)
        size = path.stat().st_size / 1e6
        runs: dict[str, Callable[[], object]] = {BARE: lambda: bare(path)}
        for name, (settings, _) in RUNS.items():
            runs[name] = partial(validated, path, settings)
        found = timed(runs, given.times)
    loop = found[BARE]
    print(f"{given.rows:,} records, {size:.0f} MB; seconds of the processor, and of the clock")
    print(f"{BARE:18} {loop.processor:6.2f} {loop.clock:6.2f}")
    for name, (_, wanted) in RUNS.items():
        ours = found[name]
        ratio = loop.processor / ours.processor
        good = good and ratio >= wanted
        times = f"{ours.processor:6.2f} {ours.clock:6.2f}"
        print(f"{name:18} {times}   {ratio:.2f} of the speed of the bare loop, {wanted} wanted")
    print(f"peak memory {peak() / 1024:.0f} MiB")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
