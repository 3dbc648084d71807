"""One JSON object with its records in lists: each has its line, what stands beside is told, articles of SQuAD too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..conftest import Call
from .hostile import read_bytes

TEXT = st.text(max_size=6)
RECORDS = st.lists(st.fixed_dictionaries({"text": TEXT, "label": st.integers() | TEXT}), min_size=1, max_size=5)


@given(records=RECORDS, indent=st.none() | st.integers(0, 3), first=st.booleans(), mark=st.booleans())
def test_records_are_those_of_the_list(
    tmp_path: Path, records: list[dict[str, Any]], indent: int | None, first: bool, mark: bool
) -> None:
    whole: dict[str, Any] = {"data": records}
    whole = {"version": "1", **whole, "n": 1.50} if first else {**whole, "by": {"data": [{"text": "x"}]}}
    text = json.dumps(whole, indent=indent)
    found = read_bytes(tmp_path, "a.json", b"\xef\xbb\xbf" * mark + text.encode())
    assert found.records == records
    assert found.rejects == []
    opening = [line for line, held in enumerate(text.split("\n"), 1) if held.strip() == "{"]
    begins = [line for line in opening if line > text[: text.index('"data"')].count("\n") + 1][: len(records)]
    assert found.lines == (begins if indent is not None else [1] * len(records))
    assert "SFT021" in found.codes


def test_lists_of_splits(call_here: Call, tmp_path: Path) -> None:
    whole = {
        "train": [{"utterance": f"t{n}", "label": n % 2} for n in range(4)],
        "dev": [{"utterance": "x", "label": 1}, {"utterance": "y", "label": 0, "split": "test"}],
        "intents": [{"id": 0, "name": "ask"}, {"id": 1, "name": "leave"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(whole, indent=1))
    done = call_here("convert", "a.json", "-o", "out", "--labels", "a.json", "--ignore", "SFT3,SFT4")
    assert "train 4  validation 1  test 1" in done.out, done
    assert "beside 'train' and 'dev', and not read: 2 × intents" in done.out
    call_here("convert", "out", "-o", "b.jsonl", "--to", "canonical")
    rows = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert {row["input"]: row["target"] for row in rows}["x"] == "leave"


@pytest.mark.parametrize(
    "whole",
    [
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"data": []},
        {"data": ["a"]},
        {"data": [{"a": 1}], "rows": [{"a": 1}]},
        {"text": "a", "label": "b"},
    ],
)
def test_other_objects_are_refused_with_the_way_out(call_here: Call, tmp_path: Path, whole: dict[str, Any]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(whole, indent=1))
    done = call_here("validate", "a.json")
    assert done.code == 2
    assert "not an array of records or JSON Lines; write one object a line, or put the objects into an arr" in done.err


def test_an_element_that_is_none_is_a_reject_and_a_name_twice_an_error(call_here: Call, tmp_path: Path) -> None:
    good = '{"text": "a", "label": "b"}'
    (tmp_path / "a.json").write_text(f'{{"data": [\n{good},\n{{"text": "a", "text": "c", "label": "b"}}]}}')
    done = call_here("validate", "a.json")
    assert "a.json:3" in done.out
    assert "read 2 = written 1 + rejected 1" in done.out
    (tmp_path / "a.json").write_text(f'{{"data": [{good}], "data": [{good}]}}')
    assert call_here("validate", "a.json").code == 2


def test_a_list_that_is_longer_than_what_is_looked_at(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"{n} " * 100, "label": "ab"[n % 2]} for n in range(4000)]
    (tmp_path / "a.json").write_text(json.dumps({"version": 1, "data": rows}))
    assert "read 4,000 = written 4,000" in call_here("validate", "a.json", "--ignore", "ALL").out


def test_articles_of_squad(call_here: Call, tmp_path: Path) -> None:
    questions = [
        {"id": "q1", "question": "Who?", "answers": [{"text": "Ann", "answer_start": 0}], "is_impossible": False},
        {"id": "q2", "question": "Why?", "answers": [], "is_impossible": True},
        {"id": "q3", "question": "Where?", "answers": [{"text": "Rome", "answer_start": 3}, {"text": "R"}]},
    ]
    article = {"title": "T", "paragraphs": [{"context": "Ann is in Rome.", "qas": questions}]}
    (tmp_path / "a.json").write_text(json.dumps({"version": "v2.0", "data": [article]}))
    done = call_here("convert", "a.json", "-o", "out")
    assert "json-lists (articles); layout squad" in done.err
    assert "read 3 = written 1 + rejected 2" in done.out
    call_here("convert", "out", "-o", "b.jsonl", "--to", "squad")
    kept = {"title": "T", "context": "Ann is in Rome.", **questions[0]}
    assert json.loads((tmp_path / "b.jsonl").read_text()) == {**kept, "answers": {"text": ["Ann"], "answer_start": [0]}}
    assert "Ann is in Rome." in call_here("explain", "a.json:1").out
