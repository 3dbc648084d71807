"""What is said twice, or of the wrong shape, is one clear line; and no line grows with what the data calls its keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sftformat.errors import SchemaError, UsageError
from sftformat.schema.references import MAX_WRITTEN
from sftformat.schema.usable import check
from sftformat.validate import diagnose
from tests.conftest import Call

ROWS = "".join(f'{{"text": "film {n}", "label": "{("good", "bad")[n % 2]}"}}\n' for n in range(8))


@pytest.fixture
def call(call_here: Call, tmp_path: Path) -> Call:
    (tmp_path / "a.jsonl").write_text(ROWS)
    return call_here


def test_a_rule_is_set_once(call: Call, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        '[rules.SFT401]\nseverity = "error"\n[rules.duplicate-record]\nmax_fraction = 0.1\n'
    )
    done = call("validate", "a.jsonl", "--config", "c.toml")
    assert (done.code, "SFT401 is set twice" in done.err) == (2, True), done.err


def test_stdin_is_read_once(call: Call) -> None:
    done = call("validate", "train=-", "test=-")
    assert (done.code, "stdin is named twice" in done.err) == (2, True), done.err


@pytest.mark.parametrize("rules", [{"SFT401": 5}, {"duplicate-record": "off"}, {"SFT204": None}])
def test_thresholds_have_names(tmp_path: Path, rules: Any) -> None:
    (tmp_path / "a.jsonl").write_text(ROWS)
    with pytest.raises(UsageError, match="thresholds are given by name"):
        list(diagnose(tmp_path / "a.jsonl", rules=rules))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("^(?:x{0,1000}){0,1000}$", "becomes too large"),
        ("(?:a{1000}){1000,}", "becomes too large"),
        ("(a{0,1000}", "is no regular expression"),
        ("[a", "is no regular expression"),
    ],
)
def test_a_pattern_that_is_too_large_is_one(pattern: str, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        check({"properties": {"text": {"pattern": pattern}}}, "s.json")


def test_a_schema_of_too_many_subschemas_is_refused_before_a_row_is_read() -> None:
    many = {"type": "object", "allOf": [{"minProperties": 1} for _ in range(MAX_WRITTEN)]}
    with pytest.raises(SchemaError, match=f"holds {MAX_WRITTEN + 1:,} subschemas; at most {MAX_WRITTEN:,}"):
        check(many, "s.json")


def test_a_long_key_does_not_make_a_long_line(call: Call, tmp_path: Path) -> None:
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    (tmp_path / "b.jsonl").write_text(ROWS + json.dumps({"text": "a", "label": "good", "k" * 5000: 1}) + "\n")
    done = call("validate", "b.jsonl", "--schema", "s.json", "--layout", "text-label", "--output-format", "jsonl")
    found = [json.loads(line) for line in done.out.splitlines()]
    messages = [each["message"] for each in found if each.get("code") == "SFT104"]
    assert messages, done.out + done.err
    assert all(len(each) < 200 for each in messages)
