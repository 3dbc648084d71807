"""Conversations whose turns are rows that name the row before them, as in h2o-llmstudio; `formats.linked` finds them.

Each row is a question and its answer. What else it holds stands in the notes of its question, so that the row can be
written again. The answers of rows that stand in an earlier conversation too have weight 0: they are learned once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats.linking import ANSWER, ID, PARENT, QUESTION, SHARED, TURNS, key_of
from sftformat.layouts.cells import as_whole
from sftformat.layouts.layout import Fault, Pointer
from sftformat.layouts.messages import (
    WEIGHTS,
    Message,
    Turn,
    join_turns,
    message,
    notes_of,
    split_turns,
    turn_number,
    turn_of,
)
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record, record_id

SYSTEM, SPLIT = "system", "split"
#: What stands between the columns of a question, as h2o-llmstudio has it.
BETWEEN = "\n\n"
#: Notes of a question: the rest of its row, the names of the question and the answer, and that it is shared.
_ROW, _NAMES, _SHARED = "row", "names", "shared"
#: Columns that would say something else in a turn; as what the row is, they stand in the notes.
_OF_ROW = frozenset({ID, PARENT, SYSTEM, SPLIT, *QUESTION, *ANSWER, "group", "role", "content", "from", "value"})
_OF_ROW |= {"name", "tool_calls", "tool_call_id", "weight", *WEIGHTS}


def to_canonical(record: Record) -> Record:
    """Return `input` and `target` of one conversation that fits the schema and has no fault."""
    turns: list[Message] = []
    said = None
    known = as_whole(record.get(SHARED) or 0)
    for number, row in enumerate(record[TURNS]):
        shared = number < known
        if row.get(SYSTEM) and row[SYSTEM] != said:
            said = row[SYSTEM]
            turns.append(message("system", said, {}))
        asked = [key for key in QUESTION if row.get(key)] or [key for key in QUESTION if key in row][:1]
        answered = next((key for key in ANSWER if row.get(key) is not None), None)
        names = [asked[0] if len(asked) == 1 and row[asked[0]] is not None else None, answered]
        own = {key: value for key, value in row.items() if key in _OF_ROW and key not in names}
        rest = {key: value for key, value in row.items() if key not in _OF_ROW}
        notes = {_ROW: own, _NAMES: names} | ({_SHARED: True} if shared else {})
        turns.append(message("user", BETWEEN.join(row[key] or "" for key in asked), rest, notes))
        if answered is not None:
            turns.append(message("assistant", row[answered], {"weight": 0} if shared else {}))
    given, target = split_turns(turns)
    return {"input": given, "target": target}


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the conversation of one canonical row.

    Raises:
        UsageError: it is not made of questions and answers.
    """
    made = _Made()
    for each in map(turn_of, join_turns(row)):
        made.add(each)
    if not made.rows or made.system is not None:
        raise UsageError("layout linked holds questions and answers; a conversation has none after its system prompt")
    return {TURNS: made.rows} | ({SHARED: made.shared} if made.shared else {})


class _Made:
    """The rows that were made of some turns of a conversation; a `system` prompt waits for its question."""

    def __init__(self) -> None:
        self.rows: list[Record] = []
        self.system: str | None = None
        self.shared = 0
        self.waiting: str | None = None  # the name of the answer that may come
        self.renamed: tuple[str | None, str | None] = (None, None)  # a system prompt, and what it was in its row

    def add(self, turn: Turn) -> None:
        shared = bool(self.rows) and self.shared == len(self.rows) and turn.fields == {"weight": 0}
        extra = turn.extra if _ROW not in turn.notes else {}
        if turn.content is None or extra or (turn.fields and not (turn.role == "assistant" and shared)):
            more = ", ".join([*turn.fields, *extra]) or "nothing said"
            raise UsageError(f"layout linked holds plain questions and answers; a turn of {turn.role} has {clip(more)}")
        if turn.role == "system" and self.system is None:
            self.system = turn.content
        elif turn.role == "user":
            self._ask(turn, turn.content)
        elif turn.role == "assistant" and self.waiting is not None and self.system is None:
            self.rows[-1][self.waiting] = turn.content
            self.waiting = None
        else:
            raise UsageError("layout linked holds questions and answers in turns; a conversation has another order")

    def _ask(self, turn: Turn, content: str) -> None:
        rest = {**turn.notes.get(_ROW, {}), **turn.extra}
        asked, answered = turn.notes.get(_NAMES, (QUESTION[0], None))
        if asked is None and content != BETWEEN.join(rest[key] for key in QUESTION if rest.get(key)):
            asked = next(key for key in QUESTION if key in rest)
            rest = {key: value for key, value in rest.items() if key not in QUESTION}
        self.shared += bool(turn.notes.get(_SHARED))
        self.waiting = answered or next((key for key in ANSWER if key in rest), ANSWER[0])
        self.rows.append({**({asked: content} if asked else {}), **({answered: None} if answered else {}), **rest})
        self._prompt(self.rows[-1])

    def _prompt(self, row: Record) -> None:
        if self.system is not None:
            self.renamed = row.get(SYSTEM), self.system
            row[SYSTEM], self.system = self.system, None
        elif row.get(SYSTEM) and row[SYSTEM] == self.renamed[0]:
            row[SYSTEM] = self.renamed[1]


def faults(record: Record) -> Iterator[Fault]:
    """Find rows that do not follow the one before them, and rows of several splits."""
    before: str | None = None
    for number, row in enumerate(record[TURNS]):
        named = key_of(row.get(PARENT))
        if named != before and (number == 0 or PARENT in row):
            there = f"the row before has {clip(str(before), 40)!r}" if number else "no row stands before it"
            message = f"a row is to follow {clip(str(named), 40)!r}, and {there}"
            yield Fault("SFT022", (TURNS, str(number), PARENT), message)
        before = key_of(row.get(ID))
    splits = dict.fromkeys(row[SPLIT] for row in record[TURNS] if isinstance(row.get(SPLIT), str))
    if len(splits) > 1:
        said = " and ".join(repr(clip(each, 20)) for each in [*splits][:3])
        yield Fault("SFT101", (TURNS,), f"rows of one conversation are in several splits: {said}")


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    number, _ = turn_number(pointer, row)
    turns = [*(row["input"] or ()), *(row["target"] or ())]
    if number is None or not turns:
        return (TURNS,)
    role = turns[number]["role"]
    at = max(0, sum(turn["role"] == "user" for turn in turns[: number + 1]) - (role != "system"))
    asked = [turn for turn in turns[: number + 1] if turn["role"] == "user"]
    notes = notes_of(asked[-1]) if asked else {}
    names = notes.get(_NAMES) or (None, None)
    if names[0] is None:  # the question was put together: its first part
        names = next((key for key in QUESTION if notes.get(_ROW, {}).get(key)), None), names[1]
    usual = {"system": SYSTEM, "user": QUESTION[0], "assistant": ANSWER[0]}[role]
    return (TURNS, str(at), usual if role == "system" else names[role == "assistant"] or usual)


# ---------------------------------------------------------------------------------------------------- apart


def apart() -> Callable[[Record, str], list[Record]]:
    """Return what makes the rows of an output from its conversations, each with the name of the file it came from.

    Rows that several conversations share are written once. Rows that have no id yet get that of their conversation,
    those before the last one with a number. The ids that were written are held on disk.

    The function raises:
        UsageError: rows of two files have one id.
    """
    import sqlite3

    base = sqlite3.connect("", isolation_level=None)
    base.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, file TEXT, row TEXT) WITHOUT ROWID")
    base.execute("BEGIN")

    def add(own: str, file: str, row: Record) -> tuple[str, str] | None:
        """Note that an id is written, and return the file and the hash of the row that has it already."""
        if base.execute("INSERT OR IGNORE INTO ids VALUES (?, ?, ?)", (own, file, record_id(row))).rowcount:
            return None
        found: tuple[str, str] = base.execute("SELECT file, row FROM ids WHERE id = ?", (own,)).fetchone()
        return found

    count = 0

    def rows_of(record: Record, file: str) -> list[Record]:
        nonlocal count
        count += 1
        turns = record[TURNS]
        rest = {key: value for key, value in record.items() if key not in (TURNS, SHARED, ID, "group")}
        if any(ID in row or PARENT in row for row in turns):
            return _own_rows(turns, record.get(SHARED, 0), rest, file, add)
        return _new_rows(turns, key_of(record.get(ID)) or str(count), rest, file, add)

    return rows_of


_Add = Callable[[str, str, Record], tuple[str, str] | None]


def _own_rows(turns: Sequence[Record], shared: int, rest: Record, file: str, add: _Add) -> list[Record]:
    """Return the rows of a conversation that were not written with another one."""
    split = {SPLIT: rest[SPLIT]} if SPLIT in rest else {}
    made = []
    for number, row in enumerate(turns):
        own = key_of(row.get(ID))
        known = add(own, file, row) if own is not None else None
        if known is not None and known[0] != file and (number >= shared or known[1] != record_id(row)):
            raise UsageError(
                f"the row id {clip(str(own), 40)!r} stands in {known[0]} and in {file}: write a file for each of them"
            )
        if known is None or number >= shared:
            made.append({**row, **({} if SPLIT in row else split)})
    return made


def _new_rows(turns: Sequence[Record], name: str, rest: Record, file: str, add: _Add) -> list[Record]:
    """Return the rows of a conversation with ids; what it has as a whole stands in its last row."""
    ids, number = _ids(name, len(turns)), 1
    while any(add(each, file, {}) for each in ids):
        number += 1
        ids = _ids(f"{name}#{number}", len(turns))
    split = {SPLIT: rest[SPLIT]} if SPLIT in rest else {}
    parents = [None, *ids[:-1]]
    made = [{**row, ID: own, PARENT: before, **split} for row, own, before in zip(turns, ids, parents, strict=True)]
    return [*made[:-1], {**made[-1], **rest}]


def _ids(last: str, count: int) -> list[str]:
    return [*(f"{last}/{number}" for number in range(1, count)), last]


_MORE: dict[str, Any] = {"exact": True, "flat": True, "mixed": (TURNS,), "apart": apart}
reader = fixed(Reader((TURNS, SHARED), to_canonical, from_canonical, source_pointer, faults, **_MORE))
