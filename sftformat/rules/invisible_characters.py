r"""Flag a text with characters that nobody sees: of no width, soft hyphens, marks that turn the direction, tags.

They are left alone where writing needs them: joiners in emoji and in Arabic, Persian and Indic words, zero width spaces
in Thai, Lao, Khmer, Burmese and Tibetan, direction marks in a text with Hebrew or Arabic letters (but never an
override), tags in flags, variation selectors. U+FEFF is SFT007.

Why it matters: two texts that look the same are not: duplicates are missed and a tokenizer cuts the word in two; and
what nobody sees can carry words that nobody wrote.

What to do: remove them; `--unsafe-fixes` does, but not from tokens with offsets.

Breaks it:
    {"id": "1", "input": "zero\u200bwidth", "target": "pos"}

Breaks it:
    {"id": "1", "input": "hy\u00adphen, \u202eesrever\u202c", "target": "pos"}

Keeps it:
    {"id": "1", "input": "👩\u200d👩\u200d👧 می\u200cخواهم क्\u200dष ❤\ufe0f", "target": "pos"}
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.signs import FORMAT, LATIN, Signs
from sftformat.rules.texts import Indices
from sftformat.rules.view import View

_TAGS = "\U000e0000-\U000e007f"
_SELECTORS = "\U000e0100-\U000e01ef"  # of ideographs; those of emoji are seen by what they do
INVISIBLE = re.compile(
    f"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufff9-\ufffb{_TAGS}{_SELECTORS}]"
)

# Scripts whose letters join or stack: Arabic to Mandaic, Indic, Tibetan, Burmese, Khmer, Mongolian, and their kin.
_JOINING = (
    "\u0600-\u061b\u061d-\u0fff\u1000-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00011fff"
)
_JOINED = re.compile(f"[{_JOINING}]")
# Scripts that write no blank between words.
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua980-\ua9df\uaa60-\uaadf]")
_PICTURES = "#*0-9\u00a9\u00ae\u200d\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NEEDED = (
    f"(?<=[{_JOINING}])[\u200c\u200d]+|[\u200c\u200d]+(?=[{_JOINING}])"
    f"|(?<=[{_PICTURES}\ufe0f\U000e007f])\u200d(?=[{_PICTURES}])"
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f"
    f"|(?<=[{_IDEOGRAPHS}])[{_SELECTORS}]"
    "|(?<=[\u1800-\u18af])\u180e|\u180e(?=[\u1800-\u18af])"
)
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]"
)
#: A text that holds a letter of one of these may hold the characters beside it anywhere.
_EXEMPT = (
    (_RIGHT_TO_LEFT, "\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"),
    (_JOINED, "\u200c"),
    (_UNSPACED, "\u200b"),
)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold a character that nobody sees and nothing needs."""
    for text in view.texts:
        for index, value in text.some(candidates(text.signs)):
            if found := invisible(value):
                row, path = text.place(index)
                name = f"U+{ord(found[0]):04X} ({unicodedata.name(found[0], 'no name').lower()})"
                message = f"{_counted(len(found))} in the text, the first {name}"
                yield Finding(row, message, path, "no invisible characters", f"U+{ord(found[0]):04X}")


def invisible(text: str) -> list[str]:
    """Return the characters of a text that nobody sees and that its script does not need, in order."""
    return [text[place] for place in needless(text)]


def needless(text: str) -> list[int]:
    """Return where in a text those characters stand. Without them, the others are needed as they were."""
    found = [match.start() for match in INVISIBLE.finditer(text)]
    if not found:
        return []
    needed = {place for match in _needed().finditer(text) for place in range(*match.span())}
    exempt = "".join(
        characters for script, characters in _EXEMPT if any(map(text.__contains__, characters)) and script.search(text)
    )
    return [place for place in found if place not in needed and text[place] not in exempt]


@cache
def _needed() -> re.Pattern[str]:
    return re.compile(_NEEDED)  # takes long, and few texts are asked for it


def candidates(signs: Signs) -> Indices:
    """The texts with a byte sequence that one of the characters begins with; see `INVISIBLE`."""
    soft_hyphen = signs.codes(LATIN, 2) == 0xC2AD
    code = signs.codes(FORMAT)
    two = code >> 8
    wanted = (two == 0xE281) | (two == 0xD89C) | (two == 0xF3A0) | (code == 0xE1A08E)
    wanted |= (code >= 0xE2808B) & (code <= 0xE2808F) | (code >= 0xE280AA) & (code <= 0xE280AE)
    wanted |= (code >= 0xEFBFB9) & (code <= 0xEFBFBB)
    return signs.owners(signs.at(LATIN)[soft_hyphen], signs.at(FORMAT)[wanted])


def _counted(count: int) -> str:
    return "an invisible character" if count == 1 else f"{count:,} invisible characters"
