r"""Flag a record with the same id as an earlier one that has another input or target.

One finding for every later row that differs from the first with this id. Exact duplicates are SFT401: their ids are
equal by right when they were made from what is learned.

Why it matters: predictions and corrections are tied to ids; with a double id they land on the wrong record.

What to do: give every record an id of its own, or leave `id` out: then it is made from the content.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "1", "input": "bad", "target": "neg"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "bad", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, where
from sftformat.rules.spill import KEY, Records, runs


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the rows whose id belongs to another record."""
    for pair in census.pairs("id", _select):
        message = f"same id as {where(pair.first.place)}, but another record"
        yield SetFinding(message, pair.later.place, pair.later.split, "/id", "an id of its own", "")


def _select(repeats: Records) -> tuple[Records, Records]:
    records, first = runs(repeats, KEY)
    other = np.zeros(len(records), np.bool_)
    for name in ("exact", "target"):
        other |= records[name] != records[name][first]
    return records[other], records[first[other]]
