r"""Flag a text with letters that were UTF-8 and were read in another encoding: `cafÃ©`, `donâ€™t`, `РїСЂРёРІРµС‚`.

Only what turns into sensible letters when it is read again is flagged; one finding a text, with the first such word.

Why it matters: the model learns two spellings of a word, one of which nobody writes, and the tokenizer cuts it to bits.

What to do: read the original file as UTF-8, or mend the texts with `--unsafe-fixes`.

Breaks it:
    {"id": "1", "input": "We met in a cafÃ©.", "target": "pos"}

Breaks it:
    {"id": "1", "input": "I donâ€™t know.", "target": "neg"}

Keeps it:
    {"id": "1", "input": "São Paulo, ÂNGELO, «CAFÉ», 5 £, a letra Ã, “quoted”", "target": "pos"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.signs import FORMAT, LATIN, SCRIPT, Signs, lead_table, pair_table
from sftformat.rules.texts import Indices
from sftformat.rules.view import View

_WORD = re.compile(r"[^ \t\n]*[^\x00-\x7f][^ \t\n]*")
# A no-break space of which Â was kept and the rest became a blank.
_HALF_BLANK = re.compile(r"[^ \t\n]*[a-z.,;:!?)]Â(?= )")
# What may come out: Latin letters, signs and pictures; letters of other scripts when several stand in a row, since
# capitals, quotes and signs side by side are one such letter by chance (`É»` is U+027B, `äÖ` U+E5D6).
_LIKELY = re.compile(
    "[\xa0-\u017f\u0192\u01a0\u01a1\u01af\u01b0\u0218-\u021b\u1e00-\u1eff\u2000-\u27bf\u2b00-\u2bff"
    "\ufb00-\ufb06\ufe0f\ufeff\ufffd\U0001f000-\U0001faff]"
)
_SEVERAL = re.compile(
    "[\u0370-\u0587\u05d0-\u05ea\u0621-\u06d3\u0900-\u10ff\u1780-\u17ff\u3000-\u30ff\u4e00-\u9fff"
    "\uac00-\ud7a3\uff00-\uffef]{2,}"
)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that were read in the wrong encoding."""
    for text in view.texts:
        for index, value in text.some(_candidates(text.signs)):
            if found := misread(value):
                written, meant = found
                row, path = text.place(index)
                message = f"read in the wrong encoding: {quoted(written)} was {quoted(meant)}"
                yield Finding(row, message, path, clip(meant), clip(written))


def misread(text: str) -> tuple[str, str] | None:
    """Return the first word of a text that was read in the wrong encoding, and what it was; None when there is none."""
    ftfy, config = _ftfy()
    if half := _HALF_BLANK.search(text):
        return half.group(), half.group()[:-1]
    if not ftfy.badness.is_bad(text):
        return None
    for word in _WORD.findall(text):
        if ftfy.badness.is_bad(word) and _is_sensible(word, mended := ftfy.fix_encoding(word, config)):
            return word, mended
    return None


def _is_sensible(word: str, mended: str) -> bool:
    """Whether bytes came together to letters that a text may hold; the same number of letters is another repair."""
    left = _SEVERAL.sub("", _LIKELY.sub("", mended))
    return len(mended) < len(word) and set(left) <= set(word)


@cache
def _ftfy() -> tuple[Any, Any]:
    import ftfy
    import ftfy.badness

    # A blank after Ã is a blank, not half of à; controls are SFT205's.
    return ftfy, ftfy.TextFixerConfig(restore_byte_a0=False, fix_c1_controls=False)


# Read as Latin-1, Windows-1252, -1250, -1254, -1257 or Mac Roman: a Latin letter that is not ASCII, then a sign or
# another such letter; · and ¬ are such a letter of Mac Roman.
_LATIN = pair_table(chr(number).encode() for number in (0xAC, 0xB7, *range(0xC0, 0x180)))
_AFTER_LATIN = lead_table("\x80éĀŐƒˆ€")
_HALF = int.from_bytes("Â ".encode())
# Read as Mac Roman or CP437: √ ‚ „ ‰ ‡ ├ ┬, then anything that is not ASCII.
_WIDE = pair_table(letter.encode() for letter in "√‚„‰‡├┬")
_WIDE_CODES = np.array([int.from_bytes(letter.encode()) for letter in "√‚„‰‡├┬"])
# Read as Windows-1251: Р С В Г and a sign, or вЂ; as CP437: Γ and Ç.
_SCRIPT = pair_table(letter.encode() for letter in "РСВГΓ")
_AFTER_SCRIPT = lead_table("\x80Ç€")
_VE = int.from_bytes("вЂ".encode()[:3])


def _candidates(signs: Signs) -> Indices:
    """The texts in which two characters stand side by side that UTF-8 begins with when it is read as something else."""
    latin, script = signs.codes(LATIN), signs.codes(SCRIPT)
    begun = signs.at(SCRIPT)[script == _VE]
    return signs.owners(
        signs.at(LATIN)[_LATIN.take(latin >> 8) & _AFTER_LATIN.take(latin & 0xFF) | (latin == _HALF)],
        _wide(signs),
        signs.at(SCRIPT)[_SCRIPT.take(script >> 8) & _AFTER_SCRIPT.take(script & 0xFF)],
        begun[signs.ahead(begun, 3) == "Ђ".encode()[1]],
    )


def _wide(signs: Signs) -> Indices:
    likely = _WIDE.take(signs.codes(FORMAT) >> 8)
    found = signs.at(FORMAT)[likely]
    return found[np.isin(signs.codes(FORMAT)[likely], _WIDE_CODES) & (signs.ahead(found, 3) >= 0x80)]
