"""Write every variant of a label in the form of most rows: `"POS"` becomes `"pos"`.

Variants are what SFT301 finds: they differ in case or blanks only. A form that `--labels` names goes before the others;
where it names several forms of one label, all of them are meant, and other variants stay. Of forms with equally many
rows the first by code point is taken, so nothing depends on the order of the data. More labels than are counted (see
SFT309) are no labels and stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sftformat.rules.label_case_variant import main_form, variants


def forms(rows: Mapping[str, int], meant: Collection[str]) -> dict[str, str]:
    """Return for every label that is to be written in another form that form; `rows` counts the rows of each label."""
    counts = dict.fromkeys(meant, 0) | dict(rows)
    found: dict[str, str] = {}
    for group in variants(counts):
        if sum(label in meant for label in group) < 2:
            main = main_form({label: counts[label] for label in group}, meant)
            found |= {label: main for label in group if label != main}
    return found
