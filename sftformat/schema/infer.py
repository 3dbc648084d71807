"""A schema from data: what was seen of the values at one place, and the schema that admits all of them.

Values are seen column by column, and what is kept of them is small, however many there are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf, nextafter
from typing import Any

from sftformat.record import JSON_TYPES, Number
from sftformat.schema.decide import exact

#: Values of so few kinds, each this often on the average, are an `enum`.
MAX_DISTINCT = 20
OFTEN = 5
#: A longer text is no label.
MAX_LABEL = 100
#: Keys of one object that are told apart, places in all, and how deep objects and arrays are looked into.
MAX_KEYS = 200
MAX_PLACES = 2000
MAX_DEPTH = 24

_ORDER = ("string", "integer", "number", "boolean", "array", "object", "null")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(slots=True)
class Budget:
    """Places that may still be told apart, in all of a schema."""

    left: int = MAX_PLACES


@dataclass(slots=True)
class Bounds:
    """The least and the greatest of some numbers; None before the first."""

    least: Any = None
    greatest: Any = None

    def see(self, values: Sequence[Any]) -> None:
        """Widen the bounds to take in some numbers."""
        if not values:
            return
        least, greatest = min(values), max(values)
        self.least = least if self.least is None else min(self.least, least)
        self.greatest = greatest if self.greatest is None else max(self.greatest, greatest)


@dataclass(slots=True)
class Seen:
    """What was seen of the values at one place.

    kinds     how many values of each JSON type
    lengths   of texts, in code points; `items` of arrays
    distinct  the texts and integers, None once there are too many to be labels
    cells     what texts of CSV and TSV are as numbers: as if each had been written in JSON; None once one is none
    """

    budget: Budget
    depth: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    lengths: Bounds = field(default_factory=Bounds)
    numbers: Bounds = field(default_factory=Bounds)
    sizes: Bounds = field(default_factory=Bounds)
    distinct: set[str | int] | None = field(default_factory=set)
    items: Seen | None = None
    keys: dict[str, Seen] | None = field(default_factory=dict)
    cells: Seen | None = None
    numeric: bool = True

    def see(self, values: Sequence[Any], textual: bool = False) -> None:
        """Take some values into account; `textual` says that texts are cells of CSV or TSV."""
        groups: dict[type, list[Any]] = {}
        for kind in set(map(type, values)):
            groups[kind] = [value for value in values if type(value) is kind]
        for kind, group in groups.items():
            self.kinds[_type_of(kind)] += len(group)
        self._see_texts(groups.get(str, []), textual)
        self.numbers.see(groups.get(int, []))
        self.numbers.see([_value(each) for kind in (Number, float, Decimal) for each in groups.get(kind, ())])
        self._see_distinct([*groups.get(str, ()), *groups.get(int, ())])
        self._see_lists(groups.get(list, []))
        self._see_objects(groups.get(dict, []), textual and self.depth == 0)

    def _see_texts(self, texts: list[str], textual: bool) -> None:
        self.lengths.see(list(map(len, texts)))
        if not (textual and texts):
            self.numeric = self.numeric and not texts
            return
        if self.numeric:
            read = [_cell(text) for text in texts]
            self.numeric = str not in set(map(type, read))
            if self.cells is None:
                self.cells = Seen(self.budget, self.depth)
            self.cells.see(read)

    def _see_distinct(self, values: list[str | int]) -> None:
        if self.distinct is None or not values:
            return
        self.distinct.update(values)
        if len(self.distinct) > MAX_DISTINCT or any(type(each) is str and len(each) > MAX_LABEL for each in values):
            self.distinct = None

    def _see_lists(self, lists: list[list[Any]]) -> None:
        if not lists:
            return
        self.sizes.see(list(map(len, lists)))
        if self.items is None and self.depth < MAX_DEPTH:
            self.items = Seen(self.budget, self.depth + 1)
        if self.items is not None:
            self.items.see([item for each in lists for item in each])

    def _see_objects(self, objects: list[dict[str, Any]], textual: bool) -> None:
        if self.keys is None or not objects:
            return
        for key in dict.fromkeys(key for each in objects for key in each):
            if key not in self.keys:
                self.budget.left -= 1
                if len(self.keys) >= MAX_KEYS or self.budget.left < 0 or self.depth >= MAX_DEPTH:
                    self.keys = None  # a map from anything to anything, not an object with fields
                    return
                self.keys[key] = Seen(self.budget, self.depth + 1)
            self.keys[key].see([each[key] for each in objects if key in each], textual)

    @property
    def count(self) -> int:
        return self.kinds.total()

    def schema(self, label: bool = False) -> dict[str, Any]:
        """Return a schema that admits every value that was seen; `label` says that integers may be labels too."""
        if self._is_numeric():
            return _with_null(self._merged().schema(label), "null" in self.kinds)
        types = [each for each in _ORDER if each in self.kinds]
        if "number" in types and "integer" in types:
            types.remove("integer")
        made: dict[str, Any] = {"type": types[0] if len(types) == 1 else types} if types else {}
        labels = self._labels(label)
        if labels is not None:
            return {**made, "enum": labels}
        made |= _limits("Length", self.lengths) | _range(self.numbers) | _limits("Items", self.sizes)
        if self.items is not None and self.items.count:
            made["items"] = self.items.schema(label)
        if self.keys:
            objects = self.kinds["object"]
            made["properties"] = {key: each.schema() for key, each in self.keys.items()}
            required = [key for key, each in self.keys.items() if each.count == objects]
            made |= {"required": required} if required else {}
        return made

    def _is_numeric(self) -> bool:
        """Whether there are cells, all are empty or numbers, and nothing else was seen but numbers."""
        numbers = self.cells is not None and self.cells.kinds.keys() & {"integer", "number"}
        return bool(self.numeric and numbers and self.kinds.keys() <= {"string", "null", "integer", "number"})

    def _merged(self) -> Seen:
        """Return what was seen of numbers in cells and of numbers as such, together."""
        assert self.cells is not None
        if self.kinds.keys() <= {"string", "null"}:
            return self.cells
        merged = Seen(self.budget)
        for part in (self.cells, Seen(self.budget, kinds=self.kinds - Counter(string=self.kinds["string"]))):
            merged.kinds.update(part.kinds)
        merged.distinct = None
        bounds = [each for part in (self.cells.numbers, self.numbers) for each in (part.least, part.greatest)]
        merged.numbers.see([each for each in bounds if each is not None])
        return merged

    def _labels(self, integers: bool) -> list[Any] | None:
        kinds = self.kinds.keys() - {"null"}
        if not self.distinct or not (kinds == {"string"} or (integers and kinds == {"integer"})):
            return None
        if self.count - self.kinds["null"] < OFTEN * len(self.distinct):
            return None
        labels: list[Any] = sorted(self.distinct, key=lambda each: (str(type(each)), each))
        return [*labels, None] if "null" in self.kinds else labels


def _type_of(kind: type) -> str:
    return "number" if kind is Decimal else JSON_TYPES[kind]


def _value(number: Any) -> float | Decimal:
    return exact(number) if isinstance(number, Number) else number


def _cell(text: str) -> Any:
    """Return the number that a cell is, None where it is empty, else the text."""
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or len(text) > 300:
        return text
    if set(text) <= set("-0123456789"):
        return int(text)
    value = exact(Number(text))
    return text if value in (inf, -inf) else Number(text)


def _with_null(schema: dict[str, Any], null: bool) -> dict[str, Any]:
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else list(types)
    if null and "null" not in types:
        schema = {**schema, "type": [*types, "null"]}
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _limits(what: str, bounds: Bounds) -> dict[str, Any]:
    if bounds.least is None:
        return {}
    least = {f"min{what}": bounds.least} if bounds.least else {}
    return {**least, f"max{what}": bounds.greatest}


def _range(bounds: Bounds) -> dict[str, Any]:
    if bounds.least is None:
        return {}
    return {"minimum": _outward(bounds.least, -inf), "maximum": _outward(bounds.greatest, inf)}


def _outward(value: Any, towards: float) -> int | float:
    """Return a number that a JSON reader reads as it is, not inside of the value: an integer, or the next double."""
    if isinstance(value, int):
        return value
    near = float(value)
    inside = Decimal(near) > Decimal(value) if towards < 0 else Decimal(near) < Decimal(value)
    return nextafter(near, towards) if inside else near
