"""AutoIntent: an intent with its texts becomes a record for each of them, and a table of intents names the ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.formats.intents import FORMAT, read
from sftformat.formats.source import Source
from sftformat.record import Batch, Record

from ..conftest import Call

TABLE = [
    {"intent_id": 0, "intent_name": "greet", "sample_utterances": ["hi", "hello"], "lang": "en"},
    {"intent_id": 1, "intent_name": "leave", "sample_utterances": ["bye"]},
]
intents = st.fixed_dictionaries(
    {"intent_name": st.text(), "sample_utterances": st.lists(st.text(), max_size=3) | st.none()},
    optional={"intent_id": st.integers()},
)


def lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@given(st.lists(intents | st.fixed_dictionaries({"text": st.text()}), max_size=5))
def test_every_text_is_a_record_where_its_intent_stands(records: list[Record]) -> None:
    count = len(records)
    batch = Batch("a.jsonl", "jsonl", records, list(range(1, count + 1)), [0] * count, [b"x"] * count)
    made = next(read(Source(Path("a.jsonl"), "a.jsonl", FORMAT), iter([batch])))
    wanted = [
        (line, text) for line, record in enumerate(records, 1) for text in record.get("sample_utterances") or [None]
    ]
    assert list(zip(made.lines, (each.get("utterance") for each in made.records), strict=True)) == wanted
    for line, record in zip(made.lines, made.records, strict=True):
        whole = records[line - 1]
        assert record == whole or {**whole, **record}.keys() - record.keys() == {"sample_utterances"}


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_a_table_of_intents(call_here: Call, tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a.{ending}").write_text(json.dumps(TABLE) if ending == "json" else lines(*TABLE))
    done = call_here("convert", f"a.{ending}", "-o", "out")
    assert "read 3 = written 3" in done.out
    call_here("convert", "out", "-o", "b.jsonl", "--to", "canonical")
    rows = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert [(row["input"], row["target"]) for row in rows] == [("hi", "greet"), ("hello", "greet"), ("bye", "leave")]
    assert json.loads(rows[0]["meta"]) == {"intent_id": 0, "lang": "en"}


def test_an_intent_without_texts_is_rejected_and_what_is_rejected_can_be_mended(
    call_here: Call, tmp_path: Path
) -> None:
    empty = {"intent_id": 2, "intent_name": "rest", "sample_utterances": []}
    odd = {"intent_id": 3, "intent_name": "odd", "sample_utterances": ["good", 7]}
    (tmp_path / "a.jsonl").write_text(lines(*TABLE, empty, odd))
    done = call_here("convert", "a.jsonl", "-o", "out")
    assert "read 6 = written 4 + rejected 2" in done.out
    assert "a.jsonl:3" in done.out
    assert "a.jsonl:4  /utterance: expected" in done.out
    rejected = (tmp_path / "out/rejects.jsonl").read_text()
    (tmp_path / "mended.jsonl").write_text(rejected.splitlines()[1].replace("7", r"\"seven\""))
    done = call_here("convert", "mended.jsonl", "-o", "b.jsonl", "--to", "canonical")
    assert json.loads((tmp_path / "b.jsonl").read_text())["input"] == "seven"


def test_a_table_of_intents_names_the_ids(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"utterance": "hi", "label": 1}, {"utterance": "bye", "label": 0}))
    named = [{"id": 0, "name": "leave", "tags": []}, {"id": 1, "name": "greet", "description": None}]
    for text in (lines(*named), json.dumps(named)):
        (tmp_path / "intents.jsonl").write_text(text)
        done = call_here(
            "convert", "a.jsonl", "-o", "b.jsonl", "--to", "canonical", "--labels", "intents.jsonl", "--overwrite"
        )
        assert done.code == 0, done.err
        rows = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()]
        assert [row["target"] for row in rows] == ["greet", "leave"]


def test_texts_out_of_scope_have_no_label_of_several(call_here: Call, tmp_path: Path) -> None:
    records = [{"utterance": "hi", "label": [1, 0]}, {"utterance": "mumble", "label": []}]
    (tmp_path / "a.jsonl").write_text(lines(*records))
    (tmp_path / "intents.jsonl").write_text(lines({"id": 0, "name": "leave"}, {"id": 1, "name": "greet"}))
    call_here("convert", "a.jsonl", "-o", "b.jsonl", "--to", "canonical", "--labels", "intents.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert [row["target"] for row in rows] == [["greet", "leave"], []]


@pytest.mark.parametrize("text", ['{"id": "a", "name": "b"}', '[{"id": 1}]', "[1]", '{"id": 1'])
def test_a_table_that_names_no_ids_is_refused(call_here: Call, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"text": "a", "label": "b"}))
    (tmp_path / "labels.json").write_text(text)
    done = call_here("validate", "a.jsonl", "--labels", "labels.json")
    assert done.code == 2
    assert "error: --labels labels.json:" in done.err
