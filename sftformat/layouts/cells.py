"""CSV and TSV hold only text: which cells the schema is to see as JSON, and how; and scalars as text."""

from __future__ import annotations

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
                value = decode_json(cell) if cell else None
                shown = plain(value)
            except (msgspec.DecodeError, RecursionError):
                continue
            if shown not in (inf, -inf):
                read[name] = shown if as_shown else value
    return read


def as_float(value: Any) -> float:
    """Return the nearest float; an integer beyond them all is infinite, which no score may be (SFT234)."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def as_whole(value: Any) -> int:
    """Return an integer of a schema, which `9.0` and `1e3` are too, as one of Python's."""
    return int(float(value)) if type(value) is Number else int(value)


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
