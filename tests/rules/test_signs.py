"""The shared prefilter: what it says of bytes is so, and no rule misses a text because of it."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.check import Settings, active
from sftformat.rules import RULES
from sftformat.rules.control_characters import CONTROLS
from sftformat.rules.html_leftover import leftovers
from sftformat.rules.invisible_characters import invisible
from sftformat.rules.mixed_script_word import mixed
from sftformat.rules.mojibake import misread
from sftformat.rules.replacement_character import REPLACEMENT
from sftformat.rules.secret import secrets
from sftformat.rules.signs import CONTROL, FORMAT, LATIN, LETTER, MARKUP, SCRIPT, STRONG, WORD, Signs, pair_table
from sftformat.rules.template_leftover import MARK, PLACEHOLDER, stray_bounds
from sftformat.rules.view import View

from .conftest import batch

KINDS = (LETTER, WORD, MARKUP, CONTROL, LATIN, FORMAT, SCRIPT, STRONG)
#: Pieces that rules look for, halves of them, and what stands around them in honest texts.
PIECES = st.sampled_from(
    [
        *"abXÃÂ©é€™â√‚РСВѓ°а оeαΑ<>&#;{}[]|!",
        *(
            "\u200b",
            "\u200d",
            "\u00ad",
            "\u202e",
            "\u061c",
            "\ufeff",
            "\ufffd",
            "\U000e0041",
            "\U000e0101",
            "\x07",
            "\x85",
        ),
        *("👩", "می", "क्", "中", "“", "&amp;", "&#39;", "<br>", "<b>x</b>", "{{name}}", "<|im_end|>", "[INST]", "</s>"),
        *("### Response:\n", "AKIA5QZ7TRNVW2KXJ4MD", "AKIA5QZ7TR", "NVW2KXJ4MD", "word-word_", "\n", " "),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=12))
COLUMNS = st.lists(st.one_of(st.none(), TEXTS), max_size=8)

#: For each rule: what it looks for in one text, without any prefilter.
PLAIN: dict[str, Callable[[str], object]] = {
    "control-characters": CONTROLS.search,
    "replacement-character": lambda text: REPLACEMENT in text,
    "mojibake": misread,
    "invisible-characters": invisible,
    "html-leftover": leftovers,
    "template-leftover": lambda text: MARK.search(text) or PLACEHOLDER.search(text) or stray_bounds(text),
    "mixed-script-word": mixed,
    "secret": secrets,
}


def signs(texts: list[str | None]) -> Signs:
    return Signs(pa.array(texts, pa.string()))


@given(COLUMNS)
def test_kinds_are_those_of_the_bytes(texts):
    data = "".join(text or "" for text in texts).encode()
    seen = signs(texts)
    assert bytes(seen.bytes) == data
    assert seen.at(LETTER).tolist() == [place for place, byte in enumerate(data) if chr(byte) in string.ascii_letters]
    for kind in KINDS:
        at = seen.at(kind).tolist()
        assert at == [place for place, byte in enumerate(data) if int(seen.kinds[place]) & kind]
        codes = [int.from_bytes(data[place : place + 3].ljust(3, b"\0")) for place in at]
        assert seen.codes(kind).tolist() == codes
        assert bool(at) == bool(seen.present & kind)


@given(COLUMNS)
def test_owners_are_the_texts_that_hold_the_byte(texts):
    seen = signs(texts)
    letters = re.compile(r"[A-Za-z]")
    assert seen.owners(seen.at(LETTER)).tolist() == [i for i, text in enumerate(texts) if letters.search(text or "")]
    assert seen.owners(seen.at(LETTER), seen.at(LETTER)[:1]).tolist() == seen.owners(seen.at(LETTER)).tolist()


@given(st.lists(st.text("aab-_9 .é", max_size=40), max_size=8), st.integers(7, 30))
def test_no_run_is_missed(texts, length):
    seen = signs(texts)
    run = re.compile(rf"[A-Za-z0-9_-]{{{length}}}")
    assert {i for i, text in enumerate(texts) if run.search(text)} <= set(seen.owners(seen.runs(WORD, length)).tolist())


@given(st.lists(st.text("aaaaab-_9B .é", max_size=60), max_size=8), st.integers(7, 30))
def test_no_run_with_a_digit_or_capital_is_missed(texts, length):
    seen = signs(texts)
    some, run = seen.owners(seen.runs(WORD, length, STRONG)).tolist(), re.compile(rf"[A-Za-z0-9_-]{{{length},}}")
    assert {i for i, text in enumerate(texts) for each in run.findall(text) if re.search("[0-9A-Z]", each)} <= set(some)
    assert set(some) <= set(seen.owners(seen.runs(WORD, length)).tolist())


def test_a_run_without_digit_or_capital_is_left_out():
    texts = ["a-long-name_of-small-letters alone", "x " * 20, "the-same-with-a-digit-in-it-9"]
    assert signs(texts).owners(signs(texts).runs(WORD, 20, STRONG)).tolist() == [2]


@given(st.text("aab-_9 .é", max_size=40), st.integers(7, 30))
def test_runs_that_are_much_shorter_are_left_out(text, length):
    found = signs([text]).runs(WORD, length)
    assert not len(found) or re.search(rf"[A-Za-z0-9_-]{{{length - 6}}}", text)


@given(COLUMNS)
def test_pairs_are_found_inside_every_text(texts):
    seen = signs(texts)
    wanted = [i for i, text in enumerate(texts) if re.search("[A-Za-z][\u0380-\u04ff]", text or "")]
    assert set(wanted) <= set(seen.owners(seen.pairs(LETTER, SCRIPT, 1)).tolist())


@given(st.lists(st.text("abвЂ", max_size=6), max_size=6))
def test_a_piece_is_found_inside_every_text(texts):
    seen, wanted = signs(texts), [i for i, text in enumerate(texts) if "вЂ" in text]
    assert set(wanted) <= set(seen.owners(seen.find("вЂ".encode(), SCRIPT)).tolist())
    assert "вЂ" in "".join(texts) or not len(seen.find("вЂ".encode(), SCRIPT))


def test_a_slice_counts_from_its_own_start():
    whole = pa.array(["<a>", "b", "<c>"])
    part = Signs(whole.slice(1))
    assert part.owners(part.at(MARKUP)).tolist() == [1]
    assert Signs(whole.slice(3)).at(MARKUP).tolist() == []
    assert Signs(pa.array([], pa.string())).runs(WORD, 2).tolist() == []


def test_a_table_holds_the_first_two_bytes():
    assert np.flatnonzero(pair_table([b"<|im", b"{{"])).tolist() == [0x3C7C, 0x7B7B]


@given(COLUMNS)
@pytest.mark.parametrize("name", PLAIN)
def test_the_prefilter_misses_nothing_and_adds_nothing(name, texts):
    (rule,) = active(Settings((name,)), "classification")
    view = View(batch([{"input": text} for text in texts]), "classification")
    found = [finding.row for finding in rule.check(view, rule.thresholds)]
    assert found == [row for row, text in enumerate(texts) if text and PLAIN[name](text)]


# Without š: as Mac Roman it is ≈°, which an honest text may hold, so that it is not suspected there.
WORDS = st.sampled_from(
    [
        "café",
        "déjà",
        "señor",
        "Größe",
        "Ängste",
        "naïve",
        "façade",
        "“quoted”",
        "don’t",
        "5",
        "€",
        "—",
        "日本語",
        "привет",
        "мир",
        "שלום",
        "سلام",
        "😀",
    ]
)


@given(st.lists(WORDS, min_size=1, max_size=4), st.sampled_from(["cp1252", "latin-1", "cp1251", "cp1250", "mac_roman"]))
def test_the_prefilter_knows_every_encoding(words, encoding):
    text = " ".join(words).encode().decode(encoding, "ignore")
    (rule,) = active(Settings(("mojibake",)), "classification")
    view = View(batch([{"input": "fine"}, {"input": text}]), "classification")
    assert [finding.row for finding in rule.check(view, {})] == ([1] if misread(text) else [])


def test_every_rule_about_single_texts_is_held_here():
    about_texts = {rule.name for rule in RULES if "SFT205" <= rule.code <= "SFT212"}
    assert about_texts == set(PLAIN)
