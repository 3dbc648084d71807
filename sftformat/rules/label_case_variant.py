r"""Flag a label that differs from a more frequent one only in case or blanks.

One finding a variant, at its first row. Variants that the label map given with `--labels` holds are meant, and fine.

Why it matters: `Pos`, `pos` and `pos ` become three classes; the model is trained to tell apart what is the same.

What to do: write the label one way; --labels FILE shows which names are meant.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "good", "target": "pos"}
    {"id": "3", "input": "great", "target": "Pos "}
    {"id": "4", "input": "bad", "target": "neg"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "bad", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import LABEL_TASKS, SetFinding, Thresholds, quoted
from sftformat.rules.tally import Count

TASKS = LABEL_TASKS


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the labels that are variants of another."""
    groups: dict[str, list[tuple[str, Count]]] = {}
    for label, count in census.all_labels.items():
        if not label.isspace() and label:
            groups.setdefault(" ".join(label.lower().split()), []).append((label, count))
    meant = set(census.locked or ())
    for group in groups.values():
        main, most = max(group, key=lambda each: (each[0] in meant, each[1].rows))
        for label, count in group:
            if label != main and label not in meant:
                message = (
                    f"label {quoted(label)} ({count.rows:,}) is {quoted(main)} ({most.rows:,}) but for case or blanks"
                )
                hint = f"did you mean {quoted(main)}?"
                yield SetFinding(message, count.place, count.split, "/target", quoted(main), quoted(label), hint)
