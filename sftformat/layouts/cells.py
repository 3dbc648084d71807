"""CSV and TSV hold only text: which cells the schema is to see as JSON, and how; joined labels; scalars as text."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Any

import msgspec

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts.layout import Binding
from sftformat.record import Number, Record, decode_json
from sftformat.schema.decide import plain

#: Formats in which every value is text.
TEXTUAL = frozenset({"csv", "tsv", "xlsx"})
#: What stands between the labels of a joined cell, the usual one first.
JOINERS = ("|", ";", ",", "#", "; ", ", ")
#: A list of texts and whole numbers as Python writes it, and with it pandas in the cells of CSV.
_ITEM = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|-?[0-9]+)"""
_LIST = re.compile(rf"\[{_ITEM}(?:, {_ITEM})*\]")
_WORDS = {"True": True, "False": False}


def read_cells(records: Sequence[Record], binding: Binding) -> Sequence[Record]:
    """Return records of CSV or TSV as the schema is to see them; their own values are not touched."""
    assert binding.compiled is not None
    names = sorted(binding.compiled.json_columns())
    return [read_some(record, names) for record in records] if names else records


def read_some(record: Record, names: Sequence[str], as_shown: bool = True) -> Record:
    """Return a copy of a record with the texts under these names read as JSON; what is not JSON stays as it is.

    `as_shown` to the schema numbers are floats; else they keep their text.
    """
    read: dict[str, Any] = dict(record)
    for name in names:
        cell = read.get(name)
        if isinstance(cell, str):
            try:
                value = decode_cell(cell) if cell else None
                shown = plain(value)
            except (msgspec.DecodeError, RecursionError):
                continue
            if shown not in (inf, -inf):
                read[name] = shown if as_shown else value
    return read


def decode_cell(cell: str) -> Any:
    """Return what a cell says as JSON, or as Python writes lists of texts and whole numbers, True and False.

    Raises:
        msgspec.DecodeError, RecursionError: it says nothing in either.
    """
    try:
        return decode_json(cell)
    except msgspec.DecodeError:
        found = _WORDS.get(cell) if cell in _WORDS else _python_list(cell)
        if found is None:
            raise
        return found


def _python_list(cell: str) -> list[Any] | None:
    """Return the list that Python wrote; None where it is none, as `['a' 'b']` of NumPy, which Python reads as one."""
    if not _LIST.fullmatch(cell):
        return None
    try:
        found: list[Any] = ast.literal_eval(cell)
        "".join(each for each in found if isinstance(each, str)).encode()
    except (ValueError, SyntaxError):  # half of a UTF-16 pair too
        return None
    return found


def as_float(value: Any) -> float:
    """Return the nearest float; an integer beyond them all is infinite, which no score may be (SFT234)."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def as_whole(value: Any) -> int:
    """Return an integer of a schema, which `9.0` and `1e3` are too, as one of Python's."""
    return int(float(value)) if type(value) is Number else int(value)


def joiner_of(values: Sequence[Any]) -> str:
    """Return what stands between the labels of joined cells; empty where they are not joined.

    The parts of such a text stand in other texts too, and between labels other than with `|` one of them alone.
    """
    texts = {value for value in values if isinstance(value, str)}
    return next((mark for mark in JOINERS if _are_joined(texts, mark)), "")


def _are_joined(texts: set[str], mark: str) -> bool:
    joined = [text.split(mark) for text in texts if mark in text]
    if not joined or any(part != part.strip() or not part for parts in joined for part in parts):
        return False
    held = Counter(part for text in texts for part in set(text.split(mark)))
    if not all(any(held[part] > 1 for part in parts) for parts in joined):
        return False
    if mark == JOINERS[0]:
        return True
    numbers = all(part.isdigit() for parts in joined for part in parts)
    decimal = mark == "," and numbers and all(len(parts) == 2 for parts in joined)  # 3,5 is a number somewhere
    return not decimal and all(any(part in texts for part in parts) for parts in joined)


def joined_cell(texts: Sequence[str], between: str) -> str:
    """Return labels in one cell.

    Raises:
        UsageError: they would not be read as they are: one holds what stands between them, or is empty.
    """
    cell = between.join(texts)
    if (cell.split(between) if cell else []) != list(texts):
        raise UsageError(f"the labels {clip(list(texts))} cannot stand in one cell with {between!r} between them")
    return cell


def scalar_text(value: Any) -> str:
    """Return the text of a JSON scalar as it stood in the source: `007`, `1.10`, `true`."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    return value.text if type(value) is Number else str(value)


def number_text(value: float) -> str:
    """Return the shortest text of a number; a whole one is written without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
