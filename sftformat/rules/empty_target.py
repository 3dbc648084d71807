r"""Flag a target that is there but blank: an empty label, an empty tag, an empty answer.

A null target is an unlabelled record (SFT302), and an empty list of labels means that none applies; neither is flagged.

Why it matters: an empty label becomes a class of its own, and an empty answer teaches the model to say nothing.

What to do: write the label or the answer; if it is not known, leave the target out (null).

Breaks it:
    {"id": "1", "input": "fine", "target": " "}

Breaks it (multilabel):
    {"id": "1", "input": "fine", "target": ["news", ""]}

Breaks it (text-to-text):
    {"id": "1", "input": "Say nothing.", "target": ""}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos"}

Keeps it:
    {"id": "1", "input": "fine", "target": null, "split": "test"}

Keeps it (multilabel):
    {"id": "1", "input": "fine", "target": []}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.view import View, blank


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows with a blank target; of a list the first blank item."""
    target = view.text("target")
    if target is None:
        return
    empty = blank(target.values) & target.values.is_valid().to_numpy(zero_copy_only=False)
    reported = -1
    for index in np.flatnonzero(empty):
        row, path = target.place(int(index))
        if row != reported:
            yield Finding(row, "the target is empty", path, "text", clip(repr(target.values[int(index)].as_py())))
        reported = row
