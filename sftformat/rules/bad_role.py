r"""Flag a turn whose role no chat template knows.

Known are system, developer, user, assistant, tool, function, ipython, environment, observation, and the words that a
layout turns into these (human and gpt in ShareGPT). One finding for each unknown role of a conversation.

Why it matters: templates stop at such a turn or leave it out without a word, and a misspelt assistant is never trained.

What to do: write one of the known roles; a speaker's own name belongs into `name`.

Breaks it (chat):
    {"id": "1", "input": [{"role": "human", "content": "Hi"}], "target": [{"role": "assistant", "content": "Hello!"}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}, {"role": "Assistant", "content": "Hello!"}], "target": null}

Keeps it (chat):
    {"id": "1", "input": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi", "name": "Ann"}], "target": [{"role": "assistant", "content": "Hello!"}]}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.turns import UNKNOWN, meant_role
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the unknown roles of each conversation, each at its first turn."""
    turns = view.turns
    said: set[tuple[int, str]] = set()
    for turn in np.flatnonzero(turns.kinds == UNKNOWN).tolist():
        row, role = int(turns.owners[turn]), turns.field("role")[turn].as_py()
        if (row, role) not in said:
            said.add((row, role))
            meant = meant_role(role)
            hint = f"; did you mean {quoted(meant)}?" if meant else ""
            message = f"role {quoted(role)} is none that chat templates know{hint}"
            yield Finding(row, message, turns.path(turn, "/role"), "system, user, assistant or tool", quoted(role))
