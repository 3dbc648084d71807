"""Export: what the target cannot hold is said or refused, never dropped; what it can comes out as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import Call


@pytest.fixture
def call(call_here: Call) -> Call:
    return call_here


def write(path: Path, *records: dict[str, Any]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def turns(**more: Any) -> dict[str, Any]:
    return {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello", **more}]}


@pytest.mark.parametrize("key", ["content", "role"])
def test_a_key_of_a_turn_never_overwrites_what_the_layout_writes(call: Call, tmp_path: Path, key: str) -> None:
    write(tmp_path / "a.jsonl", turns(**{key: "other"}))
    done = call("convert", "a.jsonl", "-o", "b.jsonl", "--to", "openai-chat")
    assert (done.code, f"a key '{key}' of its own" in done.err) == (2, True), done.err
    assert not (tmp_path / "b.jsonl").exists()
    assert call("convert", "a.jsonl", "-o", "c.jsonl").code == 0
    assert read(tmp_path / "c.jsonl") == [turns(**{key: "other"})]


def test_words_of_sharegpt_stay_out_of_openai(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", {"conversations": [{"from": "user", "value": "Hi"}, {"from": "bot", "value": "Yes"}]})
    assert call("convert", "a.jsonl", "-o", "b.jsonl", "--to", "openai-chat").code == 0
    assert read(tmp_path / "b.jsonl") == [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]}
    ]


@pytest.mark.parametrize(
    ("record", "to", "name"),
    [
        ({"instruction": "Add.", "output": "2", "input": "1", "prompt": "mine"}, "prompt-completion", "prompt"),
        ({"prompt": "a", "completion": "b", "output": {"x": 1}}, "alpaca", "output"),
        ({**turns(), "messages": "mine"}, "openai-chat", "messages"),
    ],
)
def test_a_column_with_the_name_of_a_field_is_refused(
    call: Call, tmp_path: Path, record: dict[str, Any], to: str, name: str
) -> None:
    write(tmp_path / "a.jsonl", *[record] * 2)
    done = call("convert", "a.jsonl", "-o", "b.jsonl", "--to", to)
    assert done.code == 2, done.out
    assert f"'{name}' stands in meta" in done.err, done.err
    assert not (tmp_path / "b.jsonl").exists()


def test_csv_says_which_nothings_it_makes_one(call: Call, tmp_path: Path) -> None:
    records = [{"text": "a", "label": "x", "note": ""}, {"text": "b", "label": "y", "note": None}]
    write(tmp_path / "a.jsonl", *records, {"text": "c", "label": "x"})
    done = call("convert", "a.jsonl", "-o", "b.csv", "--ignore", "SFT407")
    assert "SFT107" in done.out
    assert "1 absent, 1 null and 1 empty values become empty cells alike" in done.out
    done = call("convert", "a.jsonl", "-o", "b.parquet")
    assert "1 absent and 1 null values become null alike" in done.out
    assert "SFT107" not in call("convert", "a.jsonl", "-o", "b.json").out


def test_csv_refuses_a_nul_character(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", {"text": "a", "label": "x"}, {"text": "b\0c", "label": "y"})
    done = call("convert", "a.jsonl", "-o", "b.csv")
    assert (done.code, "record 2 holds a NUL character" in done.err) == (2, True), done.err
    assert not (tmp_path / "b.csv").exists()


def test_parquet_says_which_numbers_it_writes_otherwise(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"text": "a", "score": 1.50}\n{"text": "b", "score": 1}\n{"text": "c", "score": 0.5}\n'
    )
    done = call("convert", "a.jsonl", "-o", "b.parquet")
    assert "2 numbers are held as doubles, not as they were written" in done.out
    assert pq.read_table(tmp_path / "b.parquet")["score"].to_pylist() == [1.5, 1.0, 0.5]
    assert "SFT107" not in call("convert", "a.jsonl", "-o", "c.jsonl").out
    assert '"score":1.50' in (tmp_path / "c.jsonl").read_text().replace(": ", ":")


def test_scores_of_a_csv_become_numbers_that_keep_their_text(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,score\na,1.50\nb,2\nc,0.25\nd,\n")
    assert call("convert", "a.csv", "-o", "b.jsonl", "--task", "regression", "--ignore", "SFT302").code in (0, 1)
    lines = (tmp_path / "b.jsonl").read_text().replace(": ", ":").splitlines()
    assert [line.partition('"score":')[2].rstrip("}") for line in lines[:3]] == ["1.50", "2", "0.25"]


def test_types_that_differ_between_inputs_are_found(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", {"text": "a", "label": 1}, {"text": "b", "label": 0})
    write(tmp_path / "b.jsonl", {"text": "c", "label": "1"}, {"text": "d", "label": "0"})
    (tmp_path / "c.csv").write_text("text,label\ne,1\nf,0\n")
    done = call("validate", "a.jsonl", "b.jsonl")
    assert (done.code, "number in a.jsonl and string in b.jsonl" in done.out) == (1, True), done.out
    assert "SFT105" not in call("validate", "a.jsonl", "c.csv").out
    assert call("convert", "a.jsonl", "c.csv", "-o", "d.jsonl").code == 0
    assert [row["label"] for row in read(tmp_path / "d.jsonl")] == [1, 0, 1, 0]


def test_splits_come_in_their_order(call: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "label": "xy"[n % 2], "split": ("test", "validation", "train")[n % 3]} for n in range(9)]
    write(tmp_path / "a.jsonl", *rows)
    assert call("convert", "a.jsonl", "-o", "out").code == 0
    assert call("convert", "out", "-o", "b.jsonl").code == 0
    assert [row["split"] for row in read(tmp_path / "b.jsonl")] == ["train"] * 3 + ["validation"] * 3 + ["test"] * 3


def test_calls_take_the_shape_of_the_layout(call: Call, tmp_path: Path) -> None:
    value = '{"name": "find", "arguments": {"to": "Bern", "n": 1.50}}'
    turns = [("human", "Find it."), ("function_call", value), ("observation", "here"), ("gpt", "There.")]
    record = {"conversations": [{"from": word, "value": text} for word, text in turns]}
    write(tmp_path / "a.jsonl", record)
    assert call("convert", "a.jsonl", "-o", "b.jsonl", "--to", "openai-chat").code == 0
    messages = read(tmp_path / "b.jsonl")[0]["messages"]
    (found,) = messages[1]["tool_calls"]
    assert (messages[1]["role"], found["type"], found["function"]["name"]) == ("assistant", "function", "find")
    assert found["function"]["arguments"].replace(" ", "") == '{"to":"Bern","n":1.50}'
    assert call("convert", "a.jsonl", "-o", "c.jsonl").code == 0
    assert read(tmp_path / "c.jsonl") == [record]
