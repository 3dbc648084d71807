"""How well the values of a target suit the task of a layout: the half of detection that looks at values."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from sftformat.diagnostics import clip
from sftformat.errors import UndecidedError
from sftformat.layouts.cells import decode_cell, joiner_of, read_cells
from sftformat.layouts.layout import MISSING, Binding, get
from sftformat.layouts.reader import LABEL, Reader, reader_of, seen
from sftformat.record import Number, Record, decode_json
from sftformat.schema.decide import plain

#: A column of texts has few distinct values against its rows when it holds classes; answers are nearly all distinct.
CLASS_SHARE = 0.2
ANSWER_SHARE = 0.8
#: From this many rows on the two shares say something.
ENOUGH_ROWS = 20
#: So small a share of fractions may be slips among the ids of classes.
RARE = 0.1
#: A cell with what is a list to some program, as `['a' 'b']` is to NumPy.
_BRACKETS = re.compile(r"\[.*\S.*\]", re.DOTALL)
#: Names of a target beside which columns of 0 and 1 are hardly labels.
_TARGETS = frozenset({"label", "labels", "target", "class", "category", "sentiment", "intent", "score", "rating"})


def target_factor(
    binding: Binding,
    records: Sequence[Record],
    textual: bool,
    mapped: bool,
    reasons: list[str],
    against: list[str],
) -> float:
    """Return how well the values of the target suit the task, from 0 (cannot be) to 1; say why.

    The name of a target tells its task, unless it is called `target` or was `mapped` by the user: then the values do.
    """
    task = binding.layout.task
    pointer = binding.at.get("target")
    if binding.layout.module:
        return _module_factor(binding, records, textual, reasons, against)
    if pointer is None:
        return 1.0
    values = [value for record in records if (value := get(record, pointer)) not in (MISSING, None, "")]
    numbers = [number for value in values if (number := _number(value, textual)) is not None]
    fractions = [number for number in numbers if number != int(number)]
    if task == "regression":
        named = pointer[-1] in ("score", "rating", "similarity_score")
        if len(numbers) <= len(values) / 2 or not (fractions or named):
            return 0.0
        reasons.append("the target holds fractions" if fractions else f"the target is called {pointer[-1]!r}")
        if len(numbers) < len(values):
            against.append(f"{len(values) - len(numbers)} of {len(values)} targets are no numbers")
        return 1.0
    if task == "classification":
        suited = not fractions or _are_few(fractions, numbers, values)
        return _label_factor(binding, values, textual, mapped, suited, reasons, against)
    if task == "multilabel" and (joiner := binding.layout.fields["target"].split) is not None:
        if joiner_of(values) != joiner:
            return 0.0
        reasons.append(f"targets are labels joined with {joiner!r}")
        return 1.0
    if task == "multilabel" and are_vectors(values):
        return 0.0
    if task == "multilabel" and values and not any(_holds_some(value, textual) for value in values):
        against.append("every list is empty")
        return 0.5
    if task == "text-to-text":
        if pointer == ("target",) and binding.at["input"] == ("text",):
            against.append("'text' and 'target' are usual names of a text and its class")
            return 0.9  # AutoTrain's names for a text and its class
        unnamed = mapped or (pointer == ("target",) and binding.layout.name == "prompt-completion")
        return _answer_factor(values, unnamed, reasons, against)
    return 1.0


def _label_factor(
    binding: Binding,
    values: Sequence[Any],
    textual: bool,
    mapped: bool,
    suited: bool,
    reasons: list[str],
    against: list[str],
) -> float:
    """Return how well the values suit the names of classes, one for each record; `suited` says that numbers may be."""
    pointer = binding.at["target"]
    if textual and all(_is_list(value) for value in values):
        if are_vectors(values):
            return 0.0
        against.append("every target is a list" if values else "no record has a target")
        return 0.5
    if textual and values and all(isinstance(value, str) and _BRACKETS.fullmatch(value) for value in values):
        raise UndecidedError(
            f"{'/'.join(pointer)!r} holds lists that are neither JSON nor Python's, as {clip(values[0], 40)!r}: "
            "write them as JSON or joined with '|', or say --layout text-label if each is the name of one class"
        )
    if mark := joiner_of(values):
        against.append(f"targets are labels joined with {mark!r}")
        return 0.5
    unnamed = mapped or pointer == ("target",)
    if not suited:
        return 0.0
    return _class_factor(values, unnamed, reasons, against)


def _are_few(fractions: Sequence[float], numbers: Sequence[float], values: Sequence[Any]) -> bool:
    """Whether fractions stand among what else could well be classes: then nobody but the user knows what is meant."""
    if len(numbers) <= len(values) / 2:
        return True
    classes = set(numbers) - set(fractions)
    return len(fractions) < RARE * len(values) and len(classes) <= CLASS_SHARE * len(values)


def _module_factor(
    binding: Binding, records: Sequence[Record], textual: bool, reasons: list[str], against: list[str]
) -> float:
    """Judge a layout that restructures by the targets that it makes; texts and turns are not judged."""
    task = binding.layout.task
    if task in ("chat", "text-to-text"):
        return 1.0
    assert binding.compiled is not None
    reader = reader_of(binding)
    fitting = [
        record
        for record, shown in zip(
            seen(records, reader, textual),
            read_cells(records, binding) if textual else map(plain, records),
            strict=True,
        )
        if binding.compiled.fits(shown)
    ]
    used = [record for record in fitting if reader.left_out is None or not reader.left_out(record)] or fitting
    targets = [target for record in used if (target := _made(reader, record)) is not None]
    if not any(targets):
        return 0.0
    if task == "token-classification":
        if any(tag != "O" for target in targets for tag in target):
            return 1.0
        against.append("no record has a span or tag")
        return 0.6 if "target" in binding.at or binding.layout.module != "label_studio_min" else 0.0
    if task == "regression":
        if not any(math.isfinite(target) and target % 1 for target in targets):
            return 0.0
        reasons.append("the target holds fractions")
    if task == "multilabel" and all(len(target) == 1 for target in targets):
        against.append("every record has exactly one label")
        return 0.9
    columns = sum(key.startswith(LABEL) and len(pointer) == 1 for key, pointer in binding.at.items())
    if columns:
        reasons.append(f"{columns} columns hold only 0 and 1")
        others = _TARGETS.intersection(*records[:1])
        if columns < 2 or others:
            against.append(f"{sorted(others)[0]!r} is a usual name of the label" if others else "it is only one column")
            return 0.4
    return 1.0


def _made(reader: Reader, record: Record) -> Any:
    try:
        return reader.to_canonical(record)["target"]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None  # it has a fault


def _class_factor(values: Sequence[Any], unnamed: bool, reasons: list[str], against: list[str]) -> float:
    distinct = len(set(map(str, values)))
    if unnamed and len(values) >= ENOUGH_ROWS:
        if distinct / len(values) > ANSWER_SHARE:
            against.append("nearly every target is another text")
            return 0.5
        if distinct / len(values) <= CLASS_SHARE:
            reasons.append(f"the target has only {distinct} distinct values in {len(values)} rows")
    return 1.0


def _answer_factor(values: Sequence[Any], unnamed: bool, reasons: list[str], against: list[str]) -> float:
    distinct = len(set(map(str, values)))
    if unnamed and len(values) >= ENOUGH_ROWS:
        if distinct / len(values) <= CLASS_SHARE:
            against.append(f"the target has only {distinct} distinct values in {len(values)} rows")
            return 0.5
        if distinct / len(values) > ANSWER_SHARE:
            reasons.append("nearly every target is another text")
    return 1.0


def are_vectors(values: Sequence[Any]) -> bool:
    """Whether lists, or cells that hold some, are vectors of 0 and 1, a place for each label, and no lists of ids."""
    read = [decode_cell(value) if _is_list(value) else value for value in values]
    lists = [value for value in read if isinstance(value, list)]
    width = len(lists[0]) if lists else 0
    alike = len(lists) > 1 and width > 1 and all(len(each) == width for each in lists)
    return alike and all(type(item) in (int, Number) and float(item) in (0, 1) for each in lists for item in each)


def _holds_some(value: Any, textual: bool) -> bool:
    return bool(value) and not (textual and value == "[]")


def _is_list(cell: Any) -> bool:
    try:
        return isinstance(cell, str) and cell.startswith("[") and type(decode_cell(cell)) is list
    except (msgspec.DecodeError, RecursionError):
        return False


def _number(value: Any, textual: bool) -> float | None:
    if type(value) in (int, float, Number):
        return _finite(value)
    if textual and isinstance(value, str):
        try:
            read = decode_json(value)
        except (msgspec.DecodeError, RecursionError):
            return None
        return _finite(read) if type(read) in (int, Number) else None
    return None


def _finite(value: Any) -> float | None:
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
