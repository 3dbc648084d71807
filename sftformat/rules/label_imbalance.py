r"""Flag labels of which the most frequent occurs over `max_ratio` times (100) as often as the least frequent, in train.

Without a train split the whole data set is counted. One finding, at the first row of the least frequent label.

Why it matters: a model that always says the most frequent label looks good, and training often ends there.

What to do: add rows of the rare labels, give them a `weight`, and look at macro-averaged metrics.

Breaks it (max_ratio=2):
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "good", "target": "pos"}
    {"id": "3", "input": "great", "target": "pos"}
    {"id": "4", "input": "bad", "target": "neg"}

Keeps it (max_ratio=2):
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "good", "target": "pos"}
    {"id": "3", "input": "bad", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, quoted

MAX_RATIO = 100
THRESHOLDS = {"max_ratio": MAX_RATIO}


def check(census: Census, thresholds: Thresholds) -> Iterator[SetFinding]:
    """Compare the most frequent label with the least frequent one."""
    _, labels = census.learned_from
    if not labels:
        return
    most = max(labels, key=lambda label: labels[label].rows)
    least = min(labels, key=lambda label: labels[label].rows)
    count, limit = labels[least], thresholds["max_ratio"]
    if labels[most].rows > limit * count.rows:
        ratio = labels[most].rows / count.rows
        message = f"label {quoted(most)} occurs {labels[most].rows:,} times, {quoted(least)} only {count.rows:,}"
        yield SetFinding(message, count.place, count.split, "/target", f"a ratio of at most {limit:g}", f"{ratio:.0f}")
