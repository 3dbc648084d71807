r"""Flag a record of validation or test whose input is nearly that of a record of an earlier split.

Runs only when selected, and needs `pip install 'sftformat[near]'`. Compared as for SFT404, at least `min_similarity`
(0.8) alike. Splits are taken in the order train, validation, test, others. Inputs that are the same once normalized are
left to SFT403, and of equal inputs in one split the first is flagged.

Why it matters: the model has seen nearly the answer, so the metric measures memory.

What to do: remove the rows from one of the splits, or give rows of one source the same `group` and split again.

Breaks it (min_similarity=0.6):
    {"id": "1", "input": "A fine film with a fine cast, and not a minute too long.", "target": "pos", "split": "train"}
    {"id": "2", "input": "A fine film with a fine cast, and not an hour too long!", "target": "pos", "split": "test"}

Keeps it (min_similarity=0.6):
    {"id": "1", "input": "A fine film with a fine cast, and not a minute too long.", "target": "pos", "split": "train"}
    {"id": "2", "input": "A fine film with a fine cast, and not an hour too long!", "target": "pos", "split": "train"}
    {"id": "3", "input": "a fine film with a fine cast, and not a minute too long.", "target": "pos", "split": "test"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, where

MIN_SIMILARITY = 0.8
THRESHOLDS = {"min_similarity": MIN_SIMILARITY}
NEEDS = "rensa"


def check(census: Census, thresholds: Thresholds) -> Iterator[SetFinding]:
    """Find the rows that an earlier split nearly has."""
    for pair in census.near(thresholds["min_similarity"], across=True):
        alike = f"{float(pair.name):.0%}"
        message = f"{alike} the same input stands in {pair.first.split}: {where(pair.first.place)}"
        expected = f"less than {thresholds['min_similarity']:.0%} alike to {pair.first.split}"
        yield SetFinding(message, pair.later.place, pair.later.split, "/input", expected, alike)
