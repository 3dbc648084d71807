"""Content in parts and weights under other names: held exactly, and never trained on against what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Call


def converted(call: Call, folder: Path, record: dict[str, Any], *options: str) -> dict[str, Any]:
    (folder / "a.jsonl").write_text(json.dumps(record) + "\n")
    done = call("convert", "a.jsonl", "-o", "b.jsonl", "--overwrite", *options)
    assert done.code == 0, done.out + done.err
    return json.loads((folder / "b.jsonl").read_text("utf-8"))


def part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


PARTS = {
    "messages": [
        {"role": "user", "content": [part("One. "), part("Two.")]},
        {"role": "assistant", "content": [part("Three.")]},
    ]
}


def test_parts_are_one_text_and_come_back_as_parts(call_here: Call, tmp_path: Path) -> None:
    row = converted(call_here, tmp_path, PARTS, "--to", "canonical")
    assert [turn["content"] for turn in (*row["input"], *row["target"])] == ["One. Two.", "Three."]
    assert converted(call_here, tmp_path, PARTS) == PARTS


def test_a_part_that_is_no_text_is_an_error_with_its_place(call_here: Call, tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {}}]},
        {"role": "assistant", "content": "x"},
    ]
    lines = [json.dumps(PARTS)] * 3 + [json.dumps({"messages": turns})]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    done = call_here("validate", "a.jsonl", "--select", "SFT1")
    assert "a.jsonl:4  /messages/0/content" in done.out
    assert "read 4 = written 3 + rejected 1" in done.out


def test_sharegpt_has_calls_of_the_assistant_alone(call_here: Call, tmp_path: Path) -> None:
    calls = [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]
    turns: list[dict[str, object]] = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Wait.", "tool_calls": calls, "weight": 0},
        {"role": "assistant", "content": "Hello!"},
    ]
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    call_here("convert", "a.jsonl", "-o", "b.jsonl", "--to", "sharegpt")
    made = json.loads((tmp_path / "b.jsonl").read_text())["conversations"]
    assert [(each["from"], each.get("weight")) for each in made] == [
        ("human", None),
        ("gpt", 0),
        ("function_call", 0),
        ("gpt", None),
    ]
    turns[0]["tool_calls"] = calls
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    done = call_here("convert", "a.jsonl", "-o", "c.jsonl", "--to", "sharegpt")
    assert done.code == 2
    assert "layout sharegpt has calls of the assistant alone; a user turn has some" in done.err


@pytest.mark.parametrize("silent", [{"loss": False}, {"loss_weight": 0.0}, {"weight": 0}])
@pytest.mark.parametrize("layout", ["openai-chat", "sharegpt"])
def test_a_turn_that_is_not_to_be_trained_on_is_not(
    call_here: Call, tmp_path: Path, silent: dict[str, Any], layout: str
) -> None:
    key, words, role, text = (
        ("messages", ("user", "assistant"), "role", "content")
        if layout == "openai-chat"
        else ("conversations", ("human", "gpt"), "from", "value")
    )
    said = [(words[0], "a", {}), (words[1], "b", silent), (words[0], "c", {}), (words[1], "d", {})]
    record = {key: [{role: word, text: content, **more} for word, content, more in said]}
    row = converted(call_here, tmp_path, record, "--to", "canonical")
    assert [turn["content"] for turn in row["input"]] == ["a", "b", "c"]
    assert [turn["content"] for turn in row["target"]] == ["d"]
    assert converted(call_here, tmp_path, record) == record


@pytest.mark.parametrize("weight", [{"loss": 0.5}, {"loss": "no"}, {"loss_weight": 0.5}, {"weight": 2}])
def test_a_weight_that_would_be_taken_for_1_rejects_the_row(
    call_here: Call, tmp_path: Path, weight: dict[str, Any]
) -> None:
    turns = [[{"from": "human", "value": "q"}, {"from": "gpt", "value": "a", **more}] for more in ({}, {}, {}, weight)]
    lines = [json.dumps({"conversations": said}) for said in turns]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    done = call_here("validate", "a.jsonl", "--select", "SFT1")
    assert f"a.jsonl:4  /conversations/1/{next(iter(weight))}" in done.out
    assert "read 4 = written 3 + rejected 1" in done.out
