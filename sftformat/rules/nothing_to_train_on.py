r"""Flag a conversation of the train split whose assistant turns all have the weight 0.

Why it matters: there is nothing to learn from it; a batch of such records gives a loss of NaN.

What to do: give the turns that are to be learned the weight 1, or remove the record.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!", "weight": 0}], "target": null}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hm.", "weight": 0}, {"role": "user", "content": "Hi!"}], "target": [{"role": "assistant", "content": "Hello!"}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!", "weight": 0}], "target": null, "split": "test"}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.rules.no_assistant_turn import unanswered
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.turns import ASSISTANT
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows of train without a target in which the assistant speaks."""
    for row in unanswered(view):
        count = np.count_nonzero(view.turns.kinds[view.turns.offsets[row] : view.turns.offsets[row + 1]] == ASSISTANT)
        if count:
            said = "the only turn of the assistant has" if count == 1 else f"all {count:,} turns of the assistant have"
            yield Finding(row, f"{said} the weight 0", "/target", "a turn to train on", "none")
