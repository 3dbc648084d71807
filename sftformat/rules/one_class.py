r"""Flag a train split of two or more labelled records that all have the same label.

For multilabel: that all have the same labels. For token-classification: whose tags are all the same.

Why it matters: there is nothing to tell apart; the model learns to say one thing.

What to do: look for the rows of the other classes: a filter, a sorted file that was cut, or a wrong label column.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "bad", "target": "pos", "split": "train"}

Breaks it (multilabel):
    {"id": "1", "input": "fine", "target": []}
    {"id": "2", "input": "bad", "target": []}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}
    {"id": "2", "input": "bad", "target": "neg", "split": "train"}

Keeps it (multilabel):
    {"id": "1", "input": "fine", "target": ["news"]}
    {"id": "2", "input": "bad", "target": []}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, quoted


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find a train split in which nothing differs."""
    labelled = census.labelled.get("train", 0)
    if labelled < 2 or census.overflow:
        return
    labels, place = census.labels.get("train", {}), census.rows["train"].place
    names = ", ".join(quoted(label) for label in list(labels)[:3]) or "no label"
    every_row_has_all = all(count.rows == labelled for count in labels.values())
    if every_row_has_all if census.task == "multilabel" else len(labels) == 1:
        message = f"all {labelled:,} labelled rows of train have {names}"
        yield SetFinding(message, place, "train", "/target", "two or more classes", names)
