"""Calls of tools and their results: which result answers no call, and which call has no result.

Where calls and results have ids, the ids decide; where they have none, their order does: results follow their call.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

import msgspec
import numpy as np
import pyarrow as pa

from sftformat.record import decode_json
from sftformat.rules.texts import Indices
from sftformat.rules.turns import ASSISTANT, RESULT, RUNNING, SYSTEM, Mask, Turns

#: What a call looks like that stands in the words of the assistant.
_WRITTEN_CALL = re.compile(r"<tool_call|<function|\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call|<｜tool|^Action:", re.M)
_MARKED = re.compile(r"(?s)<tool_call>(.*?)</tool_call>")
_REASONING = re.compile(r"(?s)<think>.*?</think>")


def parsed(text: str) -> Any:
    """Return what the JSON text of a call says, without the reasoning or the marks that may stand around it.

    Raises:
        msgspec.DecodeError: it is not JSON, or nested too deeply.
    """
    try:
        return decode_json(text)
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None
    except msgspec.DecodeError:
        marked = _MARKED.findall(text)
        bare = _REASONING.sub("", text)
        if not marked and bare == text:
            raise
        return [parsed(each) for each in marked] if marked else parsed(bare)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A turn with calls that have no result; `missing` are their ids, where the calls have some."""

    turn: int
    missing: tuple[str, ...] = ()


class Exchanges:
    """The calls and results of a batch of conversations."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._results: Mask = turns.kinds == RESULT

    @cached_property
    def _callers(self) -> Indices:
        """For each turn the last one up to it that is neither a result nor of the system; -1 where its row has none."""
        places = np.arange(len(self._results))
        speaks = ~self._results & (self._turns.kinds != SYSTEM)
        last = np.maximum.accumulate(np.where(speaks, places, -1)) if len(places) else places
        return np.asarray(np.where(last >= self._turns.offsets[self._turns.owners], last, -1))

    @cached_property
    def _by_id(self) -> Mask:
        """Which turns stand in rows whose results have ids."""
        given = self._turns.field("tool_call_id").is_valid().to_numpy(zero_copy_only=False)
        rows = np.zeros(len(self._turns.offsets) - 1, np.bool_)
        rows[self._turns.owners[given & self._results]] = True
        return np.asarray(rows[self._turns.owners])

    @cached_property
    def uncalled(self) -> list[int]:
        """The results that answer no call, ascending."""
        turns = self._turns
        callers = self._callers
        called = (callers >= 0) & turns.calls[callers] if len(callers) else self._results
        by_order = np.flatnonzero(self._results & ~called & ~self._by_id).tolist()
        found = [turn for turn in by_order if not self._written(turn)]
        return sorted([*found, *self._uncalled_by_id])

    @cached_property
    def repeated(self) -> frozenset[int]:
        """Those of the uncalled results whose call has one already."""
        return frozenset(turn for turn, again in self._uncalled_by_id.items() if again)

    @cached_property
    def _uncalled_by_id(self) -> dict[int, bool]:
        return dict(each for row in self._rows_by_id() for each in self._uncalled_in(*row))

    @cached_property
    def unanswered(self) -> list[Unanswered]:
        """The calls without a result that are not the end of their conversation, ascending."""
        after = self._next
        ends = self._turns.offsets[1:][self._turns.owners]
        waits = self._turns.calls & (after < ends) & ~self._by_id
        waits[waits] = ~self._results[after[waits]]
        _, last = np.unique(after[waits][::-1], return_index=True)  # of several calls in a row the last stands for all
        found = [Unanswered(turn) for turn in np.flatnonzero(waits)[::-1][last].tolist()]
        wrong = set(self._turns.owners[[turn for turn in self.uncalled if turn not in self.repeated]].tolist())
        for start, end in self._rows_by_id():
            if self._turns.owners[start] not in wrong:
                found += self._unanswered_in(start, end)
        return sorted(found, key=lambda each: each.turn)

    @cached_property
    def _next(self) -> Indices:
        """For each turn the first one behind it that is neither a call nor of the system, perhaps in another row."""
        count = len(self._results)
        stops = ~self._turns.calls & (self._turns.kinds != SYSTEM)
        places = np.append(np.where(stops, np.arange(count), count), count)
        return np.minimum.accumulate(places[::-1])[::-1][1:]

    def _written(self, turn: int) -> bool:
        """Whether a result follows a call in words, or runs what the assistant wrote."""
        caller = int(self._callers[turn])
        if caller < 0 or self._turns.kinds[caller] != ASSISTANT:
            return False
        if self._turns.field("role")[turn].as_py() in RUNNING:
            return True
        return bool(_WRITTEN_CALL.search(self._turns.field("content")[caller].as_py() or ""))

    def _rows_by_id(self) -> list[tuple[int, int]]:
        """The first turn and the end of each row whose results have ids."""
        rows = np.unique(self._turns.owners[self._by_id])
        starts, ends = self._turns.offsets[rows].tolist(), self._turns.offsets[rows + 1].tolist()
        return list(zip(starts, ends, strict=True))

    @cached_property
    def _answers(self) -> dict[int, str | None]:
        """The id that each result in these rows gives, None where it gives none."""
        turns = np.flatnonzero(self._by_id & self._results)
        given = self._turns.field("tool_call_id").take(pa.array(turns)).to_pylist()
        return dict(zip(turns.tolist(), given, strict=True))

    @cached_property
    def _ids(self) -> dict[int, list[str]]:
        """The ids of the calls of each calling turn in these rows."""
        turns = np.flatnonzero(self._by_id & self._turns.calls)
        texts = self._turns.field("tool_calls").take(pa.array(turns)).to_pylist()
        return {turn: _ids_in(text) for turn, text in zip(turns.tolist(), texts, strict=True)}

    def _uncalled_in(self, start: int, end: int) -> Iterator[tuple[int, bool]]:
        """Yield the results of a row that answer no call, and whether another answered it before."""
        waiting: Counter[str] = Counter()  # how many calls of an id have no result yet
        for turn in range(start, end):
            waiting.update(self._ids.get(turn, ()))
            if turn not in self._answers:
                continue
            answers, caller = self._answers[turn], int(self._callers[turn])
            called = caller in self._ids
            if answers is None or not (self._ids[caller] if called else waiting):
                if not called and not self._written(turn):
                    yield turn, False
            elif waiting[answers] > 0:
                waiting[answers] -= 1
            else:
                yield turn, answers in waiting

    def _unanswered_in(self, start: int, end: int) -> Iterator[Unanswered]:
        answered: set[str | None] = set()
        for turn in range(end - 1, start - 1, -1):
            if turn in self._answers:
                answered.add(self._answers[turn])
            after = int(self._next[turn])
            if turn not in self._ids or after >= end:
                continue
            missing = set(self._ids[turn]) - answered
            by_order = not self._ids[turn] or self._answers.get(after, "") is None
            if not self._results[after] if by_order else missing:
                yield Unanswered(turn, () if by_order else tuple(sorted(missing)))


class _Call(TypedDict, total=False):
    """What of a call is read to pair it with its result."""

    id: str


_read_calls = msgspec.json.Decoder(list[_Call]).decode


def _ids_in(text: str | None) -> list[str]:
    """Return the ids of the calls in `tool_calls`; what cannot be read has none."""
    if text is None:
        return []
    try:
        return [call["id"] for call in _read_calls(text) if "id" in call]
    except (msgspec.DecodeError, RecursionError):  # not the usual shape
        pass
    try:
        calls = parsed(text)
    except msgspec.DecodeError:
        return []
    calls = calls if isinstance(calls, list) else [calls]
    return [call["id"] for call in calls if isinstance(call, dict) and isinstance(call.get("id"), str)]
