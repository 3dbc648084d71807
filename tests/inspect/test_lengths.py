"""Lengths: counted as Python and the reference library count them; a limit cuts what it says it cuts."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.inspect.lengths import NO_LIMIT, STEP, advise, characters, count, summarize, tokens
from sftformat.schema.arrow import arrow_schema
from sftformat.tokenize.encode import encode
from sftformat.tokenize.load import Reference, make_reference
from tests.tokenize.shard_samples import word_piece

texts = st.text(max_size=20)
messages = st.lists(
    st.fixed_dictionaries({"role": st.just("user"), "content": st.none() | texts}), min_size=1, max_size=3
)


@cache
def reference() -> Reference:
    return make_reference("tiny", {"tokenizer.json": word_piece().to_str().encode()})


def rows_of(task: str, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=arrow_schema(task))


@given(st.lists(st.tuples(texts, st.none() | texts, st.none() | texts), min_size=1))
def test_characters_are_those_of_python(rows: list[tuple[str, str | None, str | None]]) -> None:
    batch = rows_of("classification", [{"input": a, "input_pair": b, "target": c} for a, b, c in rows])
    found = characters(batch, "classification")
    assert found["input"].tolist() == [len(a) for a, _, _ in rows]
    pairs = [len(b) for _, b, _ in rows if b is not None]
    assert found.get("input_pair", pa.array([])).tolist() == pairs
    if pairs:
        assert found["row"].tolist() == [len(a) + len(b or "") for a, b, _ in rows]
    assert "target" not in found


@given(st.lists(st.tuples(messages, messages), min_size=1))
def test_the_turns_of_a_conversation_count_together(rows: list[tuple[list[Any], list[Any]]]) -> None:
    batch = rows_of("chat", [{"input": a, "target": b} for a, b in rows])
    found = characters(batch, "chat")
    size = {
        key: [sum(len(turn["content"] or "") for turn in row[at]) for row in rows]
        for at, key in enumerate(("input", "target"))
    }
    for key, wanted in size.items():
        assert key not in found or found[key].tolist() == wanted
    assert sum(found["row"].tolist() if "row" in found else next(iter(found.values()), pa.array([])).tolist()) == sum(
        map(sum, size.values())
    )


@given(st.lists(st.tuples(texts, st.none() | texts), min_size=1))
def test_tokens_are_those_that_tokenize_would_make(rows: list[tuple[str, str | None]]) -> None:
    batch = rows_of("classification", [{"input": a, "input_pair": b} for a, b in rows])
    plain = reference().tokenizer
    wanted = [len((plain.encode(a) if b is None else plain.encode(a, b)).ids) for a, b in rows]
    assert tokens(batch, "classification", reference())["row"].tolist() == wanted


def test_rows_of_words_count_as_a_whole() -> None:
    rows = [["good", "films"], [], ["the", "bad", "é"]]
    batch = rows_of("token-classification", [{"input": words, "target": ["O"] * len(words)} for words in rows])
    wanted = [len(reference().tokenizer.encode(words, is_pretokenized=True).ids) for words in rows]
    assert tokens(batch, "token-classification", reference())["row"].tolist() == wanted == [5, 2, 5]


def test_the_fields_of_other_tasks_count_without_special_tokens() -> None:
    batch = rows_of("text-to-text", [{"input": "good film", "target": "bad"}, {"input": "", "target": None}])
    found = tokens(batch, "text-to-text", reference())
    assert {field: lengths.tolist() for field, lengths in found.items()} == {
        "input": [2, 0],
        "target": [1],
        "row": [3, 0],
    }


lengths = st.dictionaries(st.integers(2, 1500), st.integers(1, 50), min_size=1).map(Counter)


@given(lengths)
def test_the_proposal_cuts_at_most_one_percent_or_is_the_longest_possible(histogram: Counter[int]) -> None:
    made = advise(histogram, reference())
    (proposed,) = [limit for limit in made.limits if limit.max_length == made.proposed]
    assert made.most == 512
    assert made.proposed == made.most or proposed.rows * 100 <= histogram.total()
    assert made.proposed % STEP == 0
    shorter = sum(rows for length, rows in histogram.items() if length > made.proposed - STEP)
    assert made.proposed == STEP or shorter * 100 > histogram.total()
    for limit in made.limits:
        each = [length for length, rows in histogram.items() for _ in range(rows)]
        assert limit.rows == sum(length > limit.max_length for length in each)
        assert limit.tokens == sum(max(0, length - limit.max_length) for length in each)


@given(st.lists(st.tuples(texts, st.none() | texts), min_size=1), st.integers(4, 12))
def test_what_a_limit_cuts_is_what_tokenize_loses(rows: list[tuple[str, str | None]], max_length: int) -> None:
    columns = [a for a, _ in rows], [b for _, b in rows]
    whole, cut = (encode(reference(), *columns, length) for length in (NO_LIMIT, max_length))
    over = [max(0, length - max_length) for length in whole.full.tolist()]
    assert cut.lost.tolist() == over


@given(st.lists(st.lists(st.integers(0, 9)), max_size=4))
def test_batches_add_up(batches: list[list[int]]) -> None:
    histograms: dict[str, Counter[int]] = {}
    for batch in batches:
        count(histograms, {"row": pa.array(batch, pa.int64()).to_numpy()})
    every = [length for batch in batches for length in batch]
    if batches:
        made = summarize(histograms["row"])
        assert (made.rows, made.total, made.ranks[100]) == (len(every), sum(every), max(every, default=0))


@pytest.mark.parametrize(("most", "proposed"), [(16, 16), (None, 104)])
def test_no_limit_beyond_what_the_tokenizer_is_made_for(most: int | None, proposed: int) -> None:
    config = b"{}" if most is None else b'{"model_max_length": %d}' % most
    own = make_reference("tiny", {"tokenizer.json": word_piece().to_str().encode(), "tokenizer_config.json": config})
    made = advise(Counter({100: 5}), own)
    assert made.proposed == proposed
    assert all(limit.max_length <= made.most for limit in made.limits)
