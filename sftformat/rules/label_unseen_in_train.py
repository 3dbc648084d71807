r"""Flag a label of validation or test that no record of train has.

Only when train has labels at all; one finding a label and split, at its first row.

Why it matters: the model can never predict it, so every such row counts as a mistake.

What to do: put rows with this label into train, remove them, or mend the label if it is misspelt.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "bad", "target": "neg", "split": "train"}
    {"id": "3", "input": "so-so", "target": "neutral", "split": "test"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "bad", "target": "neg", "split": "train"}
    {"id": "3", "input": "worse", "target": "neg", "split": "test"}

Keeps it:
    {"id": "3", "input": "so-so", "target": "neutral", "split": "test"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, did_you_mean, quoted


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the labels that train lacks."""
    train = census.labels.get("train", {})
    if not train:
        return
    unseen = [
        (split, label, count)
        for split in census.splits
        for label, count in census.labels.get(split, {}).items()
        if label not in train
    ]
    for number, (split, label, count) in enumerate(unseen):
        message = f"label {quoted(label)} ({count.rows:,} in {split}) does not occur in train" + count.also()
        hint = did_you_mean(label, train, number)
        yield SetFinding(message, count.place, split, "/target", "a label of train", quoted(label), hint)
