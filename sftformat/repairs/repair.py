"""What a repair is: its row in the table, and what is recorded of each value that it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from sftformat.rules.settings import REPAIRED
from sftformat.rules.view import Text, View

#: What a repair is tried on: the keys of a record, the texts of a row, its labels, or the labels of all rows together.
Scope = Literal["key", "text", "label", "form"]

#: A value that still changes after so many rounds of repairs is left as it was.
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Repaired:
    """One value that was repaired: what stood at `path` (a JSON Pointer) of the row at a place, and what stands now.

    A value that several repairs changed is recorded once for each, in the order in which they were made.
    """

    file: str
    line: int
    byte: int | None
    path: str
    code: str
    name: str
    before: str
    after: str

    def to_json(self) -> dict[str, Any]:
        """Return the fields in a fixed order, ready for a JSON writer."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Repair:
    """One row of the table of repairs; `code` is that of the rule that finds what it mends.

    `repaired` takes a value and returns it repaired. `suspects` of a repair of texts takes the flat texts of a field
    and the batch in which they stand, and returns the indexes of those that it may change, without looking at each in
    Python; no other text is changed.
    """

    code: str
    name: str
    safe: bool
    scope: Scope
    repaired: Callable[[str], str]
    suspects: Callable[[Text, View], list[int]]
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What one repair did to one value."""

    repair: Repair
    before: str
    after: str


def repair(name: str, safe: bool, scope: Scope, module: ModuleType) -> Repair:
    """Make the row of a repair from its module."""
    summary = " ".join((module.__doc__ or "").split("\n\n")[0].split())  # python -OO leaves none
    return Repair(
        REPAIRED[name],
        name,
        safe,
        scope,
        getattr(module, "repaired", _unchanged),
        getattr(module, "suspects", _no_suspects),
        summary,
    )


def _unchanged(value: str) -> str:
    return value


def _no_suspects(_: Text, __: View) -> list[int]:
    return []


def changes(value: str, repairs: Sequence[Repair]) -> list[Change]:
    """Return what the repairs do to a value, one after the other and again, until none of them changes it any more.

    So repairing twice is repairing once. A value that is not at rest after ROUNDS rounds is not changed at all.
    """
    made: list[Change] = []
    for _ in range(ROUNDS):
        start = value
        for each in repairs:
            after = each.repaired(value)
            if after != value:
                made.append(Change(each, value, after))
                value = after
        if value == start:
            return made
    return []
