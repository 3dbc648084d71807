"""SFT207 mojibake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.rules.mojibake import misread

CODE = "SFT207"

NOOP = [
    "São João não é a mãe; ÂNGELO, CORAÇÃO, AÇÕES",  # Portuguese
    "A letra Ã é nasal. Ã, Â, É",
    "litera Â este rară, ca și Ă",  # Romanian
    "Tiếng Việt: đã ươm, Ở đâu? Đôi ÂN NGHĨA",
    "«CAFÉ» “PASSÉ…” NESTLÉ® É» à « voilà » Œuvre",
    "it costs £5, 5 €, 20 ¢, 5 °C, ½ ± 2, 3 × 4, § 5, ¡Hola! ¿Qué?",
    "“curly”, ‘quotes’, „deutsch“, »so«, it’s — yes … •",
    "SÅ”, sa hon. ÄÖÜ äöü ß ÄÖ",  # Swedish, German
    "ESPAÑ” x, “NIÑ”",
    "İstanbul, IĞDIR, şöyle, Ğ",
    "žluťoučký kůň úpěl ďábelské ódy, ŘÍZEK, Łódź, Ĺ",
    "СССР» и «В» — Россия, Р. С. Т., ВГРС, Ђорђе, ЏЕП",
    "Ελλάδα, ΓΗ, β€ 5",
    "x√² ≤ 3, √≈ç√∫˜µ≤≥÷, åß∂ƒ©˙∆˚¬…æ",
    "表ポあA鷗ŒéＢ逍Üßªąñ丂㐀𠀀",
    "├── a\n│   └── b\n├── é",
    "中文，“引号”。日本語。한국어",
    "(╯°□°）╯︵ ┻━┻ ಠ_ಠ ¯\\_(ツ)_/¯",
    "caf\ufffd",
    "it\x92s fine",
]
WRONG = {
    "cafÃ©": "café",
    "donâ€™t": "don’t",
    "FranÃ§oise": "Françoise",
    "Ã\x89poque": "Époque",
    "StraÃŸe": "Straße",
    "Å¡kola": "škola",
    "Â£5": "£5",
    "5Â°C": "5°C",
    "firstÂ": "first",
    "â‚¬": "€",
    "ðŸ˜€": "😀",
    "РїСЂРёРІРµС‚": "привет",
    "Ð¿Ñ€Ð¸Ð²ÐµÑ‚": "привет",
    "ä¸\xadæ–‡å\xad—": "中文字",
    "Ø³Ù„Ø§Ù…": "سلام",
    "caf√©": "café",
    "Ă©cole": "école",
}


@pytest.mark.parametrize("text", NOOP)
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": "x"}, {"input": f"{text} {text}", "target": text}]) == []


@pytest.mark.parametrize("word", WRONG)
def test_finds_the_word_and_says_what_it_was(found, word):
    (finding,) = found(CODE, [{"input": "fine"}, {"input": f"well, {word} is so"}])
    assert (finding.line, finding.path, finding.got, finding.expected) == (2, "/input", word, WRONG[word])
    assert finding.message == f'read in the wrong encoding: "{word}" was "{WRONG[word]}"'


@given(st.text(st.characters(max_codepoint=0x7F), max_size=40))
def test_ascii_is_never_wrong(text):
    assert misread(text) is None


# A capital only in front: what comes out of `ßÄÄ` is again mojibake to ftfy, which goes on to Cherokee.
@given(st.sampled_from(["", *"ÄÖÜÅÉ"]), st.text("äöüßéèêçáíóúñãõâôåæø", min_size=2, max_size=8))
def test_a_word_read_as_latin_1_is_found_and_the_word_is_not(capital, letters):
    word = capital + letters
    assert misread(word.encode().decode("latin-1"))
    assert misread(f"das {word} ist") is None
