"""The law of the tree: it makes of every word of ASCII letters and digits what the library makes of it."""

from __future__ import annotations

import random
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from sftformat.tokenize import pieces
from sftformat.tokenize.greedy import tree_of
from sftformat.tokenize.ids import by_library
from sftformat.tokenize.pieces import ids_of

from .definitions import reference
from .test_pieces import BERT, anew, expected, opened, split  # noqa: F401 - the fixture

ENTRY = st.text("abAB1é#_", min_size=1, max_size=4)
WORD = st.text("abAB1", min_size=1, max_size=9).map(str.encode)


@given(st.lists(ENTRY), st.sampled_from(["##", "_", "a", "1#", "é"]), st.lists(WORD, max_size=8), st.integers(1, 8))
def test_any_vocabulary_and_any_words(entries: list[str], inner: str, words: list[bytes], longest: int) -> None:
    every = ["[UNK]", *entries, *(inner + entry for entry in entries[::2])]
    vocabulary = {entry: number for number, entry in enumerate(dict.fromkeys(every))}
    model = models.WordPiece(
        vocabulary, unk_token="[UNK]", max_input_chars_per_word=longest, continuing_subword_prefix=inner
    )
    made = tree_of(vocabulary, inner, "[UNK]", longest).ids(words)
    assert made.lengths.tolist() == [len(model.tokenize(word.decode())) for word in words]
    assert made.tokens.tolist() == [token.id for word in words for token in model.tokenize(word.decode())]


@pytest.mark.parametrize("name", ["minilm", *BERT])
def test_words_that_come_many_at_a_time(name: str, anew: pytest.MonkeyPatch) -> None:  # noqa: F811
    anew.setattr(pieces, "_MANY", 1)
    anew.setattr(pieces, "_MOST_NEW", 99)
    draw, found = random.Random(7), reference(name)
    letters = string.ascii_letters + string.digits
    words = [
        "".join(draw.choices(letters, k=draw.choice((1, 2, 5, 9, 19, 20, 21, 99, 100, 101, 256, 257))))
        for _ in range(3000)
    ]
    words += ["good", "Goodly", "filmsing", "butts", "tt", "att", "10ing1s"]
    texts = [" ".join(draw.choices(words, k=9)) for _ in range(600)]
    assert split(ids_of(found, texts, threads=1)) == expected(found, texts)
    added = any(pattern.isalnum() for pattern in opened(name).cutting.patterns)
    assert (opened(name).tree is None) == added


def test_a_word_that_no_entry_begins_is_unknown_alone() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "good": 1, "##ly": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words = ["goodly", "goodl", "ly", "x", "goodlyly"]
    made = tree_of(tokenizer.get_vocab(), "##", "[UNK]", 100).ids([word.encode() for word in words])
    wanted = by_library(tokenizer, words)
    assert made.lengths.tolist() == wanted.lengths.tolist() == [2, 1, 1, 1, 3]
    assert np.array_equal(made.tokens, wanted.tokens)
