r"""Flag offsets of a token that lie outside the text, end before they begin, or are no pair.

Offsets count code points, from 0; the end is not part of the token.

Why it matters: the token and its tag come from another place of the text, or from nowhere.

What to do: count again in code points; offsets from JavaScript or Java are in UTF-16 and run ahead behind an emoji.

Breaks it (token-classification):
    {"id": "1", "input": ["Ann", "left"], "target": ["B-PER", "O"], "text": "Ann left", "offsets": [[0, 3], [4, 9]]}

Breaks it (token-classification):
    {"id": "1", "input": ["Ann"], "target": ["B-PER"], "text": "Ann left", "offsets": [[3, 0]]}

Keeps it (token-classification):
    {"id": "1", "input": ["Ann", "left"], "target": ["B-PER", "O"], "text": "Ann left", "offsets": [[0, 3], [4, 8]]}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.spans import first_of_rows, other_units
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows with such offsets, each at the first of them."""
    found = view.spans
    if found is None:
        return
    outside = np.flatnonzero(~found.inside)
    for first, count in first_of_rows(found.rows[outside]):
        span = outside[first]
        row, number = int(found.rows[span]), int(found.numbers[span])
        given = view.column("offsets")[row].as_py()[number]
        more = f", and {count - 1:,} more" if count > 1 else ""
        message = f"offsets {clip(given, 40)} in a text of {found.lengths[span]:,} characters{_hint(view, row, number)}"
        yield Finding(row, message + more, f"/offsets/{number}", f"0 to {found.lengths[span]:,}, in order", clip(given))


def _hint(view: View, row: int, number: int) -> str:
    """Say in which units the offsets fit, if in any."""
    text, tokens, given = (view.column(name)[row].as_py() for name in ("text", "input", "offsets"))
    if number >= len(tokens) or len(given[number]) != 2 or not 0 <= given[number][0] < given[number][1]:
        return ""
    start, end = given[number]
    units = other_units(text, start, end, tokens[number])
    return f"; they fit in {units}" if units else ""
