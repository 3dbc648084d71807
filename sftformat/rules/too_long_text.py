r"""Flag a text of more than `max_chars` characters (default 100,000); the tokens of a list are counted together.

Why it matters: a text of that length is mostly a file that was read into one cell, a missing line break or an unclosed
quote; nearly all of it is cut off before training.

What to do: look at the record; cut it into several, or raise `max_chars` under `[rules.SFT204]` in the config file.

Breaks it (max_chars=20):
    {"id": "1", "input": "twenty-one characters", "target": "pos"}

Breaks it (token-classification, max_chars=20):
    {"id": "1", "input": ["fifteen", "or", "fewer", "characters"], "target": ["O", "O", "O", "O"]}

Keeps it (max_chars=20):
    {"id": "1", "input": "twenty or less, fine", "target": "pos"}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.texts import Array, Indices, text_offsets
from sftformat.rules.view import Text, View

MAX_CHARS = 100_000
THRESHOLDS = {"max_chars": MAX_CHARS}


def check(view: View, thresholds: Thresholds) -> Iterator[Finding]:
    """Find the texts that are too long; a batch whose texts have fewer bytes than that is not looked at."""
    limit = int(thresholds["max_chars"])
    for text in view.texts:
        whole_list = text.offsets is not None and not text.inner
        sizes = np.diff(text_offsets(text.values))
        if not len(sizes) or (sizes.sum() if whole_list else sizes.max()) <= limit:
            continue
        lengths = _lengths(text.values)
        if whole_list:
            lengths = _summed(lengths, text)
        for index in np.flatnonzero(lengths > limit):
            row, path = (int(index), f"/{text.field}") if whole_list else text.place(int(index))
            message = f"a text of {lengths[index]:,} characters"
            yield Finding(row, message, path, f"at most {limit:,} characters", f"{lengths[index]:,}")


def _lengths(values: Array) -> Indices:
    lengths: Array = pc.utf8_length(values)
    return np.asarray(lengths.fill_null(0), np.int64)


def _summed(lengths: Indices, text: Text) -> Indices:
    total = np.concatenate(([0], np.cumsum(lengths)))
    offsets = text.offsets
    assert offsets is not None
    return np.asarray(total[offsets[1:]] - total[offsets[:-1]])
