"""The data folder of LLaMA-Factory 0.9.5: alpaca, ShareGPT with tools, OpenAI messages; each number counted twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Call
from .archives import member
from .counting import Found, conflicts, repeats, validate

pytestmark = pytest.mark.slow


@pytest.fixture
def checked(call: Call, tmp_path: Path) -> Any:
    """Validate a file of the data folder: what was found, and its records as the json module reads them."""

    def run(name: str) -> tuple[Found, list[dict[str, Any]]]:
        data = member("llamafactory-0.9.5", f"data/{name}")
        (tmp_path / name).write_bytes(data)
        return validate(call, tmp_path / name), json.loads(data)

    return run


@pytest.mark.parametrize(
    ("name", "rows", "same", "parrots", "torn"),
    [
        ("alpaca_en_demo.json", 999, 14, 1, 0),  # "Divide into two paragraphs" is answered with a blank line: no parrot
        ("alpaca_zh_demo.json", 1000, 8, 0, 0),
        ("identity.json", 91, 0, 0, 2),  # "hi" and "hello" are answered twice each, in two wordings
    ],
)
def test_alpaca(checked: Any, name: str, rows: int, same: int, parrots: int, torn: int) -> None:
    found, records = checked(name)
    assert found.ledger["read"] == found.ledger["written"] == len(records) == rows
    wanted = {"SFT203": parrots, "SFT401": same, "SFT402": torn}
    assert found.counts == {code: count for code, count in wanted.items() if count}
    fields = [(each["instruction"], each["input"], each["output"]) for each in records]
    assert repeats(fields) == same
    alone = [(asked, said) for asked, given, said in fields if not given]
    same_text = sum(given.strip() == said.strip() for _, given, said in fields if given)
    assert same_text + sum(_folded(asked) == _folded(said) for asked, said in alone) == parrots
    assert conflicts(((asked, given), said) for asked, given, said in fields) == (torn, torn)


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


@pytest.mark.parametrize(("name", "same"), [("glaive_toolcall_en_demo.json", 35), ("glaive_toolcall_zh_demo.json", 43)])
def test_sharegpt_with_tools(checked: Any, name: str, same: int) -> None:
    """The Chinese file has two results without a call: the call stands in the words of the turn before ("AI 计算折扣:
    {…}"), so a model trained on it learns to wait for a result that it never asked for. They are rejected."""
    found, records = checked(name)
    uncalled = [
        number
        for number, each in enumerate(records)
        for before, turn in zip(each["conversations"], each["conversations"][1:], strict=False)
        if turn["from"] == "observation" and before["from"] != "function_call"
    ]
    assert uncalled == ([197, 293] if "zh" in name else [])
    assert found.counts == {"SFT401": same} | ({"SFT227": 2} if uncalled else {})
    assert [each["path"] for each in found.findings if each["code"] == "SFT227"] == ["/conversations/2"] * len(uncalled)
    assert found.lines("SFT227") == ([5819, 8763] if uncalled else [])
    assert found.ledger["read"] == len(records) == 300
    assert found.ledger["rejected"] == len(uncalled)
    kept = [json.dumps(each) for number, each in enumerate(records) if number not in uncalled]
    assert repeats(kept) == same


def test_the_lines_are_those_of_the_two_conversations(checked: Any, tmp_path: Path) -> None:
    found, records = checked("glaive_toolcall_zh_demo.json")
    text = (tmp_path / "glaive_toolcall_zh_demo.json").read_text("utf-8").split("\n")
    for line, number in zip(found.lines("SFT227"), (197, 293), strict=True):
        record, _ = json.JSONDecoder().raw_decode("\n".join(text[line - 1 :]).lstrip())
        assert record == records[number]


@pytest.mark.parametrize(
    ("name", "rows", "counts"),
    [
        ("mllm_demo.json", 6, {"SFT407": 1}),
        ("mllm_video_demo.json", 3, {"SFT407": 1}),
        ("mllm_audio_demo.json", 3, {"SFT407": 1}),
    ],
)
def test_messages(checked: Any, name: str, rows: int, counts: dict[str, int]) -> None:
    found, records = checked(name)
    assert found.counts == counts
    assert found.ledger["written"] == len(records) == rows


@pytest.mark.parametrize(
    ("name", "rows", "left"),
    [("dpo_en_demo.json", 300, 0), ("dpo_zh_demo.json", 300, 0), ("kto_en_demo.json", 150, 150)],
)
def test_preferences_on_request(call: Call, tmp_path: Path, name: str, rows: int, left: int) -> None:
    data = member("llamafactory-0.9.5", f"data/{name}")
    (tmp_path / name).write_bytes(data)
    options = ("--max-findings", "0", "--to", "canonical")
    done = call("convert", name, "-o", "a.jsonl", *options)
    assert (done.code, "--preference chosen" in done.err) == (2, True)
    done = call("convert", name, "-o", "a.jsonl", "--preference", "chosen", *options)
    assert f"read {rows + left} = written {rows} + rejected 0 + duplicate 0 + filtered {left}" in done.out
    found = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    records = [each for each in json.loads(data) if each.get("label", True)]
    wanted = [each["chosen"]["value"] if "chosen" in each else each["messages"][-1]["content"] for each in records]
    assert [each["target"][-1]["content"] for each in found] == wanted


def test_plain_text_is_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "c4_demo.jsonl").write_bytes(member("llamafactory-0.9.5", "data/c4_demo.jsonl"))
    done = call("validate", "c4_demo.jsonl")
    assert (done.code, "plain text without a target" in done.err) == (2, True)
