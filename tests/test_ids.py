"""Ids that are made: the same whichever way is quickest for the columns."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sftformat.ids import hash_texts, ids, learned_id
from sftformat.record import hash_records
from sftformat.schema.arrow import arrow_schema

from .formats.hostile import TEXTS

ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=8)


@given(ROWS, st.integers(0, 3))
def test_texts_in_columns_have_the_ids_of_their_records(rows: list[tuple[str, str, str]], before: int) -> None:
    names = ["input", "instruction", "target"]
    columns = [pa.array(["x"] * before + list(values), pa.string())[before:] for values in zip(*rows, strict=True)]
    made = hash_texts(names, columns)
    assert made == hash_records(names, list(zip(*rows, strict=True)))
    assert made.hex() == "".join(learned_id(names, row) for row in rows)


@given(ROWS)
def test_ids_are_equal_for_lists_and_arrays(rows: list[tuple[str, str, str]]) -> None:
    schema = arrow_schema("text-to-text")
    values = dict(zip(("target", "input", "instruction"), map(list, zip(*rows, strict=True)), strict=True))
    arrays = {name: pa.array(each, pa.string()) for name, each in values.items()}
    made = ids(arrays, len(rows), schema).to_pylist()
    assert made == ids(values, len(rows), schema).to_pylist()
    given_some = {**values, "id": ["own", *[None] * (len(rows) - 1)]}
    assert ids(given_some, len(rows), schema) == ["own", *made[1:]]
