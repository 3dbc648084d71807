r"""Flag a record of validation or test whose normalized input also stands in an earlier split.

Splits are taken in the order train, validation, test, others; one finding for every row that is not in the first of
them, pointing at the first row there. Normalized = NFKC, lower case, blanks folded. Empty inputs are not compared. Of
a conversation the input is all that the user says, with what stands before the first trained answer: two that only
begin alike are two. With `max_fraction` (0) a split is let pass when no larger share of its rows is leaked.

Why it matters: the model has seen the answer, so the metric measures memory.

What to do: remove the rows from train or from the later split, or split again with --resplit, which keeps equal inputs
together.

Breaks it:
    {"id": "1", "input": "Fine  film", "target": "pos", "split": "train"}
    {"id": "2", "input": "fine film", "target": "pos", "split": "test"}

Keeps it:
    {"id": "1", "input": "fine film", "target": "pos", "split": "train"}
    {"id": "2", "input": "fine film", "target": "pos", "split": "train"}
    {"id": "3", "input": "fine films", "target": "pos", "split": "test"}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, where
from sftformat.rules.spill import KEY, Records, not_empty, runs

MAX_FRACTION = 0.0
THRESHOLDS = {"max_fraction": MAX_FRACTION}


def check(census: Census, thresholds: Thresholds) -> Iterator[SetFinding]:
    """Find the rows that an earlier split has, too."""
    leaked: Counter[str] = Counter()

    def select(repeats: Records) -> tuple[Records, Records]:
        later, first = _select(repeats)
        codes, counts = np.unique(later["split"], return_counts=True)
        leaked.update({census.splits[code]: int(count) for code, count in zip(codes, counts, strict=True)})
        return later, first

    pairs = census.pairs("input", select)  # looks at everything, so `leaked` is complete
    limit = thresholds["max_fraction"]
    over = {split for split, count in leaked.items() if count > limit * census.rows[split].rows}
    for pair in pairs:
        if pair.later.split in over:
            message = f"the same input stands in {pair.first.split}: {where(pair.first.place)}"
            expected = f"an input that is not in {pair.first.split}"
            yield SetFinding(message, pair.later.place, pair.later.split, "/input", expected, "")


def _select(repeats: Records) -> tuple[Records, Records]:
    records, first = runs(not_empty(repeats), KEY, ("split", "unit", "row"))
    later = records["split"] != records["split"][first]
    return records[later], records[first[later]]
