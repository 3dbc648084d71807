r"""Flag a text with letters that were UTF-8 and were read in another encoding: `cafÃ©`, `donâ€™t`, `РїСЂРёРІРµС‚`.

Only what turns into sensible letters when it is read again is flagged; one finding a text, with the first such word.

Why it matters: the model learns two spellings of a word, one of which nobody writes, and the tokenizer cuts it to bits.

What to do: read the original file as UTF-8, or mend the texts with `--unsafe-fixes`, which leaves tokens with offsets.

Breaks it:
    {"id": "1", "input": "We met in a cafÃ©.", "target": "pos"}

Breaks it:
    {"id": "1", "input": "I donâ€™t know.", "target": "neg"}

Keeps it:
    {"id": "1", "input": "São Paulo, ÂNGELO, «CAFÉ», 5 £, a letra Ã, “quoted”", "target": "pos"}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.signs import FORMAT, LATIN, SCRIPT, Signs, pair_table
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
        for index, value in text.some(candidates(text.signs)):
            if found := misread(value):
                written, meant = found
                row, path = text.place(index)
                message = f"read in the wrong encoding: {quoted(written)} was {quoted(meant)}"
                yield Finding(row, message, path, clip(meant), clip(written))


def misread(text: str) -> tuple[str, str] | None:
    """Return the first word of a text that was read in the wrong encoding, and what it was; None when there is none."""
    ftfy, config = fixing()
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
def fixing() -> tuple[Any, Any]:
    """Return ftfy and how it is to be used; it takes long to import, and most data has no text for it."""
    import ftfy
    import ftfy.badness

    # A blank after Ã is a blank, not half of à; controls are SFT205's.
    return ftfy, ftfy.TextFixerConfig(restore_byte_a0=False, fix_c1_controls=False)


# What follows is the prefilter: texts in which characters stand side by side that UTF-8 begins with when it is read as
# something else. For letters that are no ASCII but Latin the tables of the encodings say so, a bit for each encoding.
_ENCODINGS = ("latin-1", "cp1252", "cp1250", "cp1254", "cp1257", "mac_roman")
_HALF = int.from_bytes("Â".encode())


def _letters(first: int, last: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield each byte of a range, the bit of each encoding that has a letter for it, and the letter in UTF-8."""
    for bit, encoding in enumerate(_ENCODINGS):
        for byte in range(first, last):
            yield byte, 1 << bit, bytes([byte]).decode(encoding, "ignore").encode()


def _table(letters: Iterable[tuple[int, bytes]]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the bits of letters of two bytes by these as one number, of those of three by the last two."""
    table = np.zeros(1 << 16, np.uint8)
    for bit, letter in letters:
        table[int.from_bytes(letter[-2:])] |= bit
    return table


_C1 = [(0xFF, chr(number).encode()) for number in range(0x80, 0xA0)]  # what an encoding has no letter for
_LEAD = _table((bit, letter) for _, bit, letter in _letters(0xC2, 0xF1) if len(letter) == 2)
#: Those of the first bytes of three; `â` begins every sign, and often the third is lost.
_LEAD_OF_THREE = _table(
    (bit, letter) for byte, bit, letter in _letters(0xE0, 0xF0) if len(letter) == 2 and byte != 0xE2
)
_NEXT = _table([*_C1, *((bit, letter) for _, bit, letter in _letters(0x80, 0xC0) if len(letter) == 2)])
_NEXT_WIDE = _table((bit, letter) for _, bit, letter in _letters(0x80, 0xC0) if letter[:1] == b"\xe2")

# Read as Mac Roman or CP437: √ ‚ „ ‰ ‡ ◊ ├ ┬, then anything that is not ASCII.
_WIDE, _WIDE_END = (pair_table(letter.encode()[start:] for letter in "√‚„‰‡◊├┬") for start in (0, 1))
# Read as Windows-1251: Р С В Г and a sign, or вЂ, which begins every sign; as CP437: Γ and Ç.
_SCRIPT = pair_table(letter.encode() for letter in "РСВГΓ")
_SIGN_BEGUN = "вЂ".encode()


def candidates(signs: Signs) -> Indices:
    """Return the indexes of the texts that may have been read in the wrong encoding."""
    if not signs.present & (LATIN | FORMAT | SCRIPT):
        return signs.owners()
    before_sign = signs.pairs(SCRIPT, LATIN | FORMAT, 2)
    before_sign = before_sign[_SCRIPT.take(signs.two(before_sign))]
    return signs.owners(_latin(signs), _wide(signs), before_sign, signs.find(_SIGN_BEGUN, SCRIPT))


def _latin(signs: Signs) -> Indices:
    two, after = signs.codes(LATIN, 2), signs.ahead(signs.at(LATIN), 2)
    half = signs.at(LATIN)[(two == _HALF) & (after == ord(" "))]
    begun = np.flatnonzero((_LEAD.take(two) != 0) & (after >= 0x80))
    at, two = signs.at(LATIN)[begun], two[begun]
    lead, of_three = _LEAD.take(two), _LEAD_OF_THREE.take(two)
    second, width = _next(signs, at + 2)
    of_two = at[(lead & ~of_three & second) != 0]
    longer = np.flatnonzero(of_three & second)
    third, _ = _next(signs, at[longer] + 2 + width[longer])
    of_three = of_three[longer] & second[longer] & third
    return np.concatenate((of_two, at[longer[of_three != 0]], half))


def _next(signs: Signs, at: Indices) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], Indices]:
    """Return for these positions the bits of the letter there as a byte that UTF-8 goes on with, and its length."""
    wide = signs.ahead(at, 0) == 0xE2
    bits = np.where(wide, _NEXT_WIDE.take(signs.two(at + 1)), _NEXT.take(signs.two(at)))
    return bits, np.where(wide, 3, 2)


def _wide(signs: Signs) -> Indices:
    likely = np.flatnonzero(_WIDE.take(signs.codes(FORMAT, 2)))
    found = signs.at(FORMAT)[likely]
    return found[_WIDE_END.take(signs.codes(FORMAT)[likely] & 0xFFFF) & (signs.ahead(found, 3) >= 0x80)]
