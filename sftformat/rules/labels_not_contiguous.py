r"""Flag labels that are all whole numbers with a gap between the smallest and the largest; -1 and 1 are none.

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
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sftformat.rules.census import Census
from sftformat.rules.label_looks_like_id import looks_like_ids
from sftformat.rules.rule import SetFinding, Thresholds

#: So many missing numbers are named; of more the count is told.
NAMED = 5
_WHOLE = re.compile(r"(?:0|-?[1-9][0-9]{0,17})")


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find a gap in numeric labels."""
    labels = census.all_labels
    if not labels or not all(_WHOLE.fullmatch(label) for label in labels) or looks_like_ids(census):
        return
    numbers = sorted(int(label) for label in labels)
    if numbers == [-1, 1]:
        return
    gaps = [range(left + 1, right) for left, right in pairwise(numbers) if right > left + 1]
    if gaps:
        first, above = gaps[0][0], labels[str(gaps[0].stop)]
        message = f"labels run from {numbers[0]} to {numbers[-1]}, but {_missing(gaps)}"
        yield SetFinding(message, above.place, above.split, "/target", str(first), str(gaps[0].stop))


def _missing(gaps: Sequence[range]) -> str:
    count = sum(gap.stop - gap.start for gap in gaps)
    if count > NAMED:
        return f"{count:,} numbers between do not occur, the first is {gaps[0][0]}"
    *others, last = (str(number) for gap in gaps for number in gap)
    return f"{', '.join(others)} and {last} do not occur" if others else f"{last} does not occur"
