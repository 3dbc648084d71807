r"""Flag a text with control characters: U+0000 to U+001F but tab and line feed, U+007F, U+0080 to U+009F.

A carriage return is one. One finding a text: the first such character and how many there are.

Why it matters: they are leftovers of terminals, of a wrong encoding or of binary data; tokenizers drop some of them,
split words at others, and turn the rest into unknown tokens.

What to do: remove them from the source; U+0080 to U+009F mostly mean that Windows-1252 was read as Latin-1.

Breaks it:
    {"id": "1", "input": "\u001b[1mbold\u001b[0m", "target": "pos"}

Breaks it:
    {"id": "1", "input": "it\u0092s fine", "target": "pos"}

Keeps it:
    {"id": "1", "input": "a\ttab and\na line feed", "target": "pos"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.view import HIGH, View

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
_RE2 = r"[\x00-\x08\x0b-\x1f\x{7f}-\x{9f}]"


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold a control character."""
    for text in view.texts:
        if not _any_control(text.odd):
            continue
        for index in text.matching(_RE2):
            found = CONTROLS.findall(text.values[index].as_py())
            row, path = text.place(index)
            message = f"{_counted(len(found))} in the text, the first U+{ord(found[0]):04X}"
            yield Finding(row, message, path, "no control characters", f"U+{ord(found[0]):04X}")


def _any_control(odd: bytes) -> bool:
    return bool(odd) and (bool(odd.translate(None, HIGH)) or (b"\xc2" in odd and _C1.search(odd) is not None))


def _counted(count: int) -> str:
    return "a control character" if count == 1 else f"{count:,} control characters"
