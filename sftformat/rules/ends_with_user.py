r"""Flag a conversation that is trained on and ends with a turn of the user.

A prompt without any answer is SFT223 in train, and welcome elsewhere.

Why it matters: the last turn is never learned from; mostly an answer was cut off.

What to do: add the answer, or remove the last turn.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}], "target": [{"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "What is new?"}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}], "target": [{"role": "assistant", "content": "Hello!"}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}], "target": null, "split": "test"}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.turns import USER
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows whose target ends with the user."""
    turns = view.turns
    rows = np.flatnonzero(turns.offsets[1:] > turns.answers)
    for last in (turns.offsets[rows + 1] - 1)[turns.kinds[turns.offsets[rows + 1] - 1] == USER].tolist():
        row = int(turns.owners[last])
        yield Finding(row, "the conversation ends with the user", turns.path(last), "the assistant", "user")
