r"""Flag a label that the label map given with `--labels` does not hold.

One finding a label, at its first row. Without `--labels` nothing is flagged.

Why it matters: the label has no id, so the rows cannot be written as shards, and a class added silently would shift the
ids that a trained model relies on.

What to do: mend the label, or add it to the end of the label map.

Breaks it (labels=pos|neg):
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "bad", "target": "negative"}

Keeps it (labels=pos|neg):
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "bad", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, did_you_mean, quoted


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the labels that are not in the label map."""
    if census.locked is None:
        return
    names = dict.fromkeys(census.locked)
    strangers = [(label, count) for label, count in census.all_labels.items() if label not in names]
    for number, (label, count) in enumerate(strangers):
        message = f"label {quoted(label)} ({count.rows:,}) is not in the label map" + count.also()
        hint = did_you_mean(label, names, number)
        yield SetFinding(message, count.place, count.split, "/target", "a label of the map", quoted(label), hint)
