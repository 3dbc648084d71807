"""Text from the data, made safe for a terminal and short enough for a message."""

from __future__ import annotations

import re
from functools import cache

from sftformat.masking import without_secrets

# Everything that a terminal could take for a command or that cannot be seen: C0 and C1 controls, DEL, bidi controls,
# zero-width and other invisible format characters, lone surrogates, line separators.
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    number = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def visible(text: str) -> str:
    """Return text with every control, bidi and invisible character as a visible escape (`\\x1b`, `\\u202e`, `\\n`)."""
    return text if text.isascii() and text.isprintable() else _unsafe().sub(_escape, text)


@cache
def _unsafe() -> re.Pattern[str]:
    return re.compile(_UNSAFE)  # takes some milliseconds, which a start is to do without


def clip(value: object, limit: int = 80) -> str:
    """Return at most `limit` characters of a value for a message; what was cut is shown by an ellipsis.

    Of a key or token inside it no more than four characters are shown.
    """
    text = without_secrets(value if isinstance(value, str) else repr(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"
