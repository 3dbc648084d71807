r"""Flag a split that was named but has no records, and a data set without any.

A split is named by an input (`test=FILE`, or its file name).

Why it matters: training or evaluation on it would run on nothing.

What to do: look for the rows among the rejects, or leave the split out.

Breaks it (splits=train|test):
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}

Breaks it:
    (no records)

Keeps it (splits=train):
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the splits without rows."""
    if not census.rows and not census.splits:
        yield SetFinding("the data set has no rows", None, "", "", "rows", "0")
    for split in census.splits:
        if split not in census.rows:
            yield SetFinding(f"split {split} has no rows", None, split, "", "rows", "0")
