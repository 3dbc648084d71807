"""Swift-ShareGPT: `{"system"?, "conversation": [{"human", "assistant"}]}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.layouts.layout import Pointer
from sftformat.layouts.messages import turn_number
from sftformat.layouts.pairs import from_pairs, to_pairs
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record


def to_canonical(record: Record) -> Record:
    """Return `input` and `target` of one record that fits the schema."""
    pairs = [(turn["human"], turn.get("assistant")) for turn in record["conversation"]]
    return from_pairs(record.get("system") or None, pairs)


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the record of one canonical row.

    Raises:
        UsageError: the conversation is not made of questions and answers.
    """
    system, pairs = to_pairs(row, "swift-sharegpt")
    record: Record = {} if system is None else {"system": system}
    turns = [{"human": asked, **({} if said is None else {"assistant": said})} for asked, said in pairs]
    return {**record, "conversation": turns}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    number, _ = turn_number(pointer, row)
    turns = [*(row["input"] or ()), *(row["target"] or ())]
    if number is None or not turns:
        return ("conversation",)
    system = int(turns[0]["role"] == "system")
    if number < system:
        return ("system",)
    pair, side = divmod(number - system, 2)
    return ("conversation", str(pair), "assistant" if side else "human")


reader = fixed(Reader(("conversation", "system"), to_canonical, from_canonical, source_pointer))
