"""Laws of words: the ids of the reference library with `is_pretokenized`, and words begin where they begin there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.errors import UsageError
from sftformat.tokenize.template import Part, Template
from sftformat.tokenize.words import (
    choose_words,
    differing_words,
    encode_words,
    words_by_reference,
    words_checked,
    words_of,
)
from tests.tokenize.shard_samples import VOCABULARY, WORDS, save, word_piece
from tests.tokenize.test_encode import HOSTILE, reference

LISTS = pa.list_(pa.string())
word = st.one_of(st.sampled_from([*WORDS, *HOSTILE]), st.text(max_size=6))
rows = st.lists(st.lists(word, max_size=9), max_size=6)


@pytest.mark.parametrize("name", ["wordpiece", "bytes", "minilm"])
def test_same_ids_as_the_reference(name: str) -> None:
    found = reference(name)

    @settings(max_examples=150 if name != "minilm" else 25, deadline=None)
    @given(rows, st.integers(5, 30), st.sampled_from(["left", "right"]), st.integers(0, 2))
    def law(rows: list[list[str]], max_length: int, side: str, skip: int) -> None:
        sided = replace(found, side=side)
        column = pa.array([["skipped", "row"]] * skip + rows, LISTS).slice(skip)
        ours, theirs = encode_words(sided, column, max_length), words_by_reference(sided, column, max_length)
        for field in ("input_ids", "token_type_ids", "offsets", "full", "lost", "content", "unknown"):
            mine, other = getattr(ours.encoded, field), getattr(theirs.encoded, field)
            assert mine.dtype == other.dtype
            assert mine.tolist() == other.tolist(), field
        assert ours.begins.tolist() == theirs.begins.tolist()
        assert ours.bare.tolist() == theirs.bare.tolist()
        assert differing_words(sided, ours, column, max_length) is None

    law()


@given(rows, st.sampled_from(["left", "right"]), st.integers(4, 12))
@settings(max_examples=100, deadline=None)
def test_a_word_begins_where_the_library_says(rows: list[list[str]], side: str, max_length: int) -> None:
    found = replace(reference("wordpiece"), side=side)
    made = encode_words(found, pa.array(rows, LISTS), max_length)
    for number, words in enumerate(rows):
        whole = found.tokenizer.encode(words, is_pretokenized=True)
        numbers = [word for word in whole.word_ids if word is not None]
        first = [word if word not in numbers[:place] else -1 for place, word in enumerate(numbers)]
        keep = max_length - 2
        first = first[-keep:] if side == "left" else first[:keep]
        begins = made.begins[made.encoded.offsets[number] : made.encoded.offsets[number + 1]].tolist()
        assert begins == [-1, *first, -1]
        without = [place for place in range(len(words)) if place not in numbers]
        assert made.bare[number] == (without[0] if without else -1)


def test_same_ids_as_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    folder = save(tmp_path / "bert", word_piece(), model_max_length=16, do_lower_case=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    theirs = transformers.BertTokenizer.from_pretrained(folder)
    rows = [["good", "films", "a", "b", "1", "10"], ["the", "BAD", "film,", "ok"], ["Très", "bon"], ["not", "very"] * 9]
    for max_length in range(5, 20):
        made = encode_words(reference("wordpiece"), pa.array(rows, LISTS), max_length)
        wanted = theirs(rows, truncation=True, max_length=max_length, is_split_into_words=True)
        assert made.encoded.input_ids.tolist() == [token for row in wanted["input_ids"] for token in row]


def test_words_that_are_null_and_rows_that_are() -> None:
    column = pa.array([["a", None], None, []], LISTS)
    flat, offsets = words_of(column)
    assert (flat.to_pylist(), offsets.tolist()) == (["a", ""], [0, 2, 2, 2])
    assert encode_words(reference("wordpiece"), column, 8).bare.tolist() == [1, -1, -1]


def test_no_room_is_refused() -> None:
    for encode in (encode_words, words_by_reference):
        with pytest.raises(UsageError, match="no room"):
            encode(reference("wordpiece"), pa.array([["a"]], LISTS), 2)
        assert len(encode(reference("wordpiece"), pa.array([], LISTS), 8).encoded) == 0


def test_a_wrong_template_is_noticed() -> None:
    found = reference("wordpiece")
    column = pa.array([["good", "film"], ["bad"]], LISTS)
    wrong = replace(found, single=Template((Part(None, 2, 0), Part(0, -1, 0), Part(None, 4, 0))))
    assert choose_words(found, column, 8)[:2] == (encode_words, "")
    assert choose_words(wrong, column, 8)[:2] == (words_by_reference, "row 1 came out differently")
    assert choose_words(replace(found, single=None), column, 8)[0] is words_by_reference
    ids = words_by_reference(found, column, 8).encoded.input_ids.tolist()
    assert words_checked(found, column, 8).encoded.input_ids.tolist() == ids
    assert words_checked(wrong, column, 8).encoded.input_ids.tolist() == ids
