r"""Flag a label that differs only in case or blanks from the form that most rows or the label map have, or is padded.

One finding a variant, at its first row. Rows are counted for the form without the blanks around it, so `Neg ` in 12
rows is taken for `neg` where `neg` and ` neg` stand in more together. A label that only stands with blanks around it is
padded: `text, label` makes ` pos` of every `pos`. Two labels that look the same (an `é` of one character and one of
two) are variants too, and so is `1.0` beside `1`. Where five letters or more are labels in both cases, case is meant;
what the label map given with `--labels` holds is meant, and fine.

Why it matters: `Pos`, `pos` and `pos ` become three classes; the model is trained to tell apart what is the same.

What to do: write the label one way, which `convert --fix` does but for numbers; --labels FILE shows which are meant.

Breaks it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "good", "target": "pos"}
    {"id": "3", "input": "great", "target": "Pos "}
    {"id": "4", "input": "bad", "target": "neg"}

Breaks it:
    {"id": "1", "input": "fine", "target": " pos"}
    {"id": "2", "input": "bad", "target": " neg"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos"}
    {"id": "2", "input": "bad", "target": "neg"}
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, quoted

#: So many letters that are labels in both cases are an alphabet.
ALPHABET = 5
_WHOLE = re.compile(r"([+-]?[0-9]+)\.0+")


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the labels that are variants of another."""
    labels, meant = census.all_labels, set(census.locked or ())
    padded = {label for label in labels if label.strip() not in ("", label)} - meant
    for group in [*variants(labels), *_equal_numbers(labels)]:
        rows = {label: labels[label].rows for label in group}
        main = main_form(rows, meant)
        for label in group:
            if label != main and label not in meant:
                padded.discard(label)
                count, most = labels[label], _counted(rows, main, main in meant)
                message = (
                    f"label {quoted(label)} ({count.rows:,}) is {quoted(main)} ({most}) {_but_for(label, main)}"
                    + count.also()
                )
                hint = f"did you mean {quoted(main)}?"
                yield SetFinding(message, count.place, count.split, "/target", quoted(main), quoted(label), hint)

    for label in labels:
        if label in padded:
            count = labels[label]
            message = f"label {quoted(label)} ({count.rows:,}) has blanks around it{count.also()}"
            right, hint = quoted(label.strip()), "convert --fix trims them"
            yield SetFinding(message, count.place, count.split, "/target", right, quoted(label), hint)


def _but_for(label: str, main: str) -> str:
    """Say what tells a variant from the main form."""
    if _WHOLE.fullmatch(label) or _WHOLE.fullmatch(main):
        return "as a number"
    same = unicodedata.normalize("NFC", label) == unicodedata.normalize("NFC", main)
    return "with a letter written as other characters" if same else "but for case or blanks"


def _counted(rows: Mapping[str, int], main: str, meant: bool) -> str:
    """Return how many rows have the main form, and what else made it the main one."""
    around = sum(count for label, count in rows.items() if label.strip() == main.strip())
    padded = f"; {around:,} with blanks around it" if around > rows[main] else ""
    return f"{rows[main]:,}{padded}" + (", in the label map" if meant else "")


def variants(labels: Iterable[str]) -> list[list[str]]:
    """Return the labels that differ in case or blanks only, group by group, in their order; blank ones are left out.

    Labels that look the same are such, too. Both cases of the letters of an alphabet are none.
    """
    groups: dict[str, list[str]] = {}
    for label in labels:
        if not label.isspace() and label:
            groups.setdefault(" ".join(unicodedata.normalize("NFC", label).lower().split()), []).append(label)
    found = {key: group for key, group in groups.items() if len(group) > 1}
    letters = {key for key, group in found.items() if all(len(label) == 1 and label.isalpha() for label in group)}
    return [group for key, group in found.items() if len(letters) < ALPHABET or key not in letters]


def _equal_numbers(labels: Collection[str]) -> list[list[str]]:
    """Return the labels that are one whole number, `1` and `1.0`, group by group."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        if (match := _WHOLE.fullmatch(label)) and match[1] in labels:
            groups.setdefault(match[1], [match[1]]).append(label)
    return list(groups.values())


def main_form(rows: Mapping[str, int], meant: Collection[str]) -> str:
    """Return the one of these variants that the others are taken for: one of `meant`, else the form of most rows.

    Rows are counted without regard to the blanks around a label; of equals one with letters of one character each is
    taken (NFC), then the first by code point.
    """
    totals: Counter[str] = Counter()
    for label, count in rows.items():
        totals[label.strip()] += count

    def rank(label: str) -> tuple[bool, int, bool, str, bool, str]:
        form = label.strip()
        apart = not unicodedata.is_normalized("NFC", form)
        return label not in meant, -totals[form], apart, form, label != form, label

    return min(rows, key=rank)
