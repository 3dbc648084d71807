"""JSON that keeps the text of numbers: what is no JSON is told in one way only."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.record import decode_json

from .conftest import Call


@given(st.text('-0 1.eE[]{}",:a', max_size=8))
def test_what_is_no_json_raises_a_decode_error(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(msgspec.DecodeError):
            decode_json(text)
    else:
        decode_json(text)


def test_a_cell_that_holds_a_minus_and_a_zero_is_text(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{day},2024-0{day % 3 + 1}\n" for day in range(30)))
    assert call("validate", "a.csv").code == 0
