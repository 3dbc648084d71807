"""A question with answers to choose from: `{"question", "choices": […], "solution" or "explanation"}` (axolotl).

The choices are the input, one a line as axolotl shows them. Where both stand there the solution is what is learned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sftformat.errors import UsageError
from sftformat.layouts.layout import Pointer, where_of
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record, decode_json

_ANSWERS = ("solution", "explanation")
_CHOICE = re.compile(r'- "(.*)"')


def to_canonical(record: Record) -> Record:
    """Return the question as `instruction`, the choices as `input`, and the answer."""
    choices = "\n".join(f'- "{choice}"' for choice in record["choices"])
    target = next((record[key] for key in _ANSWERS if record.get(key) is not None), None)
    return {"instruction": record["question"], "input": choices, "target": target}


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the record of one canonical row.

    Raises:
        UsageError: the row has no question, or its input is no list of choices.
    """
    found = [_CHOICE.fullmatch(line) for line in (row["input"] or "").split("\n")]
    choices = [match[1] for match in found if match is not None]
    if row.get("instruction") is None or len(choices) < len(found):
        where = f"(first without at {where_of(row)})"
        raise UsageError(f'layout multiple-choice needs a question, and choices as lines of - "…" {where}')
    record: Record = {"question": row["instruction"], "choices": choices}
    return record if row["target"] is None else {**record, "solution": row["target"]}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    kept = decode_json(row["meta"]) if row.get("meta") else {}
    learned = "explanation" if kept.get("solution") is None and "explanation" in kept else "solution"
    return ("choices",) if pointer[0] == "input" else (learned,)


_KEYS = ("question", "choices", *_ANSWERS)
reader = fixed(Reader(_KEYS, to_canonical, from_canonical, source_pointer, holds=("instruction",), one_of=_ANSWERS))
