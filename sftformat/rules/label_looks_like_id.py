r"""Flag labels of which nearly every row has its own.

That is: at least `min_rows` labelled rows (20), and more than `min_fraction` (0.9) as many labels as rows. More than
100,000 labels are always flagged; they are not counted, and no other label rule runs on them.

Why it matters: the label column is an id, a date or free text; there are no classes to learn.

What to do: map another column to `target` with --map, or choose regression or text-to-text.

Breaks it (min_rows=3):
    {"id": "1", "input": "fine", "target": "u-81"}
    {"id": "2", "input": "good", "target": "u-82"}
    {"id": "3", "input": "bad", "target": "u-83"}

Keeps it (min_rows=3):
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "good", "target": "pos"}
    {"id": "3", "input": "bad", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds
from sftformat.rules.tally import LABELS

MIN_ROWS = 20
MIN_FRACTION = 0.9
THRESHOLDS = {"min_rows": MIN_ROWS, "min_fraction": MIN_FRACTION}


def check(census: Census, thresholds: Thresholds) -> Iterator[SetFinding]:
    """Compare the number of labels with the number of labelled rows."""
    if not looks_like_ids(census, thresholds):
        return
    rows = sum(census.labelled.values())
    count = f"more than {LABELS:,}" if census.overflow else f"{len(census.all_labels):,}"
    first = min(census.rows.values(), key=lambda each: (each.unit, each.row))
    message = f"{count} labels in {rows:,} labelled rows: the target looks like an id"
    yield SetFinding(message, first.place, "", "/target", "labels that occur in many rows", f"{count} labels")


def looks_like_ids(census: Census, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Tell whether nearly every labelled row has a label of its own."""
    if census.overflow:
        return True
    rows = sum(census.labelled.values())
    return rows >= thresholds["min_rows"] and len(census.all_labels) > thresholds["min_fraction"] * rows
