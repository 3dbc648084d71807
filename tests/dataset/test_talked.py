"""Text-to-text written as conversations: the instruction and the input are the user's turn, nothing else is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftformat.dataset.talked import asked
from sftformat.layouts import LAYOUTS
from sftformat.layouts.layout import layout
from tests.conftest import Call

#: Rows of one turn each that name none before them are read as rows again.
CHATS = [name for name in LAYOUTS if layout(name).task == "chat" and not name.startswith(("preference", "linked"))]
#: Layouts of which a system prompt is no part.
WITHOUT_SYSTEM = {"turns"}
WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)


@pytest.fixture
def call(call_here: Call) -> Call:
    return call_here


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def said(path: Path, call: Call) -> list[list[tuple[str, str]]]:
    """Return who says what in each conversation of a file, as it is read again."""
    done = call("convert", path.name, "-o", "back.jsonl", "--to", "canonical", "--overwrite", "-q", "--ignore", "ALL")
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in (path.parent / "back.jsonl").read_text("utf-8").splitlines()]
    return [[(turn["role"], turn["content"]) for turn in [*row["input"], *(row["target"] or [])]] for row in rows]


@pytest.mark.parametrize("name", CHATS)
def test_every_layout_of_chat_holds_it(call: Call, tmp_path: Path, name: str) -> None:
    rows = [
        {"instruction": f"Say it {n}", "input": "softly" if n % 2 else "", "output": f"It is {n}.", "id": f"n{n}"}
        for n in range(1, 5)
    ]
    if name not in WITHOUT_SYSTEM:
        rows = [{**row, "system": "Be kind."} for row in rows]
    write(tmp_path / "a.jsonl", rows)
    done = call("convert", "a.jsonl", "-o", "b.jsonl", "--to", name, "--ignore", "SFT4")
    assert done.code == 0, done.err
    assert "a line feed between them, in 2 rows" in done.out
    expected = [
        [
            *([("system", "Be kind.")] if "system" in row else []),
            ("user", "\n".join(filter(None, (row["instruction"], row["input"])))),
            ("assistant", row["output"]),
        ]
        for row in rows
    ]
    assert said(tmp_path / "b.jsonl", call) == expected
    assert "n1" in (tmp_path / "b.jsonl").read_text()


@given(
    rows=st.lists(
        st.tuples(WORDS, WORDS | st.just(""), WORDS, st.sampled_from(["train", "test"]), WORDS),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[:2],
    )
)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
def test_turns_split_and_other_columns_stay(
    call: Call, tmp_path: Path, rows: list[tuple[str, str, str, str, str]]
) -> None:
    records = [dict(zip(("instruction", "input", "output", "split", "topic"), row, strict=True)) for row in rows]
    write(tmp_path / "a.jsonl", records)
    done = call("convert", "a.jsonl", "-o", "b.jsonl", "--to", "openai-chat", "--overwrite", "-q", "--layout", "alpaca")
    assert done.code in (0, 1), done.err
    made = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text("utf-8").splitlines()]
    expected = {
        (asked(record), record["output"], record["topic"], record["split"])
        for record in records
        if done.code == 0 or any(each["messages"][0]["content"] == asked(record) for each in made)
    }
    found = {
        (row["messages"][0]["content"], row["messages"][1]["content"], row["topic"], row.get("split", "train"))
        for row in made
    }
    assert {row[:3] for row in found} == {row[:3] for row in expected}
    if len({row[3] for row in expected}) > 1:
        assert found == expected


def test_what_chat_has_no_place_for_is_counted(call: Call, tmp_path: Path) -> None:
    rows = [{"translation": {"en": "a cat", "de": "eine Katze"}}, {"translation": {"en": "dogs", "de": "Hunde"}}]
    write(tmp_path / "a.jsonl", rows)
    done = call("convert", "a.jsonl", "-o", "b.jsonl", "--to", "sharegpt", "--ignore", "SFT4")
    assert done.code == 0, done.err
    assert "has no place for 'source_lang', held by 2 rows" in done.out
    assert said(tmp_path / "b.jsonl", call)[0] == [("user", "a cat"), ("assistant", "eine Katze")]


def test_other_tasks_are_refused(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{"text": "good", "label": "x"}, {"text": "bad", "label": "y"}])
    done = call("convert", "a.jsonl", "-o", "b.jsonl", "--to", "openai-chat")
    assert (done.code, "is for chat; the data is classification" in done.err) == (2, True)
