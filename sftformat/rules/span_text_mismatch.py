r"""Flag a token that is not what its offsets cut out of the text.

Why it matters: either the offsets or the token are wrong, and the tag is on something else than the annotator marked.

What to do: count again in code points. The finding says so when the offsets fit as UTF-16 code units or UTF-8 bytes.

Breaks it (token-classification):
    {"id": "1", "input": ["Ann", "left"], "target": ["B-PER", "O"], "text": "Ann left", "offsets": [[0, 3], [3, 7]]}

Breaks it (token-classification):
    {"id": "1", "input": ["Ann"], "target": ["B-PER"], "text": "\ud83d\ude00 Ann left", "offsets": [[3, 6]]}

Keeps it (token-classification):
    {"id": "1", "input": ["Ann", "left"], "target": ["B-PER", "O"], "text": "\ud83d\ude00 Ann left", "offsets": [[2, 5], [6, 10]]}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.spans import differing, first_of_rows, other_units
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows with such tokens, each at the first of them."""
    found = view.spans
    if found is None:
        return
    wrong = np.array(differing(view.column("text"), view.column("input"), found), np.int64)
    for first, count in first_of_rows(found.rows[wrong]):
        span = wrong[first]
        row, number = int(found.rows[span]), int(found.numbers[span])
        start, end = int(found.starts[span]), int(found.ends[span])
        text, token = view.column("text")[row].as_py(), view.column("input")[row][number].as_py()
        cut, units = text[start:end], other_units(text, start, end, token)
        message = f"token {quoted(clip(token, 40))}, but the text has {quoted(clip(cut, 40))} at {start:,} to {end:,}"
        hint = f"; the offsets fit in {units}" if units else ""
        more = f" (the first of {count:,})" if count > 1 else ""
        yield Finding(row, message + hint + more, f"/offsets/{number}", quoted(token), quoted(cut))
