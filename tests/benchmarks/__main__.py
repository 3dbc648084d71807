"""Ours and its peers side by side: `python -m tests.benchmarks [RACE …] [--quick] [--times N] [--write]`.

Prints each entrant's median time and memory at each size, how many times as fast ours is, and how that stands to what
is wanted. `--write` keeps the results in `results.json`, with what the same machine said of other races before, and
renders the plot and the section of README.md. `--quick` takes sizes that show that everything runs, not how fast.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.docs.pages import ROOT, derived

from .entrant import OURS
from .entrants import ENTRANTS, RACES
from .peers import race
from .results import Line, Results, machine, sized, verdicts


def shown(line: Line) -> str:
    """Return a line as text."""
    ratio = "" if line.entrant == OURS else f"{line.ratio:7.2f}x ({line.least:.2f} to {line.most:.2f})"
    size = sized(line, RACES)
    return f"{line.race:22} {size:>13}  {line.entrant:28} {line.seconds:8.2f} s {line.memory:6,} MiB {ratio}"


def main() -> None:
    """Let all races run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("races", nargs="*", metavar="RACE", help=", ".join(RACES))
    parser.add_argument("--quick", action="store_true", help="small sizes, once")
    parser.add_argument("--times", type=int, default=3, help="turns that are timed (3)")
    parser.add_argument("--most", type=int, default=1 << 40, help="leave out sizes of more rows or MB than this")
    parser.add_argument("--write", action="store_true", help="keep the results, and put them into README.md")
    given = parser.parse_args()
    unknown = [name for name in given.races if name not in RACES]
    if unknown or (given.write and given.quick):
        parser.error(f"no race {unknown[0]!r}" if unknown else "--quick says nothing that is worth to be kept")
    for entrant in ENTRANTS:
        if not entrant.there():
            sys.stderr.write(f"{entrant.race}: {entrant.name} is not installed and left out\n")
    times = 1 if given.quick else given.times
    told = machine()
    print(told)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.races or RACES:
            sizes = RACES[name].quick if given.quick else [size for size in RACES[name].sizes if size <= given.most]
            for size in sizes:
                for line in race(name, size, times, Path(folder) / f"{len(lines)}"):
                    lines.append(line)
                    print(shown(line), flush=True)
    results = Results(told, tuple(lines))
    for words in verdicts(results, RACES):
        print(words)
    if given.write:
        results.over(Results.load(), RACES).save()
        page = ROOT / "README.md"
        page.write_text(derived(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
