"""Folding a column gives what folding each text gives, for every character and whatever stands beside it."""

from __future__ import annotations

import random
import sys
import unicodedata

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sftformat.rules.folding import all_folded, folded, folding

#: Characters of which most are folded by themselves, and those that join, expand or change with their neighbours.
TELLING = (
    "aB \0\t\u3000…№½ﬁＡａÉé\u0301e\u0300ΣσςİıßẞΆ가ᄀ\u1161\u11a8ก\u0e33\u0e48\u093f\u09be"
    "\u0bbe\u200c\u200d\ufdfa🎉\u1ee4\u0323"
)

texts = st.lists(st.text(TELLING, max_size=8) | st.text(max_size=8), min_size=1, max_size=12)


@given(texts)
def test_a_column_is_each_text(column):
    assert all_folded(pa.array(column, pa.string())) == [folded(text).encode() for text in column]


@given(texts)
def test_what_is_left_out_is_folded_already(column):
    places, found = folding(pa.array(column, pa.string()))
    after = dict(enumerate(column)) | dict(zip(places.tolist(), (text.decode() for text in found), strict=True))
    assert list(after.values()) == [folded(text) for text in column]


def test_every_character_beside_another():
    draw = random.Random(7)
    points = [point for point in range(1, 0x20000) if not 0xD800 <= point < 0xE000]
    column = [f"{chr(draw.choice(points))}{chr(point)}{chr(draw.choice(points))} {chr(point)}" for point in points]
    assert all_folded(pa.array(column)) == [folded(text).encode() for text in column]


def test_every_pair_that_is_written_as_one_character_is_joined():
    pairs = []
    for point in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and parts[0][0] != "<":
            pairs.append("".join(chr(int(part, 16)) for part in parts))
    column = [text for pair in pairs for text in (pair, f"x{pair}y", pair[0], pair[1])]
    assert len(pairs) > 1000
    assert all_folded(pa.array(column)) == [folded(text).encode() for text in column]


def test_nothing_to_fold():
    assert all_folded(pa.array([""])) == [b""]
    assert folding(pa.array([], pa.string()))[1] == []
    places, found = folding(pa.array([None, "É", None, "plain"]))
    assert (places.tolist(), found) == ([1], ["é".encode()])
