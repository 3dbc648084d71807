r"""Flag a label that occurs more than once but fewer than `fewer_than` times (10) in train.

Without a train split the whole data set is counted. A label that occurs once is SFT305. Nothing is flagged in a data
set of fewer than `min_rows` rows (100), where small counts say nothing, nor when the labels look like ids (SFT309).

Why it matters: a class of a few examples is hardly ever predicted, and its metrics are noise.

What to do: add rows with this label, or merge it into another one.

Breaks it (fewer_than=3, min_rows=5):
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "good", "target": "pos"}
    {"id": "3", "input": "great", "target": "pos"}
    {"id": "4", "input": "bad", "target": "neg"}
    {"id": "5", "input": "worse", "target": "neg"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "good", "target": "pos"}
    {"id": "3", "input": "bad", "target": "neg"}
    {"id": "4", "input": "worse", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.label_looks_like_id import looks_like_ids
from sftformat.rules.rule import SetFinding, Thresholds, quoted

FEWER_THAN = 10
MIN_ROWS = 100
THRESHOLDS = {"fewer_than": FEWER_THAN, "min_rows": MIN_ROWS}


def check(census: Census, thresholds: Thresholds) -> Iterator[SetFinding]:
    """Find the labels that occur a few times."""
    few = int(thresholds["fewer_than"])
    if census.total < thresholds["min_rows"] or looks_like_ids(census):
        return
    split, labels = census.learned_from
    for label, count in labels.items():
        if 1 < count.rows < few:
            message = f"label {quoted(label)} occurs {count.rows:,} times in {split or 'the data set'}" + count.also()
            yield SetFinding(message, count.place, count.split, "/target", f"{few:,} or more", f"{count.rows:,}")
