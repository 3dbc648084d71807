r"""Flag a record whose tokens, tags and offsets are not equally many.

Why it matters: tags slip onto the wrong tokens, or the tokens without one are never trained.

What to do: count tokens and tags of the record again; mostly a token was split or dropped after tagging.

Breaks it (token-classification):
    {"id": "1", "input": ["Ann", "left"], "target": ["B-PER"]}

Breaks it (token-classification):
    {"id": "1", "input": ["Ann", "left"], "target": ["B-PER", "O"], "text": "Ann left", "offsets": [[0, 3]]}

Keeps it (token-classification):
    {"id": "1", "input": ["Ann", "left"], "target": ["B-PER", "O"]}

Keeps it (token-classification):
    {"id": "1", "input": ["Ann", "left"], "target": null, "split": "test"}
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.view import View, indexes

_FIELDS = (("target", "tag", "tags"), ("offsets", "offset", "offsets"))


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows with more or fewer tags or offsets than tokens; a row without them is not looked at."""
    tokens = pc.list_value_length(view.column("input"))
    for field, one, many in _FIELDS:
        values = view.column(field)
        if values.null_count == len(values):
            continue
        counts = pc.list_value_length(values)
        for row in indexes(pc.not_equal(tokens, counts)):
            wanted, got = tokens[row].as_py(), counts[row].as_py()
            message = f"{_said(wanted, 'token', 'tokens')}, but {_said(got, one, many)}"
            yield Finding(row, message, f"/{field}", f"{wanted:,}", f"{got:,}")


def _said(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
