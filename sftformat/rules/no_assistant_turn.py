r"""Flag a conversation of the train split in which the assistant never speaks.

In validation and test it is an unlabelled record, which is welcome. A misspelt assistant is SFT220.

Why it matters: there is nothing to learn from it; trainers leave it out without a word, or get a loss of NaN.

What to do: add the answer, remove the record, or move it to the data that is to be predicted.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}], "target": null}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}], "target": null, "split": "test"}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}], "target": [{"role": "assistant", "content": "Hello!"}]}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.turns import ASSISTANT, UNKNOWN, meant_role
from sftformat.rules.view import View, indexes


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows of train without a target and without an assistant."""
    for row in unanswered(view):
        kinds = view.turns.kinds[view.turns.offsets[row] : view.turns.offsets[row + 1]]
        if ASSISTANT not in kinds and not _misspelt(view, row):
            got = f"{len(kinds):,} {'turn' if len(kinds) == 1 else 'turns'}"
            yield Finding(row, "the assistant never speaks", "/target", "a turn of the assistant", got)


def unanswered(view: View) -> list[int]:
    """Return the rows of train that have no target."""
    target = view.column("target")
    if not target.null_count:
        return []
    return indexes(pc.and_(target.is_null(), pc.equal(view.splits, pa.scalar("train"))))


def _misspelt(view: View, row: int) -> bool:
    start, end = view.turns.offsets[row : row + 2]
    unknown = start + np.flatnonzero(view.turns.kinds[start:end] == UNKNOWN)
    roles = view.turns.field("role").take(pa.array(unknown)).to_pylist()
    return any(meant_role(role) == "assistant" for role in set(roles))
