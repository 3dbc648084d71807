"""fastText: a line is `__label__a __label__b text`.

Labels may stand anywhere in a line; they are written before the text. A line without one is unlabelled: fastText
passes over it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts.layout import MISSING, Binding, Fault, Pointer, get, put, where_of
from sftformat.layouts.reader import Reader, Types
from sftformat.record import Record

PREFIX = "__label__"
_LINE: Pointer = ("line",)
#: What ends a word for fastText.
_BLANK = re.compile(r"[ \t\v\f\r\n\0]")
_LABEL = re.compile(r"(?:(?<=[ \t\v\f\r\0])|^)__label__([^ \t\v\f\r\0]*)[ \t\v\f\r\0]?")


def places(binding: Binding, records: Sequence[Record]) -> Mapping[str, Pointer]:  # noqa: ARG001 - as other modules
    """Return nothing: all of a record is its line.

    Raises:
        UsageError: the labels are said to stand elsewhere.
    """
    if binding.at.get("target", _LINE) not in (_LINE, binding.at.get("input")):
        raise UsageError("fastText has the labels in the line itself")
    return {}


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:  # noqa: ARG001 - every module is asked alike
    """Return the reader for lines with one label (classification) or any number of them."""
    single = binding.layout.task == "classification"
    at = binding.at.get("input", _LINE)

    def to_canonical(record: Record) -> Record:
        line = get(record, at)
        found = list(dict.fromkeys(_LABEL.findall(line)))
        target = None if not found else found[0] if single else found
        return {"input": _LABEL.sub("", line), "target": target}

    def from_canonical(row: Mapping[str, Any], _: Types) -> Record:
        target = row["target"]
        named = [] if target is None else [target] if single else target
        why = _refusal(row, named if target is not None else None)
        if why:
            raise UsageError(why)
        record: Record = {}
        put(record, at, "".join(f"{PREFIX}{label} " for label in named) + row["input"])
        return record

    def faults(record: Record) -> Iterator[Fault]:
        line = get(record, at)
        if not isinstance(line, str):
            yield Fault("SFT104", at, expected="a line of fastText", got="nothing" if line is MISSING else "no text")
            return
        found = set(_LABEL.findall(line))
        if "" in found:
            yield Fault("SFT101", at, expected=f"a label after {PREFIX}", got="nothing")
        elif single and len(found) > 1:
            yield Fault("SFT101", at, expected="one label", got=f"{len(found)} labels")

    def source_pointer(_: Pointer, __: Mapping[str, Any]) -> Pointer:
        return at

    return Reader(at[:1], to_canonical, from_canonical, source_pointer, faults, flat=True)


def _refusal(row: Mapping[str, Any], labels: Sequence[str] | None) -> str | None:
    """Say what of a row no line can hold; `labels` is None where it is unlabelled."""
    where = f"(first at {where_of(row)})"
    wrong = next((label for label in labels or () if not label or _BLANK.search(label)), None)
    if wrong is not None:
        name = clip(wrong, 60)
        mended = clip(_BLANK.sub("_", wrong), 60) or "none"
        return (
            f"fastText cannot hold the label {name!r} {where}: a blank ends a label there; write {mended!r} in its "
            "place, in the data or under 'values' of a --schema of your own"
        )
    if labels is not None and not labels:
        return f"fastText cannot say that no label applies {where}: give these rows a label, or leave them out"
    text = row["input"]
    if "\n" in text or text.endswith("\r"):
        return f"fastText cannot hold a text with a line break {where}: each line is a record of its own"
    return f"fastText takes {PREFIX} in a text for a label {where}" if _LABEL.search(text) else None
