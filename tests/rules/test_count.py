"""Counts of parts: put together in any order they are the count of the whole, with its first places."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sftformat.record import Place
from sftformat.rules.count import LATER, Count, merged, tallied

places = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), min_size=1, max_size=30, unique=True)


def counted(at: list[tuple[int, int]]) -> Count:
    ordered = sorted(at)
    named = [(unit, row, Place("a", 100 * unit + row, None)) for unit, row in ordered]
    return Count(len(at), *ordered[0], "train", named[0][2], named[1 : LATER + 1])


@given(places, st.data())
def test_parts_together_are_the_whole(at: list[tuple[int, int]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(at)))
    parts = data.draw(st.permutations([{"x": counted(part)} for part in (at[:cut], at[cut:]) if part]))
    assert merged(parts) == {"x": counted(at)}


def test_what_is_said_of_the_places_that_follow() -> None:
    def at(*lines: int, rows: int = 0, file: str = "a") -> Count:
        later = [(0, line, Place(file, line, None)) for line in lines[1:]]
        return Count(rows or len(lines), 0, lines[0], "train", Place("a", lines[0], None), later)

    assert at(3).also() == ""
    assert at(3, 5).also() == "; also in line 5"
    assert at(3, 5, 8).also() == "; also in lines 5, 8"
    assert at(3, 5, 8, 9, 11, rows=7).also() == "; also in lines 5, 8, 9, 11 and more"
    assert at(1, 1, 1).also() == ""  # a JSON array on one line: the number of a line says nothing
    assert at(3, 5, file="b").also() == ""


@given(st.lists(st.integers(0, 40), max_size=200), st.sampled_from([41, 10_000]))
def test_codes_are_told_with_their_first_place_and_how_many(codes, size):
    told = tallied(np.array(codes, np.int64), size).tolist()
    assert told == [[code, codes.index(code), codes.count(code)] for code in sorted(set(codes))]
