"""The repairs: one file a repair, one row in the table; each mends what the rule of its code finds.

A safe repair cannot change what a record means; the others are made only with `--unsafe-fixes`. To add one: write
`NAME.py` (a docstring and `repaired`; for texts also `suspects`), add the row, its name with the code to `REPAIRED` in
`rules.settings`, and its cases to `tests/repairs`. The modules of `MECHANISM` are no repairs. The order of the rows is
the order in which they are tried on a value.
"""

from __future__ import annotations

from sftformat.repairs import (
    html_entities,
    invisible_characters,
    label_blanks,
    label_form,
    mojibake,
    padded_key,
)
from sftformat.repairs.repair import Repair, repair

#: All repairs.
REPAIRS: tuple[Repair, ...] = (
    repair("padded-key", True, "key", padded_key),
    repair("html-entities", False, "text", html_entities),
    repair("mojibake", False, "text", mojibake),
    repair("invisible-characters", False, "text", invisible_characters),
    repair("label-blanks", True, "label", label_blanks),
    repair("label-form", True, "form", label_form),
)

#: Modules of this folder that are no repairs.
MECHANISM = frozenset({"repair"})
