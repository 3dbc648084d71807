"""Formats that are told by a line of theirs, as their endings say too little: data of Rasa, and YAML at all."""

from __future__ import annotations

import re
from pathlib import Path

from sftformat.formats.container import open_regular
from sftformat.formats.source import by_name

#: So much of a file in a folder is looked at.
_LOOKED_AT = 1 << 16
_NLU = re.compile(rb"^(\xef\xbb\xbf)?nlu[ \t]*:", re.MULTILINE)
_INTENT = re.compile(rb"^(\xef\xbb\xbf)?##[ \t]*intent[ \t]*:", re.MULTILINE)


def told(hint: str, text: bytes) -> str | None:
    """Return the format of a text by its start, in UTF-8; `hint` is what its name says."""
    if hint in ("yaml", "") and _NLU.search(text):
        return "rasa"
    if hint == "yaml":
        return "yaml"
    if hint == "" and _INTENT.search(text):
        return "rasa-md"
    rasa = text.lstrip()[:1] == b"{" and b'"rasa_nlu_data"' in text[:_LOOKED_AT]
    return "rasa-json" if hint in ("json", "") and rasa else None


def is_data(path: Path) -> bool:
    """Whether a file in a folder is data: its name says a format of ours, and where many are named so its content."""
    hint = by_name(path.name)
    if hint is not None and hint[0] != "yaml":
        return True
    if hint is None and path.suffix.lower() != ".md":
        return False
    with open_regular(path, path.name) as file:
        return (told("yaml" if hint else "", file.read(_LOOKED_AT)) or "").startswith("rasa")
