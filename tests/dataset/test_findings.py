"""Findings about columns as a whole, and about several inputs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.diagnostics import Diagnostic
from sftformat.errors import SftformatError
from sftformat.schema.store import load_user
from tests.conftest import Call

MACHINE = ("--output-format", "jsonl")
REVIEW = {"text": "A film.", "label": "good"}
ANSWER = {"instruction": "Add.", "output": "2"}


def found(
    folder: Path, files: Mapping[str, Sequence[Mapping[str, Any]]], code: str, **options: Any
) -> list[Diagnostic]:
    for name, records in files.items():
        (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    events = diagnose([str(folder / name) for name in files], DatasetOptions(**options))
    return [each for each in events if isinstance(each, Diagnostic) and each.code == code]


@pytest.mark.parametrize(
    ("records", "line", "path", "hint"),
    [
        ([ANSWER, {**ANSWER, "inptu": "1+1"}], 2, "/inptu", "did you mean 'input'?"),
        ([ANSWER, {**ANSWER, "inputs": "1+1"}], 2, "/inputs", "did you mean 'input'?"),
        ([ANSWER, {**ANSWER, "Input": "1+1"}], 2, "/Input", "did you mean 'input'?"),
        ([{**ANSWER, "input": "1"}, {**ANSWER, "imput": "1+1"}], 2, "/imput", "did you mean 'input'?"),
        ([REVIEW, {"text": "A film.", "labels": "good"}], 2, "/labels", "did you mean 'label'?"),
    ],
)
def test_a_name_that_looks_misspelt_is_named(
    records: list[Any], line: int, path: str, hint: str, tmp_path: Path
) -> None:
    (each,) = found(tmp_path, {"a.jsonl": records}, "SFT103")
    assert (each.line, each.path, each.hint) == (line, path, hint)


@pytest.mark.parametrize(
    "more",
    [
        "weight_kg",
        "height",
        "groupe",
        "grupo",
        "splits",
        "ID",
        "title",
        "label_text",
        "system_id",
        "note",
        "lab",
        "texture",
    ],
)
def test_an_ordinary_column_is_none(more: str, tmp_path: Path) -> None:
    records = [{**REVIEW, more: "x"} for _ in range(3)]
    assert found(tmp_path, {"a.jsonl": records}, "SFT103") == []


def test_a_column_beside_the_field_that_it_resembles_is_another_one(tmp_path: Path) -> None:
    assert found(tmp_path, {"a.jsonl": [{**ANSWER, "input": "1", "inputs": "2"}]}, "SFT103") == []


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"properties": {"text": {}, "label": {}}}, ["/note"]),
        ({"properties": {"text": {}, "label": {}}, "required": ["note"]}, []),
        ({"properties": {"text": {}, "label": {}}, "dependentRequired": {"text": ["note"]}}, []),
        ({"properties": {"text": {}, "label": {}}, "additionalProperties": True}, []),
        ({"properties": {"text": {}, "label": {}}, "patternProperties": {"^n": {}}}, []),
        ({"properties": {"text": {}, "label": {}}, "allOf": [{"properties": {"note": {}}}]}, []),
        ({"required": ["text"]}, []),
    ],
)
def test_a_schema_of_the_user_knows_what_it_names(schema: Any, wanted: list[str], tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(schema))
    options = {"schema": load_user(tmp_path / "s.json"), "schema_name": "s.json", "layout": "text-label"}
    records = [REVIEW, {**REVIEW, "note": "x"}]
    assert [each.path for each in found(tmp_path, {"a.jsonl": records}, "SFT103", **options)] == wanted


def test_a_test_set_may_be_unlabelled_and_a_field_may_have_two_names(tmp_path: Path) -> None:
    files = {
        "train.jsonl": [REVIEW, REVIEW],
        "valid.jsonl": [{"sentence": "A film.", "label": "good"}],
        "test.jsonl": [{"text": "A film."}],
    }
    assert found(tmp_path, files, "SFT106") == []
    files["train.jsonl"] = [{**REVIEW, "stars": 3}]
    assert [each.path for each in found(tmp_path, files, "SFT106")] == ["/stars"]


def test_a_train_set_without_targets_is_named(tmp_path: Path) -> None:
    files = {"test.jsonl": [REVIEW], "train.jsonl": [{"text": "A film."}]}
    assert [each.path for each in found(tmp_path, files, "SFT106")] == ["/label"]


@pytest.mark.parametrize("each", [True, False])
def test_one_damaged_input_hides_no_other(each: bool, call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "b"}\n{"b\n')
    (tmp_path / "b.csv").write_text("text,label,label\na,b,c\n")
    (tmp_path / "c.jsonl").write_text('{"text": "", "label": "b"}\n')
    packed = gzip.compress(b'{"text": "d", "label": "b"}\n' * 9)
    (tmp_path / "d.jsonl.gz").write_bytes(packed[:-9])
    names = ("a.jsonl", "b.csv", "c.jsonl", "d.jsonl.gz")
    done = call_here("validate", *["--each"][: int(each)], "-q", *names, "--output-format", "jsonl")
    assert done.code == 2
    places = [(each.get("file"), each["code"]) for each in map(json.loads, done.out.splitlines())]
    wanted = [("a.jsonl", "SFT001"), ("b.csv", "SFT014"), ("c.jsonl", "SFT201"), ("d.jsonl.gz", "SFT016")]
    assert [places.count(place) for place in wanted] == [1] * 4
    assert done.err.count("b.csv: the header names 'label' twice") == 1
    assert done.err.count("d.jsonl.gz: the gzip data is damaged") == 1
    alone = call_here("validate", "-q", "d.jsonl.gz", "b.csv")
    assert alone.code == 2


def test_damage_late_in_an_input_hides_no_other(tmp_path: Path) -> None:
    """The rows before the break fill the sample; the unit that meets it is left out, and the ledger closes."""
    rows = b"".join(b'{"text": "number %d of many", "label": "b"}\n' % number for number in range(60_000))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(rows)[:-9])
    (tmp_path / "b.jsonl").write_text('{"text": "", "label": "b"}\n')
    failed: list[SftformatError] = []
    events = list(diagnose([str(tmp_path / "a.jsonl.gz"), str(tmp_path / "b.jsonl")], DatasetOptions(), failed))
    codes = {(each.file, each.code) for each in events if isinstance(each, Diagnostic)}
    assert {("a.jsonl.gz", "SFT016"), ("b.jsonl", "SFT201")} <= codes
    assert [str(each)[:10] for each in failed] == ["a.jsonl.gz"]
    assert isinstance(events[-1], Finished)
    assert events[-1].manifest["ledger"]["read"] == 1


def test_a_test_file_by_itself_may_be_unlabelled(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    assert call_here("validate", "test=t.jsonl", "--task", "classification").code == 0
    told = call_here("validate", "test=t.jsonl")
    assert told.code == 2
    assert "choose --layout text-label (classification) or" in told.err
    assert call_here("validate", "t.jsonl", "--task", "classification").code == 2


def test_every_finding_has_its_own_cure(call_here: Call, tmp_path: Path) -> None:
    labels = ["pos", "neg"] * 10 + ["Pos", "neutral"]
    rows = [json.dumps({"text": f"Film {n}", "label": label}) for n, label in enumerate(labels)]
    (tmp_path / "a.jsonl").write_text("\n".join(rows) + "\n")
    (tmp_path / "labels").write_text("neg\npos\n")
    done = call_here("validate", "-q", "a.jsonl", "--labels", "labels", "--select", "SFT304")
    after = done.out.split('label "neutral"')[1].splitlines()[1]
    assert "did you mean" in done.out.split('label "neutral"')[0]
    assert "did you mean" not in after
    assert "label map" in after


def test_no_finding_shows_a_secret(call_here: Call, tmp_path: Path) -> None:
    secret = "AK" + "IA3RZ7TQNVW5KXJ4MB"
    rows = [{"text": f"Film {n} was fine.", "label": ("good", "bad")[n % 2]} for n in range(30)]
    rows += [{"text": f"see <a href='{secret}'>x</a>", "label": "good"}, {"text": "fine", "label": secret}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "s.json").write_text('{"properties": {"text": {"maxLength": 20}}, "additionalProperties": true}')
    for form in ("text", "jsonl", "github", "sarif"):
        for options in ((), ("--schema", "s.json"), ("--ignore", "SFT212")):
            done = call_here("validate", "-q", "a.jsonl", "--output-format", form, *options)
            assert "AKIA" in done.out
            assert secret[:8] not in done.out


def test_a_limit_of_numbers_on_cells_without_a_type_is_named(call_here: Call, tmp_path: Path) -> None:
    rows = [f"Film number {n},{'ab'[n % 2]},{n % 5}" for n in range(30)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label,score", *rows, "odd,a,99"]) + "\n")
    for kind, code in (({}, "SFT108"), ({"type": "number"}, "SFT101")):
        schema = {"properties": {"text": {}, "label": {}, "score": {**kind, "maximum": 5}}}
        (tmp_path / "s.json").write_text(json.dumps(schema))
        done = call_here("validate", "-q", "a.csv", "--layout", "text-label", "--schema", "s.json", *MACHINE)
        assert [json.loads(line)["code"] for line in done.out.splitlines()] == [code]
