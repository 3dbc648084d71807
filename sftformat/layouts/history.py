"""A question and its answer with the pairs that went before: alpaca with `history`, ms-swift and data-juicer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.layouts.layout import Pointer
from sftformat.layouts.messages import turn_number
from sftformat.layouts.pairs import from_pairs, to_pairs
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record

#: The keys that together are the last question, in this order, with a line break between them.
QUESTION = ("instruction", "input", "query")
ANSWER = ("response", "output")


def to_canonical(record: Record) -> Record:
    """Return `input` and `target` of one record that fits the schema."""
    question = "\n".join(text for key in QUESTION if (text := record.get(key)))
    answer = next((record[key] for key in ANSWER if record.get(key) is not None), None)
    before = [(asked, answered) for asked, answered in record.get("history") or ()]
    return from_pairs(record.get("system") or None, [*before, (question, answer)])


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the record of one canonical row, as ms-swift writes it.

    Raises:
        UsageError: the conversation is not made of questions and answers.
    """
    system, pairs = to_pairs(row, "history")
    *before, (question, answer) = pairs
    record: Record = {} if system is None else {"system": system}
    record |= {"query": question} | ({} if answer is None else {"response": answer})
    return {**record, "history": [list(pair) for pair in before]}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    number, _ = turn_number(pointer, row)
    turns = [*(row["input"] or ()), *(row["target"] or ())]
    if number is None or not turns:
        return ("history",)
    system = int(turns[0]["role"] == "system")
    if number < system:
        return ("system",)
    pair, side = divmod(number - system, 2)
    if pair < (len(turns) - system - 1) // 2:
        return ("history", str(pair), str(side))
    return ("response",) if side else ("query",)


_ONE_OF = (*QUESTION, *ANSWER)
reader = fixed(Reader((*_ONE_OF, "system", "history"), to_canonical, from_canonical, source_pointer, one_of=_ONE_OF))
