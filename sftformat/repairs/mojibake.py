"""Undo text that was read in the wrong encoding, with ftfy: `cafÃ©` becomes `café`.

Only texts that SFT207 finds, and where ftfy is sure of the way back without loss; nothing else that it can do is done.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sftformat.rules.mojibake import candidates, misread
from sftformat.rules.view import Text, View


@cache
def _setting() -> Any:
    from ftfy import TextFixerConfig

    return TextFixerConfig(replace_lossy_sequences=False, explain=False)


def repaired(text: str) -> str:
    """Return a text as it was before it was read in the wrong encoding."""
    if text.isascii():
        return text
    from ftfy import fix_encoding

    return fix_encoding(text, _setting())


def suspects(text: Text, _: View) -> list[int]:
    """Return the indexes of the texts that SFT207 finds."""
    return [index for index, value in text.some(candidates(text.signs)) if misread(value)]


def library() -> str:
    """Return the version of ftfy, which decides about the bytes that are written."""
    from importlib.metadata import version

    return version("ftfy")
