"""The turns of a batch of conversations, flat: who speaks in each, which are empty, which call tools.

All rules of chat look at them here, so that a batch is taken apart once.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.record import Record, decode_json
from sftformat.rules.texts import Array, Indices, flat

#: Who speaks in a turn.
UNKNOWN, SYSTEM, USER, ASSISTANT, RESULT = range(5)

#: Every role that a chat template or a trainer in use knows. A layout has turned its own words into these.
ROLES: Mapping[str, int] = {
    "assistant": ASSISTANT,
    "user": USER,
    "system": SYSTEM,
    "developer": SYSTEM,
    "tool": RESULT,
    "function": RESULT,
    "ipython": RESULT,
    "environment": RESULT,
    "observation": RESULT,
    "tool_response": RESULT,
    "function_response": RESULT,
    "tool_call": ASSISTANT,
    "function_call": ASSISTANT,
}
#: Roles whose turn is a call, whatever else it holds.
CALLING = ("tool_call", "function_call")
#: Roles that answer code or an action in the words of the turn before, which need not be a call.
RUNNING = ("ipython", "environment")
_OTHER_WORDS: Mapping[str, str] = {
    "human": "user",
    "prompter": "user",
    "customer": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "model": "assistant",
    "agent": "assistant",
}

Kinds = np.ndarray[Any, np.dtype[np.int8]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def meant_role(role: str) -> str:
    """Return the role that an unknown word most likely stands for, "" when nothing is near."""
    word = role.strip().lower()
    if word in ROLES or word in _OTHER_WORDS or len(word) >= 40:
        return word if word in ROLES else _OTHER_WORDS.get(word, "")
    names = [*ROLES, *_OTHER_WORDS]
    swapped = [name for name in names if sorted(name) == sorted(word)]  # letters in another order: gtp
    near = [*swapped, *get_close_matches(word, names, 1, 0.75)]
    return _OTHER_WORDS.get(near[0], near[0]) if near else ""


class Turns:
    """The turns of all rows, in the order of the rows and in each in the order of the conversation.

    Row i has the turns `offsets[i]:offsets[i + 1]`; those from `answers[i]` on are its target. `owners` is the row of
    each turn. Every array of turns has the length `offsets[-1]`.
    """

    def __init__(self, given: Array, target: Array) -> None:
        (first, before), (second, after) = flat(given), flat(target)
        self._parts = (first, second)
        self.offsets: Indices = before + after
        self.answers: Indices = self.offsets[:-1] + np.diff(before)
        self.owners: Indices = np.repeat(np.arange(len(given)), np.diff(self.offsets))
        order = np.empty(len(first) + len(second), np.int64)
        order[np.arange(len(first)) + np.repeat(after[:-1], np.diff(before))] = np.arange(len(first))
        order[np.arange(len(second)) + np.repeat(before[1:], np.diff(after))] = np.arange(len(second)) + len(first)
        self.order: Indices = order
        self._fields: dict[str, Array] = {}

    def field(self, name: str) -> Array:
        """Return a field of all turns."""
        if name not in self._fields:
            parts = [pc.struct_field(part, name) for part in self._parts]
            self._fields[name] = pa.concat_arrays(parts).take(pa.array(self.order))
        return self._fields[name]

    def path(self, turn: int, inner: str = "") -> str:
        """Return the JSON Pointer of a turn in its canonical row, or of what is `inner` in it."""
        row = int(self.owners[turn])
        answer = turn - int(self.answers[row])
        return f"/target/{answer}{inner}" if answer >= 0 else f"/input/{turn - int(self.offsets[row])}{inner}"

    @cached_property
    def _role_codes(self) -> tuple[Kinds, list[str]]:
        encoded = self.field("role").dictionary_encode()
        return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()

    def having(self, roles: Mapping[str, int] | tuple[str, ...]) -> Mask:
        """Tell which turns have one of these roles."""
        codes, names = self._role_codes
        return np.asarray(np.array([name in roles for name in names], np.bool_)[codes])

    @cached_property
    def kinds(self) -> Kinds:
        """Who speaks in each turn."""
        codes, names = self._role_codes
        return np.asarray(np.array([ROLES.get(name, UNKNOWN) for name in names], np.int8)[codes])

    @cached_property
    def calls(self) -> Mask:
        """Which turns call tools: by `tool_calls`, by the older `function_call`, or by their role."""
        texts = self.field("tool_calls")
        found: Mask = texts.is_valid().to_numpy(zero_copy_only=False)
        if found.any():
            found = found & ~np.asarray(pc.fill_null(pc.equal(texts, pa.scalar("[]")), pa.scalar(False)))
        found = found | self.having(CALLING)
        found[list(self.old_calls)] = True
        return found

    @cached_property
    def old_calls(self) -> Mapping[int, Record]:
        """The `function_call` of the turns that have one (what OpenAI had before `tool_calls`)."""
        extra = self.field("extra")
        if extra.null_count == len(extra):
            return {}
        found: Array = pc.match_substring(extra, '"function_call":')
        suspects: list[int] = np.flatnonzero(pc.fill_null(found, pa.scalar(False))).tolist()
        held = {turn: self.extra(turn).get("function_call") for turn in suspects}
        return {turn: call for turn, call in held.items() if isinstance(call, dict)}

    def extra(self, turn: int) -> Record:
        """Return the keys of a turn that have no field of their own."""
        text = self.field("extra")[turn].as_py()
        held: Record = decode_json(text) if text is not None else {}
        return held

    def first_of_rows(self, turns: Indices) -> list[tuple[int, int]]:
        """Return for each row that has some of these (ascending) turns the first of them, and how many there are."""
        if not len(turns):
            return []
        _, first, counts = np.unique(self.owners[turns], return_index=True, return_counts=True)
        return list(zip(turns[first].tolist(), counts.tolist(), strict=True))
