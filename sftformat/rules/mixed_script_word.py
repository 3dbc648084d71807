r"""Flag a word with letters of another script that look like its own: `pаypal` with a Cyrillic `а`.

Latin with Cyrillic or Greek, of which the fewer letters all have a twin in the script of the others. Letters that look
like none (`μm`, `kΩ`, `β2`, `ΔE`), an ending of the language of the record (`DVDа` in Russian, `PCшка`), formulas
(`Tμν`), emoticons (`ХDDD`), ranges (`[а-яёa-z]`), words joined by a hyphen, and every other mix of scripts are left
alone.

Why it matters: the word looks right and is another one: the tokenizer cuts it to letters, duplicates and forbidden
words are not found. Such letters come from keyboards, scans and from people who avoid a filter.

What to do: write the word in one script.

Breaks it:
    {"id": "1", "input": "Log in to p\u0430ypal now", "target": "neg"}

Breaks it:
    {"id": "1", "input": "Bce хop\u043eшо, \u0430 вoт", "target": "pos"}

Keeps it:
    {"id": "1", "input": "Covid-19, 5 μm, kΩ, ΔE, ООО Google, IT-отдел, DVDа и CDшки, ＡＢＣ漢字かな", "target": "pos"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.signs import LATIN, LETTER, SCRIPT, Signs
from sftformat.rules.texts import Indices
from sftformat.rules.view import View

_LATIN, _CYRILLIC, _GREEK = "A-Za-zÀ-ÖØ-öø-ſ", "\u0400-\u052f", "\u0370-\u03ff"
_WORD = re.compile(f"[{_LATIN}{_CYRILLIC}{_GREEK}\u0300-\u036f]{{3,}}")
_LETTERS = {
    "Latin": re.compile(f"[{_LATIN}]"),
    "Cyrillic": re.compile(f"[{_CYRILLIC}]"),
    "Greek": re.compile(f"[{_GREEK}]"),
}
_ACCENTED = re.compile("[\u0386\u0388-\u0390\u03aa-\u03b0\u03ca-\u03ce\u0301\u0308]")
#: So many letters without an accent are no formula.
_WRITTEN_OUT, _IN_CAPITALS = 6, 5
# `PCшка`, `pHметр`: an abbreviation with the rest of a word of the language.
_ABBREVIATED = re.compile("[A-Za-z]+[A-Z][\u0430-\u052f]{2,}")
_EMOTICON = re.compile("[XxХх]+[DДdд]+")
_IN_RANGES = re.compile(r"(?<=[\[^-])\w+-[zZяЯ]")
_OWN_WORD = {name: re.compile(rf"\b{letter.pattern}{{2,}}\b") for name, letter in _LETTERS.items()}

#: By the scripts of a word and of an intruder: letters of the intruder's script, each over its twin in the word's.
TWINS = {
    ("Latin", "Cyrillic"): dict(zip("асеорхуіјѕһԁԛԝАВЕКМНОРСТХІЈЅ", "aceopxyijshdqwABEKMHOPCTXIJS", strict=True)),
    ("Latin", "Greek"): dict(zip("οΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oABEZHIKMNOPTYX", strict=True)),
    ("Cyrillic", "Latin"): dict(zip("aceopxyijABEKMHOPCTXIJ", "асеорхуіјАВЕКМНОРСТХІЈ", strict=True)),
    ("Greek", "Latin"): dict(zip("oABEZHIKMNOPTYX", "οΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", strict=True)),
}


@dataclass(frozen=True, slots=True)
class Mixed:
    """A word, the script of most of its letters, the first letter of another one, and that one's script."""

    word: str
    script: str
    letter: str
    other: str


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold a word of two scripts that look alike; one finding a text."""
    for text in view.texts:
        for index, value in text.some(_candidates(text.signs)):
            row, path = text.place(index)
            if mixed(value) and (found := mixed(value, view.whole(row))):
                twin = TWINS[found.script, found.other][found.letter]
                message = (
                    f"{quoted(found.word)} is {found.script} but for {found.other} U+{ord(found.letter):04X}, "
                    f"which looks like {quoted(twin)}"
                )
                yield Finding(row, message, path, "words of one script", clip(found.word))


def mixed(text: str, record: str = "") -> Mixed | None:
    """Return the first word of a text that mixes scripts unseen; None when there is none.

    `record` is what else its record says: it shows the language whose endings the text may hold.
    """
    for match in _WORD.finditer(text):
        word = match.group()
        if not (found := _mix(word)) or _is_glued(word) or _IN_RANGES.match(text, match.start()):
            continue
        if not _is_inflected(found, text) and not _is_inflected(found, record):
            return found
    return None


def _mix(word: str) -> Mixed | None:
    found = {name: letters for name, each in _LETTERS.items() if (letters := each.findall(word))}
    if len(found) != 2 or "Latin" not in found:
        return None
    script, other = sorted(found, key=lambda name: len(found[name]), reverse=True)
    if len(found[script]) == len(found[other]) or not set(found[other]) <= TWINS[script, other].keys():
        return None
    if _is_formula(word) if script == "Greek" else _EMOTICON.fullmatch(word):
        return None
    return Mixed(word, script, found[other][0], other)


def _is_formula(word: str) -> bool:
    """Whether Greek letters are signs of something rather than a word: `ΣΔA`, `Tμν`; a word has an accent."""
    return len(word) < (_IN_CAPITALS if word.isupper() else _WRITTEN_OUT) and not _ACCENTED.search(word)


def _is_glued(word: str) -> bool:
    """Whether the script changes where a capital follows a small letter, `iФон`, or behind an abbreviation."""
    latin = _LETTERS["Latin"]
    return bool(_ABBREVIATED.fullmatch(word)) or any(
        bool(latin.match(one)) != bool(latin.match(two)) and one.islower() and two.isupper()
        for one, two in pairwise(word)
    )


def _is_inflected(found: Mixed, text: str) -> bool:
    """Whether the other letters are the ending that the language of the text gives to a Latin name."""
    stem = found.word.rstrip("".join(TWINS[found.script, found.other]))
    if found.script != "Latin" or _LETTERS[found.other].search(stem):
        return False
    return _OWN_WORD[found.other].search(text) is not None


def _candidates(signs: Signs) -> Indices:
    """The texts in which a Latin letter stands beside a Greek or Cyrillic one; all but ASCII are of two bytes."""
    before, after = signs.pairs(LATIN, SCRIPT, 2), signs.pairs(SCRIPT, LATIN, 2)
    return signs.owners(
        signs.pairs(LETTER, SCRIPT, 1),
        signs.pairs(SCRIPT, LETTER, 2),
        before[signs.ahead(before, 0) != 0xC2],  # signs, no letters
        after[signs.ahead(after, 2) != 0xC2],
    )
