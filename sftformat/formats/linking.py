"""Rows that are turns of a conversation: how they are told, and the names of what they hold (`linked.read`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sftformat.formats.source import Source
from sftformat.record import Record, encode_json

FORMAT = "linked"
ID, PARENT = "id", "parent_id"
#: What a record has: its rows, and how many of them the first stand in a conversation before it, too.
TURNS, SHARED = "turns", "shared"
#: Columns that together are a question, in this order, and the first of those that is there is the answer.
QUESTION = ("instruction", "input", "prompt", "question", "query")
ANSWER = ("output", "answer", "response", "completion")

#: What CSV and pandas write where nothing went before.
_NOTHING = frozenset({"", "None", "nan", "NaN"})
#: How pandas writes the whole numbers of a column with gaps.
_WHOLE = re.compile(r"-?[0-9]+\.0")
CELLS = frozenset({"csv", "tsv", "xlsx"})


def key_of(value: Any) -> str | None:
    """Return the text of an id; None where it names no row."""
    if value is None or isinstance(value, bool | list | dict):
        return None
    text = (value if isinstance(value, str) else encode_json(value).decode()).strip()
    return None if text in _NOTHING else text[:-2] if _WHOLE.fullmatch(text) else text


def are_turns(records: Sequence[Record], linked: bool | None) -> bool:
    """Whether rows are turns of conversations: they name rows before them, or `linked` says so of rows that ask."""
    return any(map(_is_turn if linked else _follows, records))


def _is_turn(record: Record) -> bool:
    return TURNS not in record and any(key in record for key in QUESTION)


def _follows(record: Record) -> bool:
    turn = _is_turn(record) and any(key in record for key in ANSWER)
    return turn and ID in record and key_of(record.get(PARENT)) is not None


def alone(records: Sequence[Record], source: Source) -> list[Record]:
    """Return rows of a source as conversations of one row each: enough to tell what rows are like."""
    cells = source.format in CELLS
    return [{"group": None, **of_whole(record), TURNS: [kept(record, cells) | {PARENT: None}]} for record in records]


def of_whole(row: Record) -> Record:
    """Return what the last row of a conversation says of it as a whole."""
    return {key: row[key] for key in (ID, "split", "weight", "group") if key in row}


def kept(record: Record, cells: bool) -> Record:
    """Return a row as it is kept: an answer that is an empty cell is none."""
    if not cells:
        return dict(record)
    return {key: None if value == "" and key in ANSWER else value for key, value in record.items()}
