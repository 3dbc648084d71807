r"""Flag a label that occurs only once in train (without a train split: in the whole data set).

Silent when the labels look like ids (SFT309), where every one would be flagged.

Why it matters: one example teaches nothing about a class, it cannot be split, and stratifying fails on it.

What to do: add rows with this label, merge it into another one, or remove the row; a single label is often a typing
mistake.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "good", "target": "pos"}
    {"id": "3", "input": "bad", "target": "neg"}

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


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the labels that occur once."""
    if looks_like_ids(census):
        return
    split, labels = census.learned_from
    for label, count in labels.items():
        if count.rows == 1:
            message = f"label {quoted(label)} occurs once in {split or 'the data set'}"
            yield SetFinding(message, count.place, count.split, "/target", "two or more", "1")
