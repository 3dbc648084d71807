"""What a repair is: its row in the table, and what is recorded of each value that it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from sftformat.rules.rule import docstring
from sftformat.rules.settings import REPAIRED

if TYPE_CHECKING:
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
    """One row of the table of repairs; its module here has its name."""

    name: str
    safe: bool
    scope: Scope

    @property
    def code(self) -> str:
        """Return the code of the rule that finds what it mends."""
        return REPAIRED[self.name]

    @property
    def repaired(self) -> Callable[[str], str]:
        """Return what takes a value and returns it repaired."""
        found: Callable[[str], str] = _own(self._path, "repaired", _unchanged)
        return found

    @property
    def suspects(self) -> Callable[[Text, View], list[int]]:
        """Return what takes the flat texts of a field and their batch and returns the indexes of those to be tried.

        It does so without looking at each in Python; no other text is changed.
        """
        found: Callable[[Text, View], list[int]] = _own(self._path, "suspects", _no_suspects)
        return found

    @property
    def summary(self) -> str:
        return " ".join(docstring(self._path).split("\n\n")[0].split())

    @property
    def _path(self) -> str:
        return f"sftformat.repairs.{self.name.replace('-', '_')}"


@dataclass(frozen=True, slots=True)
class Change:
    """What one repair did to one value."""

    repair: Repair
    before: str
    after: str


@cache
def _own(module: str, name: str, default: Any) -> Any:
    return getattr(import_module(module), name, default)


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
