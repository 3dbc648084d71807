r"""Flag a label that differs only in case or blanks from the form that most rows have, or that the label map has.

One finding a variant, at its first row. Rows are counted for the form without the blanks around it, so `Neg ` in 12
rows is taken for `neg` where `neg` and ` neg` stand in more together. Variants that the label map given with
`--labels` holds are meant, and fine.

Why it matters: `Pos`, `pos` and `pos ` become three classes; the model is trained to tell apart what is the same.

What to do: write the label one way, which `convert --fix` does; --labels FILE shows which names are meant.

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

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from sftformat.rules.census import Census
from sftformat.rules.rule import LABEL_TASKS, SetFinding, Thresholds, quoted

TASKS = LABEL_TASKS


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the labels that are variants of another."""
    labels, meant = census.all_labels, set(census.locked or ())
    for group in variants(labels):
        rows = {label: labels[label].rows for label in group}
        main = main_form(rows, meant)
        for label in group:
            if label != main and label not in meant:
                count, most = labels[label], _counted(rows, main, main in meant)
                message = (
                    f"label {quoted(label)} ({count.rows:,}) is {quoted(main)} ({most}) but for case or blanks"
                    + count.also()
                )
                hint = f"did you mean {quoted(main)}?"
                yield SetFinding(message, count.place, count.split, "/target", quoted(main), quoted(label), hint)


def _counted(rows: Mapping[str, int], main: str, meant: bool) -> str:
    """Return how many rows have the main form, and what else made it the main one."""
    around = sum(count for label, count in rows.items() if label.strip() == main.strip())
    padded = f"; {around:,} with blanks around it" if around > rows[main] else ""
    return f"{rows[main]:,}{padded}" + (", in the label map" if meant else "")


def variants(labels: Iterable[str]) -> list[list[str]]:
    """Return the labels that differ in case or blanks only, group by group, in their order; blank ones are left out."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        if not label.isspace() and label:
            groups.setdefault(" ".join(label.lower().split()), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def main_form(rows: Mapping[str, int], meant: Collection[str]) -> str:
    """Return the one of these variants that the others are taken for: one of `meant`, else the form of most rows.

    Rows are counted without regard to the blanks around a label; of equals the first by code point is taken.
    """
    totals: Counter[str] = Counter()
    for label, count in rows.items():
        totals[label.strip()] += count

    def rank(label: str) -> tuple[bool, int, str, bool, str]:
        form = label.strip()
        return label not in meant, -totals[form], form, label != form, label

    return min(rows, key=rank)
