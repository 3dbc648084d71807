"""Percentiles, sums and the two findings about a split."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.tokenize.outcome import Bounds, Counts, Outcome, add
from sftformat.tokenize.report import PERCENTILES, Report, percentiles, split_report


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1))
def test_percentiles_are_nearest_rank(lengths: list[int]) -> None:
    found = percentiles(sorted(Counter(lengths).items()), PERCENTILES)
    assert found == np.percentile(lengths, PERCENTILES, method="inverted_cdf").tolist()
    assert sum(length > found[3] for length in lengths) * 100 <= len(lengths)


def test_no_rows() -> None:
    report = Report(8, "truncate", {"train": split_report(Counts(), 8)})
    assert report.diagnostics() == ()
    assert report.to_json()["train"]["length_percentiles"]["100"] == 0


counts = st.builds(
    Counts,
    read=st.integers(0, 9),
    tokens=st.integers(0, 9),
    longest=st.integers(0, 9),
    input_ids=st.none() | st.builds(Bounds, st.integers(0, 9), st.integers(0, 9)),
    lengths=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), max_size=3).map(tuple),
    codes=st.lists(st.tuples(st.sampled_from(["SFT501", "SFT503"]), st.integers(1, 3)), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(st.lists(counts), st.integers(0, 5))
def test_sums_do_not_depend_on_how_they_are_grouped(rows: list[Counts], cut: int) -> None:
    assert add(rows) == add([add(rows[:cut]), add(rows[cut:])]) == add(reversed(rows))


def test_an_outcome_keeps_integers_and_floats_apart() -> None:
    outcome = Outcome("0" * 64, Counts(input_ids=Bounds(0, 5), labels=Bounds(-1.0, 2.0), lengths=((3, 1),)))
    again = Outcome.load(outcome.dump())
    assert again == outcome
    assert again.dump() == outcome.dump()
