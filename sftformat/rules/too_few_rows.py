r"""Flag a train split of fewer than `min_rows` records (20).

A data set without a train split is not flagged, and a train split without records is SFT409.

Why it matters: a fine-tune on a handful of records depends on the seed more than on the data.

What to do: label more, or check that no rows were lost on the way (see the ledger).

Breaks it (min_rows=3):
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "bad", "target": "neg", "split": "train"}

Keeps it (min_rows=3):
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "bad", "target": "neg", "split": "train"}
    {"id": "3", "input": "good", "target": "pos", "split": "train"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos", "split": "test"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds

MIN_ROWS = 20
THRESHOLDS = {"min_rows": MIN_ROWS}


def check(census: Census, thresholds: Thresholds) -> Iterator[SetFinding]:
    """Count the rows of train."""
    train, limit = census.rows.get("train"), int(thresholds["min_rows"])
    if train is not None and train.rows < limit:
        rows = "1 row" if train.rows == 1 else f"{train.rows:,} rows"
        yield SetFinding(f"train has only {rows}", None, "train", "", f"{limit:,} or more", f"{train.rows:,}")
