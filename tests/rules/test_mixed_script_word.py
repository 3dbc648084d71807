"""SFT211 mixed-script-word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.rules.mixed_script_word import TWINS, mixed

CODE = "SFT211"

NOOP = [
    None,
    "Covid-19, naïve café, plain",
    "5 μm, 3 μs, kΩ, MΩ, ΔE, ΔT, λx, πr², σx, βcell, α-helix, Ωm, μAh",
    "A = ΣΔA = Σ(2πr dr)",
    "ООО Google, ЗАО IBM, ВАЗ-2107, БМВ X5, А123ВС77, COVID-19 в Москве",
    "IT-отдел, e-mail'ом, Wi-Fi роутер, PDF-файл, Unix-системы, интернет-site",
    "нет DVDа, два CDшки и SMSки, USBшный, IMAXе",  # Russian endings
    "iФон и ЯндексMaps, deriveΑ α, моя страницаGoogle",  # a blank is missing
    "getИмя newРост",
    "Њујорк, јабука, Київ, їжак, қазақ, Ґанок, ԛурд",
    "Ελλάδα και Κύπρος, Αθήνα IBM",
    "ＡＢＣ漢字かなカナ, Tシャツ, カラオケbox, A型, K팝, 卡拉OK, X光",
    "ðe þing, ɑ is Latin, ŋ, ə",
    "Ke$ha, l33t, SЦPЯEME",
]
WRONG = [
    "p\u0430ypal",
    "G\u043e\u043egle",
    "Micr\u043esoft",
    "\u0410pple",
    "c\u043eвет",
    "хop\u043eшо",
    "Cтатычныя",
    "моделoт",
    "iснуе",
    "εκατομμύριo",
    "\u0391thens",
    "vit\u03bf",
]


@pytest.mark.parametrize("text", NOOP)
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": "x"}]) == []


@pytest.mark.parametrize("word", WRONG)
def test_finds(found, word):
    (finding,) = found(CODE, [{"input": "fine"}, {"input": f"so, {word}!", "target": "x"}])
    assert (finding.line, finding.path, finding.got) == (2, "/input", word)


def test_says_which_letter(found):
    (finding,) = found(CODE, [{"input": "p\u0430ypal and G\u043e\u043egle"}])
    assert finding.message == '"p\u0430ypal" is Latin but for Cyrillic U+0430, which looks like "a"'


def test_an_ending_is_one_only_where_the_language_is_spoken(found):
    assert found(CODE, [{"input": "нет DVD\u0430"}]) == []
    assert len(found(CODE, [{"input": "no DVD\u0430"}])) == 1


@given(st.text("abcdefghij -'", min_size=3), st.text("бгджзилмн -'", min_size=3), st.text("αβγδεζηθ -'", min_size=3))
def test_words_of_one_script_are_never_mixed(latin, cyrillic, greek):
    assert mixed(f"{latin} {cyrillic} {greek} {latin}") is None


@given(st.sampled_from(sorted(TWINS["Latin", "Cyrillic"])), st.text("bfgkmtz", min_size=2, max_size=6), st.data())
def test_one_letter_inside_a_word_is_always_found(letter, word, data):
    at = data.draw(st.integers(1, len(word) - 1))
    swapped = f"{word[:at]}{letter.lower()}{word[at:]}"
    if letter.islower():
        found = mixed(f"the {swapped} word")
        assert found is not None
        assert (found.word, found.letter, found.script) == (swapped, letter, "Latin")
