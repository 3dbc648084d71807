r"""Flag a record with exactly the same input as an earlier one, but another target.

One finding for every later row whose target differs from that of the first labelled row with this input. Unlabelled
records and empty inputs are not compared, nor records with different `references`. Chat is left out: one conversation
may go on in many ways.

Why it matters: at least one of the labels is wrong, or the input lacks what decides between them.

What to do: decide for one; for text-to-text put further right answers into `references`.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "fine", "target": "neg"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "fine", "target": "pos"}
    {"id": "3", "input": "fine", "target": null, "split": "test"}
    {"id": "4", "input": "Fine", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, where
from sftformat.rules.spill import KEY, Records, not_empty, runs


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the rows that contradict an earlier one."""
    for pair in census.pairs("input", _select):
        message = f"same input as {where(pair.first.place)}, but another target"
        yield SetFinding(message, pair.later.place, pair.later.split, "/target", f"as in {where(pair.first.place)}", "")


def _select(repeats: Records) -> tuple[Records, Records]:
    labelled = repeats[repeats["target"] != 0]
    records, first = runs(not_empty(labelled), (*KEY, "exact"))
    other = records["target"] != records["target"][first]
    return records[other], records[first[other]]
