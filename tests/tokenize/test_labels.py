"""The label map and the label arrays."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.tokenize.labels import label_arrays, ordered


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "2", "1"], ("1", "2", "10")),
        (["-1", "1", "0"], ("-1", "0", "1")),
        (["0.5", "0.25", "10", "2"], ("0.25", "0.5", "2", "10")),
        (["10", "2", "x"], ("10", "2", "x")),
        (["b", "a", "B", "é"], ("B", "a", "b", "é")),
        (["1", "01", "1.0"], ("01", "1", "1.0")),
        (["٣", "2", "10"], ("10", "2", "٣")),
        (["1e3", "20"], ("1e3", "20")),
        (["9" * 5000, "1"], ("1", "9" * 5000)),
        ([], ()),
    ],
)
def test_order(labels: list[str], expected: tuple[str, ...]) -> None:
    assert ordered(labels) == expected
    assert ordered(reversed(labels)) == expected


@settings(deadline=None)
@given(st.lists(st.none() | st.sampled_from("abc")), st.integers(0, 3), st.integers(0, 9))
def test_classification(targets: list[str | None], start: int, length: int) -> None:
    made = label_arrays("classification", pa.array(targets, pa.string()).slice(start, length), ("a", "b", "c"))
    wanted = targets[start : start + length]
    assert made.array.to_pylist() == [-100 if t is None else "abc".index(t) for t in wanted]
    assert made.labelled.tolist() == [t is not None for t in wanted]
    assert not made.unfit.any()


@settings(deadline=None)
@given(st.lists(st.none() | st.lists(st.sampled_from("abc"), max_size=4)), st.integers(0, 3), st.integers(0, 9))
def test_multilabel(targets: list[list[str] | None], start: int, length: int) -> None:
    made = label_arrays("multilabel", pa.array(targets, pa.list_(pa.string())).slice(start, length), ("a", "b", "c"))
    wanted = targets[start : start + length]
    assert made.array.type == pa.list_(pa.float32())
    assert made.array.to_pylist() == [None if t is None else [float(name in t) for name in "abc"] for t in wanted]
    assert made.labelled.tolist() == [t is not None for t in wanted]


def test_regression() -> None:
    made = label_arrays("regression", pa.array([1.5, None, 1e300, 0.1]), None)
    assert made.array.to_pylist()[:2] == [1.5, None]
    assert made.labelled.tolist() == [True, False, True, True]
    assert made.unfit.tolist() == [False, False, True, False]
