r"""Flag a record with exactly the same input and target as an earlier one.

One finding for every later row, pointing at the first, in whichever split. Compared is what is learned: input, pair,
instruction, system, languages and tools, the target and its references; the labels of a multilabel record have no
order. Ids and metadata do not count.

Why it matters: duplicates count double in the loss and in every metric.

What to do: --drop-duplicates keeps the first of each; the others go to the rejects with their reason.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "fine", "target": "pos"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "Fine", "target": "pos"}
    {"id": "3", "input": "fine", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, where
from sftformat.rules.spill import KEY, Records, runs


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the rows that repeat an earlier one."""
    for pair in census.pairs("input", select):
        message = f"same as {where(pair.first.place)}"
        yield SetFinding(message, pair.later.place, pair.later.split, "", "a record of its own", message)


def select(repeats: Records) -> tuple[Records, Records]:
    """Pair every later row of equal input and target with the first."""
    records, first = runs(repeats, (*KEY, "exact", "target"))
    later = first != np.arange(len(records))
    return records[later], records[first[later]]
