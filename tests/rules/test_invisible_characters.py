"""SFT208 invisible-characters."""

from __future__ import annotations

import pytest

from sftformat.rules.invisible_characters import INVISIBLE

CODE = "SFT208"

NOOP = [
    None,
    "",
    "plain, é, 中文，“引号”, no\u00a0break, thin\u2009space, line\u2028separator, ideographic\u3000space",
    "👩\u200d👩\u200d👧\u200d👦 👨🏽\u200d🚀 🏳\ufe0f\u200d🌈 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3 ☎\ufe0e",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # the flag of Scotland
    "می\u200cخواهم کتاب\u200cها را بخوانم",  # Persian
    "برای خروج Enter\u200c را بزنید",  # Persian, after a word of another script
    "क्\u200dष र्\u200d ക്\u200d শ\u200cৰ ක්\u200dර",  # Hindi, Malayalam, Assamese, Sinhala
    "ການ\u200bພັດທະນາ ภาษา\u200bไทย ភាសា\u200b\u200bខ្មែរ\u200b Lao, Thai, Khmer",
    "שלום\u200f, \u200eABC\u200e 123\u200f",
    "مرحبا \u202bABC\u202c \u2068x\u2069 \u061c!",
    "葛\U000e0100城",
    "ᠮᠣᠩᠭᠣᠯ\u180eᠠ",
    "\ufeffthe mark is SFT007",
    "caf\ufffd",
]


@pytest.mark.parametrize("text", NOOP)
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": text, "meta": "\u200b"}]) == []


@pytest.mark.parametrize(
    "text",
    [
        "もっ\u200bと",
        "a\u200cb",
        "a\u200d b",
        "👩\u200d",
        "left\u200eright",
        "a\u202eb",
        "שלום \u202eabc",  # an override is needed nowhere
        "\u2066a\u2069",
        "soft\u00adhyphen",
        "word\u2060joiner",
        "f\u2061(x)",
        "hidden\U000e0041\U000e0042",
        "😀\U000e0101\U000e0102",
        "x\U000e0100",
        "a\u061cb",
        "a\u180eb",
        "\ufff9a\ufffab\ufffb",
    ],
)
def test_finds(found, text):
    (finding,) = found(CODE, [{"input": "fine"}, {"input": text}])
    assert (finding.line, finding.path) == (2, "/input")
    assert finding.got.startswith("U+")


@pytest.mark.parametrize("number", [n for n in (*range(0x10000), *range(0xE0000, 0xE0200)) if INVISIBLE.match(chr(n))])
def test_finds_every_one_between_latin_letters(found, number):
    (finding,) = found(CODE, [{"input": f"a{chr(number)}b"}])
    assert finding.got == f"U+{number:04X}"


def test_counts_what_is_not_needed_and_names_the_first(found):
    (finding,) = found(CODE, [{"input": "می\u200cخواهم a\u200bb\u00adc"}])
    assert finding.message == "2 invisible characters in the text, the first U+200B (zero width space)"
