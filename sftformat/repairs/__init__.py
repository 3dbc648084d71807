"""The repairs: one file a repair, one row in the table; each mends what the rule of its code finds.

A safe repair cannot change what a record means; the others are made only with `--unsafe-fixes`. To add one: write
`NAME.py` (a docstring and `repaired`; for texts also `suspects`), add the row, its name with the code to `REPAIRED` in
`rules.settings`, and its cases to `tests/repairs`. The modules of `MECHANISM` are no repairs. The order of the rows is
the order in which they are tried on a value. A repair is imported when it is first tried.
"""

from __future__ import annotations

from sftformat.repairs.repair import Repair

#: All repairs.
REPAIRS: tuple[Repair, ...] = (
    Repair("padded-key", True, "key"),
    Repair("html-entities", False, "text"),
    Repair("mojibake", False, "text"),
    Repair("invisible-characters", False, "text"),
    Repair("label-blanks", True, "label"),
    Repair("label-form", True, "form"),
)

#: Modules of this folder that are no repairs.
MECHANISM = frozenset({"repair"})
