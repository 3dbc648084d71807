r"""Flag a record of whose input nothing can be seen: empty, blanks only, or characters of no width only.

For text-to-text the input and the instruction must both be blank; for token-classification the list must be empty or
hold blank tokens only. A second segment (`input_pair`) that is there but blank is flagged too.

Why it matters: the tokenizer turns it into [CLS] [SEP], and the model learns the label from nothing.

What to do: remove the record, or find out why its text was lost.

Breaks it:
    {"id": "1", "input": " \n", "target": "pos"}

Breaks it:
    {"id": "1", "input": "\u200b\ufeff", "target": "pos"}

Breaks it:
    {"id": "1", "input": "It rains.", "input_pair": "", "target": "entailment"}

Breaks it (text-to-text):
    {"id": "1", "input": "", "instruction": " ", "target": "fine"}

Breaks it (token-classification):
    {"id": "1", "input": [], "target": []}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos"}

Keeps it (text-to-text):
    {"id": "1", "input": null, "instruction": "Tell a joke.", "target": "No."}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.texts import Array, flat, is_list
from sftformat.rules.view import Mask, View, blank


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows that show the model nothing."""
    column = view.column("input")
    empty = _nothing_seen(column)
    if view.task == "text-to-text":
        empty &= blank(view.column("instruction"))
    for row in np.flatnonzero(empty):
        yield Finding(int(row), "the input is empty", "/input", "text", clip(repr(column[int(row)].as_py())))
    if pair := view.text("input_pair"):
        given = pair.values.is_valid().to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(blank(pair.values) & given):
            got = clip(repr(pair.values[int(row)].as_py()))
            yield Finding(int(row), "the second segment is empty", "/input_pair", "text", got)


def _nothing_seen(column: Array) -> Mask:
    if not is_list(column):
        return blank(column)
    tokens, offsets = flat(column)
    seen = np.concatenate(([0], np.cumsum(~blank(tokens))))
    return np.asarray(seen[offsets[1:]] == seen[offsets[:-1]])
