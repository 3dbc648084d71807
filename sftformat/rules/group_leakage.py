r"""Flag a group with records in two splits.

A group (`group`) is what must stay in one split: a patient, an author, a document. One finding a group and further
split, at its first row there, pointing at its first row in the first split (train, validation, test, others).

Why it matters: rows of one group are alike, so the metric measures how well the model knows the group.

What to do: move the group into one split, or split again with --resplit, which keeps groups together.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos", "group": "patient-7", "split": "train"}
    {"id": "2", "input": "bad", "target": "neg", "group": "patient-7", "split": "test"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos", "group": "patient-7", "split": "train"}
    {"id": "2", "input": "good", "target": "pos", "group": "patient-7", "split": "train"}
    {"id": "3", "input": "bad", "target": "neg", "group": "patient-8", "split": "test"}
    {"id": "4", "input": "so-so", "target": "neg", "split": "test"}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, quoted, where
from sftformat.rules.spill import KEY, Records, runs


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the groups that are in two splits."""
    for pair in census.pairs("group", _select):
        message = f"group {quoted(pair.name)} is in {pair.first.split}, too: {where(pair.first.place)}"
        expected = f"in {pair.first.split} only"
        yield SetFinding(message, pair.later.place, pair.later.split, "/group", expected, quoted(pair.name))


def _select(repeats: Records) -> tuple[Records, Records]:
    records, first = runs(repeats, (*KEY, "split"))
    one_a_split = records[first == np.arange(len(records))]
    records, first = runs(one_a_split, KEY, ("split", "unit", "row"))
    later = first != np.arange(len(records))
    return records[later], records[first[later]]
