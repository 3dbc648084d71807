"""Undo text that was read in the wrong encoding, with ftfy: `cafÃ©` becomes `café`.

Only where ftfy is sure of the way back without loss; nothing else that ftfy can do is done. It is a package of its own:
`pip install 'sftformat[repair]'`.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from sftformat.rules.view import Text


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


def suspects(text: Text) -> list[int]:
    """Return the indexes of the texts that are not plain ASCII and look like mojibake."""
    if not text.odd:
        return []
    from ftfy.badness import is_bad

    found = text.matching(r"[^\x00-\x7f]")
    return [index for index in found if is_bad(text.values[index].as_py())]


def available() -> str | None:
    """Return the version of ftfy, None where it is not installed."""
    return version("ftfy") if find_spec("ftfy") else None
