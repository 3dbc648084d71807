r"""Flag a text with U+FFFD, the character that stands for bytes that could not be read.

Why it matters: somebody read the text in the wrong encoding and saved it; the letters are gone.

What to do: go back to the original file and read it in its own encoding.

Breaks it:
    {"id": "1", "input": "caf\ufffd", "target": "pos"}

Keeps it:
    {"id": "1", "input": "café", "target": "pos"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.signs import FORMAT
from sftformat.rules.view import View

REPLACEMENT = "\ufffd"
_CODE = int.from_bytes(REPLACEMENT.encode())


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold U+FFFD."""
    for text in view.texts:
        signs = text.signs
        for index, value in text.some(signs.owners(signs.at(FORMAT)[signs.codes(FORMAT) == _CODE])):
            if count := value.count(REPLACEMENT):
                start = max(0, value.index(REPLACEMENT) - 20)
                row, path = text.place(index)
                message = f"{count:,} × U+FFFD in the text: letters were lost when it was read"
                yield Finding(row, message, path, "no U+FFFD", clip(value[start:]))
