r"""Flag a conversation in which the user or the assistant speaks twice in a row.

A call of a tool before or after words of the assistant is fine, and so are several calls, several results, system turns
anywhere, an assistant who speaks first, and two speakers of one role with different names.

Why it matters: a turn was lost, or two conversations run into each other. The templates of Llama 2, Mistral and Gemma
stop at it, LLaMA-Factory leaves the whole record out, and the others teach the model to answer itself.

What to do: put the lost turn back, or join the two turns.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Anyone?"}], "target": [{"role": "assistant", "content": "Hello!"}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}], "target": [{"role": "assistant", "content": "Hello!"}, {"role": "assistant", "content": "Bye!"}]}

Keeps it (chat):
    {"id": "1", "input": [], "target": [{"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Let me see."}, {"role": "assistant", "content": null, "tool_calls": "[{\"name\": \"look\"}]"}]}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.turns import ASSISTANT, USER, Turns
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the conversations with two turns of one speaker in a row; the place is the second turn."""
    turns = view.turns
    kinds, calls, owners = turns.kinds, turns.calls, turns.owners
    twice = (kinds[1:] == kinds[:-1]) & (owners[1:] == owners[:-1])
    twice &= (kinds[1:] == USER) | ((kinds[1:] == ASSISTANT) & ~calls[1:] & ~calls[:-1])
    found = [turn for turn in (np.flatnonzero(twice) + 1).tolist() if not _two_speakers(turns, turn)]
    for turn, count in turns.first_of_rows(np.array(found, np.int64)):
        who, other = ("user", "assistant") if kinds[turn] == USER else ("assistant", "user")
        more = f", the first of {count:,} such places" if count > 1 else ""
        yield Finding(int(owners[turn]), f"the {who} speaks twice in a row{more}", turns.path(turn), other, who)


def _two_speakers(turns: Turns, turn: int) -> bool:
    """Whether a turn and the one before are of two people."""
    one, other = (turns.field("name")[each].as_py() for each in (turn - 1, turn))
    return None not in (one, other) and one != other
