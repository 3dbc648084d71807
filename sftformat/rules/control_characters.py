r"""Flag a text with control characters: U+0000 to U+001F but tab and line feed, U+007F, U+0080 to U+009F.

A carriage return right before a line feed ends a line as Windows and Excel write it, and is none; any other is one.
One finding a text: the first such character and how many there are.

Why it matters: they are leftovers of terminals, of a wrong encoding or of binary data; tokenizers drop some of them,
split words at others, and turn the rest into unknown tokens.

What to do: remove them from the source; U+0080 to U+009F mostly mean that Windows-1252 was read as Latin-1.

Breaks it:
    {"id": "1", "input": "\u001b[1mbold\u001b[0m", "target": "pos"}

Breaks it:
    {"id": "1", "input": "it\u0092s fine", "target": "pos"}

Keeps it:
    {"id": "1", "input": "a\ttab and\na line feed,\r\nor both", "target": "pos"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.signs import CONTROL, LATIN, Signs
from sftformat.rules.texts import Indices
from sftformat.rules.view import View

_CRLF = int.from_bytes(b"\r\n")
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold a control character."""
    for text in view.texts:
        for index, value in text.some(_candidates(text.signs)):
            if found := CONTROLS.findall(value):
                row, path = text.place(index)
                message = f"{_counted(len(found))} in the text, the first U+{ord(found[0]):04X}"
                yield Finding(row, message, path, "no control characters", f"U+{ord(found[0]):04X}")


def _candidates(signs: Signs) -> Indices:
    two = signs.codes(LATIN, 2)
    return signs.owners(_but_line_ends(signs), signs.at(LATIN)[(two >= 0xC280) & (two < 0xC2A0)])


def _but_line_ends(signs: Signs) -> Indices:
    """Return where a control character of ASCII stands that is not the first half of CRLF in one text."""
    at = signs.at(CONTROL)
    if not len(at):
        return at
    pairs = signs.two(at) == _CRLF
    pairs[pairs] = ~np.isin(at[pairs] + 1, signs.offsets)  # one text ends with CR, the next begins with LF
    return np.asarray(at[~pairs])


def _counted(count: int) -> str:
    return "a control character" if count == 1 else f"{count:,} control characters"
