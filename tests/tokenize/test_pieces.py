"""Laws of the fast path: not one id differs from the reference library, whatever the tokenizer and the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.tokenize import ids, pieces
from sftformat.tokenize.load import Reference
from sftformat.tokenize.pieces import ids_of

from .definitions import CUT, TEXTS, reference

NAMES = [*CUT, "minilm"]


def expected(found: Reference, texts: Sequence[str]) -> list[list[int]]:
    return [found.tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def split(made: ids.Ids) -> list[list[int]]:
    listed: Any = made.to_arrow()
    return listed.to_pylist()


@pytest.fixture(params=["pieces", "forgetful", "as they are"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Small limits: slices of a few texts, pieces that are forgotten again, or texts that go to the library."""
    pieces._opened.cache_clear()
    monkeypatch.setattr(ids, "SLICE", 40)
    if request.param == "forgetful":
        monkeypatch.setattr(pieces, "_MOST", 0)
        monkeypatch.setattr(pieces, "_LONG", 3)
    if request.param == "as they are":
        monkeypatch.setattr(pieces, "_SHARE", 0.0)
        monkeypatch.setattr(pieces, "_SMALL", 0)
        monkeypatch.setattr(pieces, "_PART", 5)
    return request.param


@pytest.mark.parametrize("name", NAMES)
def test_same_ids_as_the_reference(name: str, way: str) -> None:
    found = reference(name)
    assert pieces._pieces(found) is not None

    @settings(max_examples=60 if name != "minilm" else 20)
    @given(st.lists(TEXTS, max_size=6))
    def law(texts: list[str]) -> None:
        assert split(ids_of(found, texts, threads=1)) == expected(found, texts)

    law()
