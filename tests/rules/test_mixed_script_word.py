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
    "PCшка и PCшник, HRы, pHметр, 3Dмодель, XIXв, SQLзапрос, GБ и кВт·h",
    "лол ХDDD и XДДД, хDD",
    "[а-яёa-z], [^а-яА-ЯёЁa-zA-Z0-9_]+, [А-ЯЁA-Z]",
    "Tμν = Bαβ Nμν, Eβγ, Tαβγδ, kT, hν, Σxᵢ, λx.x, sinθ, rcosφ, ρgh, (x̄, p̂, β̂)",
    "5µF, 10 µg/mL, 25οC, 17β-Estradiol, α-Keto, NFκB, IFNγ, CaMKIIα, GTPγS, ΔFosB, APOEε4, IL-2Rβ, χ2, χ²",
    "Яndex, ToysЯUs, КоЯn, TETЯIS, BORДT, vk.com/привет, @user_Иван, test_тест, C:\\Users\\Иван",
    "æмæ, hәм, Ғалым, ІТ-компания, Тоҷикистон, сѷнодъ, Ѳеодоръ, ⲁⲃⲅ, ᏣᎳᎩ ᎠᏂ",
    "βγ線, Ωマーク, (゜Д゜), щ(ﾟДﾟщ), Я君, AKB48のβ版",
    "/ðə θɪŋk/, [xaχa], [βaðe], ɑ, Hawaiʻi, Qurʼān",
    "mRNA-ι, ένα SMS, το DNA, ΔABΓ, AΒ, MΓ, ΑΦΜ 123",
    "ГОСТ 12Х18Н10Т, А123ВС, VIIв, COVID19вМоскве, Toyota'ой, Google’а",
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
    "A\u03b8\u03ae\u03bd\u03b1",
    "A\u0398\u0397\u039d\u0391",
    "X\u0456\u0425",
    "\u0410BC",
    "\u0420\u0410yPal",
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


def test_an_ending_is_one_also_where_another_token_shows_the_language(found):
    tokens = {"input": ["нет", "DVD\u0430"], "target": ["O", "O"]}
    assert found(CODE, [tokens], "token-classification") == []
    tokens["input"][0] = "no"
    assert len(found(CODE, [tokens], "token-classification")) == 1


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
