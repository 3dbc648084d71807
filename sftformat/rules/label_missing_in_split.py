r"""Flag a label of train that a labelled validation or test split lacks.

One finding a label and split, at the label's first row in train. A split without labels lacks nothing.

Why it matters: nothing is measured for this class, and macro averages over splits are not comparable.

What to do: split with --stratify, or move rows with this label into the split.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "bad", "target": "neg", "split": "train"}
    {"id": "3", "input": "good", "target": "pos", "split": "test"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "bad", "target": "neg", "split": "train"}
    {"id": "3", "input": "good", "target": "pos", "split": "test"}
    {"id": "4", "input": "worse", "target": "neg", "split": "test"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "good", "target": null, "split": "test"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.label_looks_like_id import looks_like_ids
from sftformat.rules.rule import SetFinding, Thresholds, quoted


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the labels of train that another split lacks."""
    if looks_like_ids(census):
        return
    train = census.labels.get("train", {})
    for split in census.splits:
        labels = census.labels.get(split, {})
        for label, count in train.items():
            if labels and label not in labels:
                message = f"label {quoted(label)} ({count.rows:,} in train) does not occur in {split}"
                yield SetFinding(message, count.place, split, "/target", quoted(label), "no row")
