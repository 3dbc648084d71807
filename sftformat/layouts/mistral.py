"""Mistral: OpenAI messages under `interactions`, and tools under `available_tools`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sftformat.layouts import openai_chat
from sftformat.layouts.layout import Fault, Pointer
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record

#: Key of Mistral -> key of OpenAI for the same thing; a record has one of the two.
_NAMES = {"interactions": "messages", "available_tools": "tools"}


def faults(record: Record) -> Iterator[Fault]:
    """Find both names of one thing in a record."""
    for own, other in _NAMES.items():
        if record.get(own) is not None and record.get(other) is not None:
            yield Fault("SFT101", (own,), f"{own} and {other} stand beside each other: which one is meant?")


def to_canonical(record: Record) -> Record:
    """Return `input`, `target` and `tools` of one record in which `faults` finds no error."""
    known = {other: record.get(own) for own, other in _NAMES.items() if record.get(own) is not None}
    return openai_chat.to_canonical({**record, **known})


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record of one canonical row."""
    held = {"tools": types["available_tools"]} if "available_tools" in types else types
    made = openai_chat.from_canonical(row, held)
    return {own: made[other] for own, other in _NAMES.items() if other in made}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    return ("interactions", *openai_chat.source_pointer(pointer, row)[1:])


_KEYS = ("interactions", "available_tools", "messages", "tools")
reader = fixed(Reader(_KEYS, to_canonical, from_canonical, source_pointer, faults, holds=("tools",), one_of=_KEYS))
