"""A file of rejects is looked at as it is converted: `inspect` and `explain` show its rows, not its lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sftformat.dataset.build import convert, diagnose
from sftformat.dataset.options import DatasetOptions, Detected
from sftformat.dataset.sample import SAMPLE_RECORDS, sample
from sftformat.diagnostics import Diagnostic
from sftformat.explain.build import explain
from sftformat.inspect.build import inspect
from sftformat.inspect.section import Section, present
from sftformat.plan import plan
from sftformat.report.places import Places
from tests.cli.test_commands import UNSAFE
from tests.conftest import Call
from tests.dataset.test_convert import rows_of

NONE = DatasetOptions()


def line(file: str, number: int, raw: str, **more: Any) -> str:
    fields = {"file": file, "line": number, "byte": 0, "length": len(raw), "raw": raw, "format": "jsonl"}
    return json.dumps({**fields, "reason": "rejected", "diagnostics": [], **more}) + "\n"


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    """Rows of three inputs: JSON Lines, CSV with a split of its own, and canonical rows."""
    path = tmp_path / "rejects.jsonl"
    csv = {"format": "csv", "header": ["text", "label"], "read_as": {"split": "test", "delimiter": ";"}}
    own = {"format": "parquet", "byte": None, "read_as": {"task": "classification"}}
    source = {"file": "a.jsonl", "line": 1, "byte": 0}
    canonical = {"id": "1", "split": "train", "input": "four", "target": "x", "source": source}
    path.write_text(
        line("a.jsonl", 4, '{"text": "one", "label": "x"}')
        + line("a.jsonl", 9, '{"text": 5, "label": "x"}')
        + line("b.csv", 3, "two; and;y", **csv)
        + line("b.csv", 7, '"three; and";y', **csv)
        + line("c.parquet", 2, json.dumps(canonical), **own)
    )
    return path


def test_rows_are_explained_as_they_are_converted(rejects: Path, tmp_path: Path) -> None:
    list(convert([str(rejects)], tmp_path / "out", NONE))
    written = {row["source"]["line"]: row for row in rows_of(tmp_path / "out")}
    assert sorted(written) == [1, 4, 5]
    for number in range(1, 6):
        made = explain(f"{rejects}:{number}", NONE)
        assert made.row == (present(written[number]) if number in written else None)
    found = {each.line: each for each in diagnose([str(rejects)], NONE) if isinstance(each, Diagnostic)}
    for number in (2, 3):
        (own, at), *_ = explain(f"{rejects}:{number}", NONE).findings
        assert (own.code, own.message) == (found[number].code, found[number].message)
        assert at is not None
    assert json.loads(json.dumps(explain(f"{rejects}:4", NONE).to_json()))["raw"] == '"three; and";y'


def test_inspect_counts_the_rows(rejects: Path) -> None:
    sections = [each for each in inspect([str(rejects)], NONE) if isinstance(each, Section)]
    looked = [each for section in sections for each in section.inputs]
    assert [(each.read, each.fitting) for each in looked] == [(2, 1), (2, 1), (1, 1)]
    assert sum(sum(section.rows.values()) for section in sections) == 3


def test_the_terminal_says_where_the_rows_come_from(call: Call, rejects: Path) -> None:
    assert "rows rejected from b.csv, csv" in call("explain", "rejects.jsonl:4").out
    assert "rows rejected from b.csv, csv" in call("inspect", "rejects.jsonl").out
    rejects.write_text(line("\x1b]0;x\x07", 1, '{"text": "one", "label": "x"}'))
    for words in (("inspect", "rejects.jsonl"), ("explain", "rejects.jsonl:1"), ("validate", "rejects.jsonl")):
        done = call(*words)
        assert not UNSAFE.search(done.out + done.err)


def test_lines_of_rejects_are_lines_whatever_was_rejected(rejects: Path) -> None:
    places = Places()
    for each in diagnose([str(rejects)], NONE):
        if isinstance(each, Detected):
            places.add(each)
    assert places.has_lines("rejects.jsonl")


def test_paths_of_findings_about_the_set_lead_into_the_rows_of_their_run(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    first = [line("a.jsonl", n, json.dumps({"text": f"film {n}", "label": "xy"[n % 2]})) for n in range(1, 30)]
    header = {"format": "csv", "header": ["sentence", "class"]}
    second = [line("b.csv", n, f"movie {n},{'xy'[n % 2]}", **header) for n in range(1, 30)]
    path.write_text("".join([*first, line("a.jsonl", 30, '{"text": "film", "label": "X"}'), *second]))
    found = [each for each in diagnose([str(path)], NONE) if isinstance(each, Diagnostic) and each.code == "SFT301"]
    assert [(each.line, each.path) for each in found] == [(30, "/label")]


def test_the_sample_of_a_run_is_of_that_run(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    count = SAMPLE_RECORDS + 500
    path.write_text(
        "".join(line("a.jsonl", n, json.dumps({"text": f"a {n}", "label": "x"})) for n in range(1, count))
        + "".join(line("b.csv", n, f"b {n},x", format="csv", header=["text", "label"]) for n in range(1, count))
    )
    found = plan([str(path)], NONE.read, tmp_path)
    for source, start in zip(found.sources, "ab", strict=True):
        records, unread = sample(source, NONE)
        assert SAMPLE_RECORDS / 2 <= len(records) <= SAMPLE_RECORDS
        assert unread is None
        assert {record["text"][0] for record in records} == {start}


def test_no_value_of_a_damaged_line_is_shown(call: Call, rejects: Path) -> None:
    whole = rejects.read_text()
    rejects.write_text(whole + line("a.jsonl", 12, '{"text": "t", "label": "x"}', q7zq="q7zq") + "{}\n")
    done = call("validate", "rejects.jsonl", "--redact", "--output-format", "text", "-o", "-")
    assert "q7zq" not in done.out + done.err
    assert "rejects.jsonl:6: error: SFT101" in done.out
    assert "expected \n" not in done.out
