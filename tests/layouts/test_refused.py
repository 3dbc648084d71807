"""Preferences are converted only on request, and data without a target is refused with the reason and the way out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sftformat.layouts import LAYOUTS
from sftformat.layouts.layout import layout
from sftformat.schema.store import load

from ..conftest import Call

USER = {"role": "user", "content": "Hi"}
GOOD, BAD = {"role": "assistant", "content": "Hello!"}, {"role": "assistant", "content": "No."}
PREFERENCES: list[tuple[dict[str, Any], str, Any, Any]] = [
    ({"prompt": "Hi", "chosen": "Hello!", "rejected": "No."}, "preference", "Hi", "Hello!"),
    ({"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]}, "preference-chat", [USER], [GOOD]),
    ({"chosen": [USER, GOOD], "rejected": [USER, BAD]}, "preference-chat", [USER], [GOOD]),
    (
        {"input": {"messages": [USER]}, "preferred_output": [GOOD], "non_preferred_output": [BAD]},
        "preference-chat",
        [USER],
        [GOOD],
    ),
    ({"prompt": "Hi", "completion": "Hello!", "label": True}, "preference-unpaired", "Hi", "Hello!"),
]


def write(folder: Path, record: dict[str, Any]) -> None:
    (folder / "a.jsonl").write_text(json.dumps(record) + "\n")


@pytest.mark.parametrize(("record", "layout", "given", "target"), PREFERENCES)
def test_preferences(
    call_here: Call, tmp_path: Path, record: dict[str, Any], layout: str, given: Any, target: Any
) -> None:
    write(tmp_path, record)
    done = call_here("convert", "a.jsonl", "-o", "b.jsonl")
    assert done.code == 2
    assert "preference data" in done.err
    assert "--preference chosen" in done.err
    done = call_here("convert", "a.jsonl", "-o", "b.jsonl", "--preference", "chosen", "--to", "canonical")
    assert f"layout {layout} " in done.err
    row = json.loads((tmp_path / "b.jsonl").read_text())
    bare = json.loads(json.dumps(row), object_hook=lambda found: {k: v for k, v in found.items() if v is not None})
    assert (bare["input"], bare["target"]) == (given, target)
    assert "No." in row.get("meta", "") or layout == "preference-unpaired"


def test_a_completion_that_was_not_preferred_is_left_out(call_here: Call, tmp_path: Path) -> None:
    lines = [json.dumps({"prompt": f"q{n}", "completion": f"a{n}", "label": n % 2 == 0}) for n in range(6)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    done = call_here("validate", "a.jsonl", "--preference", "chosen")
    assert "read 6 = written 3 + rejected 0 + duplicate 0 + filtered 3" in done.out


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"segments": [{"label": True, "text": "a"}]}, "segments of text without roles"),
        ({"input_ids": [1, 2], "attention_mask": [1, 1], "labels": [-100, 2]}, "token ids of some tokenizer"),
        ({"text": "plain"}, "plain text without a target"),
        ({"text": "plain", "id": "f/0", "metadata": {"a": 1}, "media": []}, "plain text without a target"),
        ({"content": "plain"}, "plain text without a target"),
        ({"prompt": "Say it."}, "prompts without an answer"),
        ({"text": "a", "annotation": "b", "metadata": {}}, "Argilla v1 records, which are not read: export"),
        ({"text": "a", "label.responses": ["b"]}, "records of Argilla v2, whose responses are lists"),
        ({"textContent": "a", "sentimentAnnotation": {"sentiment": 1}}, "Vertex AI JSONL, which is not read"),
        ({"textGcsUri": "gs://a/b", "classificationAnnotation": {}}, "Vertex AI JSONL, which is not read"),
        ({"query": "a", "pos": ["b"], "neg": ["c"]}, "queries with texts that are near to them"),
        (
            {"id": 0, "name": "a", "regexp_full_match": [], "regexp_partial_match": []},
            "intents of AutoIntent, which are names for the ids of others",
        ),
        (
            {"translation": {"en": "a", "de": "b", "fr": "c"}},
            "translations into 3 languages: name the two, as in --task text-to-text --map input=/translation/en",
        ),
        ({"messages": '[{"role": "user"}]'}, "'messages' is a text that holds JSON: write it as JSON"),
        ({"en": "a", "de": "b"}, "as in --task text-to-text --map input=en --map target=de"),
        ({"data": {"text": "a"}}, "tasks of Label Studio that nobody has annotated"),
        ({"data": {"text": "a"}, "completions": []}, "tasks of a Label Studio before 1.0"),
        ({"text": "a", "annotations": [{"label": 2, "user": 1}]}, "annotations of doccano without offsets"),
        ({"text": "a", "cats": {"A": 0.9, "B": 0.1}}, "'cats' with probabilities of categories"),
        ({"messages": [USER], "label": [0.1, 0.9]}, "conversations with several scores (ms-swift seq_cls)"),
        (
            {"messages": [{"role": "system", "content": "Judge."}, USER], "label": 1},
            "conversations with a label and no answer (ms-swift seq_cls), which are read where",
        ),
    ],
)
def test_no_target(call_here: Call, tmp_path: Path, record: dict[str, Any], words: str) -> None:
    write(tmp_path, record)
    done = call_here("validate", "a.jsonl")
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize("indent", [None, 2])
def test_a_project_of_azure(call_here: Call, tmp_path: Path, indent: int | None) -> None:
    document = {"location": "a.txt", "language": "en", "dataset": "Train", "class": {"category": "b"}}
    project = {"stringIndexType": "Utf16CodeUnit", "assets": {"documents": [document]}}
    (tmp_path / "a.json").write_text(json.dumps(project, indent=indent))
    done = call_here("validate", "a.json")
    assert done.code == 2
    assert "Azure Language, whose texts stand in files of their own, which are never followed: put each" in done.err


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_turns_that_are_rows_are_no_whole_conversations(call_here: Call, tmp_path: Path, ending: str) -> None:
    rows = [
        {"prompt": f"q{n}", "answer": f"a{n}", "id": str(n), "parent_id": str(n - 1) if n % 3 else ""} for n in range(6)
    ]
    lines = [",".join(row) for row in ({name: name for name in rows[0]}.values(), *(row.values() for row in rows))]
    (tmp_path / f"a.{ending}").write_text("\n".join(map(json.dumps, rows) if ending == "jsonl" else lines) + "\n")
    assert "read 2 = written 2" in call_here("validate", f"a.{ending}").out
    done = call_here("validate", f"a.{ending}", "--task", "text-to-text")
    assert done.code == 2
    assert "rows linked by 'parent_id' (h2o-llmstudio), each a turn of a conversation: put them" in done.err
    done = call_here("validate", f"a.{ending}", "--layout", "prompt-completion")
    assert "read 6 = written 6" in done.out
    alone = [{**row, "parent_id": ""} for row in rows]
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, alone)) + "\n")
    assert "layout prompt-completion" in call_here("validate", "b.jsonl").err


@pytest.mark.parametrize("name", [name for name in LAYOUTS if layout(name).module])
@pytest.mark.parametrize("field", ["input", "target"])
def test_a_field_is_where_it_is_mapped_or_that_is_refused(
    call_here: Call, tmp_path: Path, name: str, field: str
) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in load(f"layouts/{name}")["examples"]))
    for options in ((), ("--layout", name)):
        done = call_here("validate", "a.jsonl", "--map", f"{field}=nowhere", "--preference", "chosen", *options)
        told = "SFT302" in done.out or "SFT102" in done.out
        assert done.code == 2 or (done.code == 1 and told and field == "target"), done


@pytest.mark.parametrize("name", [name for name in LAYOUTS if layout(name).module])
def test_no_other_field_is_where_input_and_target_are_read(call_here: Call, tmp_path: Path, name: str) -> None:
    examples = load(f"layouts/{name}")["examples"]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in examples))
    columns = list(dict.fromkeys(key for each in examples for key in each))
    refused = 0
    for column in columns:
        done = call_here("validate", "a.jsonl", "--map", f"group={column}", "--preference", "chosen", "--layout", name)
        assert done.code in (0, 1, 2)
        refused += "reads its input and target from" in done.err
    assert refused
