"""Remove characters that cannot be seen and say nothing: zero width spaces, soft hyphens, marks of direction.

They stay where they say something: joiners inside emoji and beside letters of Arabic, Indic and other scripts that
join, zero width spaces beside letters of Thai, Khmer and others that write no spaces, and marks of direction in a text
that holds a letter of Hebrew, Arabic or another script written from right to left.
"""

from __future__ import annotations

import re

from sftformat.rules.invisible_characters import candidates
from sftformat.rules.texts import holds
from sftformat.rules.view import Text

#: U+00AD, U+180E, U+200B-U+200F, U+202A-U+202E, U+2060-U+2064, U+2066-U+206F, U+061C, U+FEFF and tags, as a class.
_CLASS = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f"
#: U+FEFF, which is SFT007, in UTF-8.
_MARK = "\ufeff".encode()
_RE2 = (
    r"[\x{ad}\x{61c}\x{180e}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2064}\x{2066}-\x{206f}\x{feff}"
    r"\x{e0000}-\x{e007f}]"
)
#: A flag of England, Scotland or Wales holds tags; then any one character of the class.
_INVISIBLE = re.compile(f"(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|[{_CLASS}]")
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u180e\u200c\u200d")
#: Letters and marks of scripts written from right to left.
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u0604\u0606-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
#: Scripts whose letters join or stack, and emoji with what modifies them.
_JOINING = re.compile(
    "[\u0600-\u061b\u061d-\u08ff\u0900-\u0dff\u0e00-\u109f\u1700-\u180d\u180f-\u18af\u1900-\u1aff\u1b00-\u1c4f\ua800-\ua8df\ua930-\uaaff"
    "\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
_EMOJI = re.compile("[\u00a9\u00ae\u203c\u2049\u20e3\u2100-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff]")
#: Scripts that write no blank between words.
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u1950-\u1aaf\u1b00-\u1bff\ua980-\uaadf]")


def repaired(text: str) -> str:
    """Return a text without its invisible characters that say nothing."""
    if text.isascii() or not _INVISIBLE.search(text):
        return text
    right_to_left = _RIGHT_TO_LEFT.search(text) is not None
    return _INVISIBLE.sub(lambda match: match.group() if _says(match, right_to_left) else "", text)


def _says(match: re.Match[str], right_to_left: bool) -> bool:
    if match.group(1):
        return True
    text, at, character = match.string, match.start(), match.group()
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if character in _DIRECTION:
        return right_to_left
    if character in _JOINERS:
        joins = _JOINING.match(before) or _JOINING.match(after)
        return bool(joins or (character == "\u200d" and _EMOJI.match(before) and _EMOJI.match(after)))
    return character == "\u200b" and bool(_UNSPACED.match(before) or _UNSPACED.match(after))


def suspects(text: Text) -> list[int]:
    """Return the indexes of the texts that hold one of the characters."""
    there = len(candidates(text.signs)) or holds(text.values, _MARK)
    return text.matching(_RE2) if there else []
