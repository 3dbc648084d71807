"""How fast `validate` is against a bare loop that only decides: run `python -m tests.benchmarks.validate`.

The bare loop is `orjson.loads` and `is_valid` of jsonschema-rs, line by line, with the schema that `validate` uses.
Both run in this process, one after the other, on one file; processor seconds are what counts, since a wall clock also
shows what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from sftformat.check import Settings
from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.layouts.bind import bind, bound_schema
from sftformat.layouts.layout import layout

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


def timed(run: Callable[[], object], times: int) -> Timed:
    found = []
    for _ in range(times):
        clock, processor = time.perf_counter(), time.process_time()
        run()
        found.append(Timed(time.process_time() - processor, time.perf_counter() - clock))
    return min(found, key=lambda each: each.processor)


def main() -> int:
    """Print the times and the ratios; the exit status is 1 if one is too low."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        write_records(path, given.rows)
        size = path.stat().st_size / 1e6
        loop = timed(lambda: bare(path), given.times)
        print(f"{given.rows:,} records, {size:.0f} MB")
        print(f"{'bare loop':20} {loop.processor:6.2f} s  ({loop.clock:.2f} s on the clock)")
        for name, (settings, wanted) in RUNS.items():
            ours = timed(lambda settings=settings: validated(path, settings), given.times)
            ratio, by_clock = loop.processor / ours.processor, loop.clock / ours.clock
            good = good and ratio >= wanted
            print(
                f"{name:20} {ours.processor:6.2f} s  ({ours.clock:.2f} s on the clock)  "
                f"{ratio:.2f} of the speed (by the clock {by_clock:.2f}), {wanted} wanted"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
