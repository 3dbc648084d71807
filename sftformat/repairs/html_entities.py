"""Write HTML entities as the characters they stand for: `&lt;` becomes `<`.

Only in texts that SFT209 finds: where a record speaks of HTML, its entities stay. Only whole entities with their
semicolon, so `?a=1&copy=2` stays. One that stands for nothing, for a control character
or for half a UTF-16 pair stays too. `&amp;lt;` becomes `<`: what was escaped twice is unescaped twice.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

from sftformat.rules.html_leftover import unwanted
from sftformat.rules.view import Text, View

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")


def repaired(text: str) -> str:
    """Return a text with its entities as characters."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    entity = match.group()
    found = html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], "")
    return found if found and not _UNWANTED.search(found) else entity


def suspects(text: Text, view: View) -> list[int]:
    """Return the indexes of the texts that SFT209 finds."""
    return [index for index, _ in unwanted(text, view)]
