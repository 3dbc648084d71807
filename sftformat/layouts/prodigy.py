"""Prodigy textcat: a label to accept or reject, or options of which some are accepted.

Only what was accepted says what a text is: a record whose answer is `reject` or `ignore` is left out, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip
from sftformat.layouts.cells import scalar_text
from sftformat.layouts.layout import Binding, Fault, Pointer
from sftformat.layouts.reader import Reader, Types
from sftformat.record import Record

#: What Prodigy adds to a task.
BESIDE = ("answer", "options", "_input_hash", "_task_hash", "_view_id", "_session_id", "_annotator_id", "_timestamp")


def left_out(record: Record) -> str:
    """Say why a record is not to be used: its annotator did not accept it; empty where it is."""
    answer = record.get("answer", "accept")
    return "" if answer == "accept" else f"the annotator's answer is {clip(str(answer), 40)!r}"


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:
    """Return the reader for the key that holds the labels: `label` (one), or `accept` (ids of options)."""
    choice = binding.layout.fields["target"].at == (("accept",),)
    single = binding.layout.task == "classification"
    key = "accept" if choice else "label"

    def to_canonical(record: Record) -> Record:
        given = record.get(key)
        named = [scalar_text(each) for each in (given if choice else [given])] if given is not None else None
        target = named if not single else named[0] if named else None
        return {"input": record["text"], "target": target}

    def from_canonical(row: Mapping[str, Any], _: Types) -> Record:
        target = row["target"]
        record: Record = {"text": row["input"]}
        if target is not None:
            record[key] = ([target] if single else list(target)) if choice else target
        return record

    def foreign(_: Mapping[str, Any]) -> Record:
        options = {"options": [{"id": label, "text": label} for label in labels]} if choice else {}
        return {**options, "answer": "accept"}

    def faults(record: Record) -> Iterator[Fault]:
        accepted = record.get("accept") or []
        if choice and single and len(accepted) > 1:
            yield Fault("SFT101", ("accept",), expected="one accepted option", got=f"{len(accepted)} of them")

    def source_pointer(pointer: Pointer, _: Mapping[str, Any]) -> Pointer:
        if pointer[0] == "input":
            return ("text",)
        return ("accept", *(pointer[1:] or ("0",))) if choice else ("label",)

    keys = ("text", key)
    return Reader(keys, to_canonical, from_canonical, source_pointer, faults, left_out, foreign, beside=BESIDE)
