r"""Flag labels that are all whole numbers with a gap between the smallest and the largest.

Why it matters: the label map numbers the labels 0, 1, 2 …, so beyond the gap the id is not the number; code that takes
one for the other is wrong. A gap also shows that a class has no rows.

What to do: nothing if the map is used throughout; else name the classes, or add the rows that are missing.

Breaks it:
    {"id": "1", "input": "bad", "target": "0"}
    {"id": "2", "input": "fine", "target": "1"}
    {"id": "3", "input": "great", "target": "3"}

Keeps it:
    {"id": "1", "input": "bad", "target": "1"}
    {"id": "2", "input": "fine", "target": "2"}
    {"id": "3", "input": "great", "target": "3"}

Keeps it:
    {"id": "1", "input": "bad", "target": "0"}
    {"id": "2", "input": "great", "target": "two"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from sftformat.rules.census import Census
from sftformat.rules.label_looks_like_id import looks_like_ids
from sftformat.rules.rule import SetFinding, Thresholds

TASKS = frozenset({"classification", "multilabel"})
_WHOLE = re.compile(r"(?:0|-?[1-9][0-9]{0,17})")


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find a gap in numeric labels."""
    labels = census.all_labels
    if not labels or not all(_WHOLE.fullmatch(label) for label in labels) or looks_like_ids(census):
        return
    numbers = sorted(int(label) for label in labels)
    for left, right in pairwise(numbers):
        if right > left + 1:
            above = labels[str(right)]
            message = f"labels run from {numbers[0]} to {numbers[-1]}, but {left + 1} does not occur"
            yield SetFinding(message, above.place, above.split, "/target", str(left + 1), str(right))
            return
