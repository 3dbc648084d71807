"""`schema --infer`: what is inferred admits every record, works as a layout, and is the same bytes every time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.check import Settings
from sftformat.dataset.infer import Inferred, infer
from sftformat.dataset.options import DatasetOptions
from sftformat.layouts.cells import read_some
from sftformat.schema.decide import compile_schema, plain
from sftformat.schema.infer import MAX_KEYS, MAX_PLACES, Budget, Seen
from sftformat.schema.store import load_user
from sftformat.schema.usable import ignored
from sftformat.validate import diagnose
from tests.conftest import Call
from tests.formats.hostile import RECORDS, read_path

SAMPLES = Path(__file__).parents[2] / "samples"
CLEAN = sorted(
    path.name
    for path in SAMPLES.iterdir()
    if path.suffix in (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".gz", ".zst")
    and not path.name.startswith("broken")
    and ".schema." not in path.name
)


@pytest.fixture
def call(call_here: Call) -> Call:
    return call_here


def inferred(*paths: Path, **options: Any) -> Inferred:
    *_, last = infer([str(path) for path in paths], DatasetOptions(**options))
    assert isinstance(last, Inferred)
    return last


def written(folder: Path, records: list[Any], name: str = "a.jsonl") -> Path:
    path = folder / name
    formats.write(path, name.split(".")[1], None, lambda: [records], list(records[0]) if records else [])
    return path


@given(records=RECORDS.filter(bool))
def test_what_is_inferred_admits_every_record(tmp_path: Path, records: list[Any]) -> None:
    path = written(tmp_path, records)
    found = inferred(path)
    (tmp_path / "s.json").write_text(json.dumps(found.schema))
    schema = load_user(tmp_path / "s.json")
    assert schema == found.schema
    assert ignored(schema, "s") == []
    compiled = compile_schema(schema)
    for record in records:
        assert compiled.fits(plain(record)), (schema, compiled.explain(plain(record)))
    assert json.dumps(inferred(path).schema) == json.dumps(found.schema)


RIGHT = st.fixed_dictionaries({"text": st.text("ab", max_size=3), "label": st.sampled_from(["pos", "neg", 1, None])})
WRONG = st.sampled_from([{"text": 1, "label": "pos"}, {"text": "a", "label": ["pos"]}, {"text": ["a"], "label": "b"}])


@given(rows=st.lists(st.one_of(RIGHT, WRONG), min_size=1, max_size=12))
def test_what_the_layout_refuses_has_no_part_and_is_counted(tmp_path: Path, rows: list[Any]) -> None:
    path = written(tmp_path, [{"text": "a", "label": "pos"}, *rows])
    found = inferred(path, layout="text-label")
    wrong = sum(type(row["text"]) is not str or type(row["label"]) is list for row in rows)
    assert (found.rows, found.refused, found.unread) == (1 + len(rows) - wrong, wrong, 0)
    assert (f"; {wrong} more do" in found.schema["description"]) == (wrong > 0)
    (tmp_path / "s.json").write_text(json.dumps(found.schema))
    options = DatasetOptions(
        schema=load_user(tmp_path / "s.json"), settings=Settings(select=("SFT1",), ignore=("SFT105",))
    )
    refused = {each.line for each in diagnose(path, options=options)}
    assert len(refused) == wrong


CELLS = st.sampled_from(["", " ", "1", "-0", "007", "1.50", "1e5", "1e400", "9" * 30, "x", "NA", "true", "[1]", '"q"'])


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), kind=st.sampled_from(["csv", "tsv"]))
def test_cells_are_admitted_as_they_are_read(tmp_path: Path, rows: list[tuple[str, str]], kind: str) -> None:
    path = written(tmp_path, [{"a": one, "b": other} for one, other in rows], f"a.{kind}")
    schema = inferred(path).schema
    compiled = compile_schema(schema)
    for record in read_path(path).records:
        shown = read_some(record, sorted(compiled.json_columns()))
        assert compiled.fits(shown), (schema, shown)


@given(one=RECORDS.filter(bool), other=RECORDS.filter(bool))
def test_seen_in_any_order_is_seen(one: list[Any], other: list[Any]) -> None:
    def made(*batches: list[Any]) -> Any:
        seen = Seen(Budget())
        for batch in batches:
            seen.see(batch)
        return seen.schema()

    def unordered(node: Any) -> Any:
        return {
            **node,
            "properties": dict(sorted(node.get("properties", {}).items())),
            "required": sorted(node.get("required", [])),
        }

    assert unordered(made(one, other)) == unordered(made([*one, *other])) == unordered(made(other, one))


@pytest.mark.parametrize("name", CLEAN)
def test_samples_fit_what_is_inferred_from_them(call: Call, tmp_path: Path, name: str) -> None:
    sample = str(SAMPLES / name)
    options = ("--schema", str(SAMPLES / "reviews.schema.json")) if name == "reviews.jsonl" else _asked(name)
    assert call("schema", "--infer", sample, "-o", "s.json").code == 0
    before = json.loads(call("validate", sample, *options, "--output-format", "json").out)
    done = call("validate", sample, "--schema", "s.json", *_fields(name), *_asked(name), "--output-format", "json")
    after = json.loads(done.out)
    assert after["ledger"]["rejected"] == 0
    assert {code for code in after["codes"] if code.startswith("SFT1")} == set()
    if name != "reviews.jsonl":
        assert after["ledger"] == before["ledger"]
        assert after["task"] == before["task"]


def _asked(name: str) -> tuple[str, ...]:
    return ("--preference", "chosen") if name.startswith("preference") else ()


def _fields(name: str) -> tuple[str, ...]:
    return ("--map", "input=/review/body", "--map", "target=/review/stars") if name == "reviews.jsonl" else ()


def test_what_a_schema_says(call: Call, tmp_path: Path) -> None:
    rows = [
        {"text": "é" * (index + 1), "label": ("good", "bad")[index % 2], "stars": index, "tags": ["a"] * (index % 3)}
        for index in range(30)
    ]
    rows[3]["label"] = None
    rows[4]["more"] = {"x": 1.5}
    written(tmp_path, rows)
    done = call("schema", "--infer", "a.jsonl")
    assert done.code == 0
    schema = json.loads(done.out)
    assert schema["title"] == "Records of a.jsonl"
    assert schema["description"].startswith("Inferred from 30 records: ")
    assert schema["required"] == ["text", "label", "stars", "tags"]
    assert schema["properties"] == {
        "text": {"type": "string", "minLength": 1, "maxLength": 30},
        "label": {"type": ["string", "null"], "enum": ["bad", "good", None]},
        "stars": {"type": "integer", "minimum": 0, "maximum": 29},
        "tags": {"type": "array", "maxItems": 2, "items": {"type": "string", "enum": ["a"]}},
        "more": {
            "type": "object",
            "properties": {"x": {"type": "number", "minimum": 1.5, "maximum": 1.5}},
            "required": ["x"],
        },
    }
    assert schema["x-sftformat"] == {
        "version": 1,
        "task": "classification",
        "fields": {"input": "/text", "target": {"at": ["/label"], "as": "string"}},
    }


def test_it_catches_what_is_new(call: Call, tmp_path: Path) -> None:
    rows = [{"text": f"text {index}", "label": ("good", "bad")[index % 2]} for index in range(30)]
    written(tmp_path, rows)
    assert call("schema", "--infer", "a.jsonl", "-o", "s.json").code == 0
    written(tmp_path, [*rows, {"text": "text", "label": "god"}, {"label": "good"}], "b.jsonl")
    done = call("validate", "b.jsonl", "--schema", "s.json", "--select", "SFT1")
    assert done.code == 1
    assert 'b.jsonl:31  /label: expected enum ["bad", "good"], got "god"' in done.out
    assert "b.jsonl:32  /text is missing" in done.out


def test_without_a_layout_the_schema_names_none(call: Call, tmp_path: Path) -> None:
    written(tmp_path, [{"foo": 1, "bar": [None, True]}] * 3)
    done = call("schema", "--infer", "a.jsonl")
    assert done.code == 0
    assert "x-sftformat" not in json.loads(done.out)
    assert "names no layout: a.jsonl: no known layout fits the columns foo, bar" in done.err
    done = call(
        "schema", "--infer", "a.jsonl", "--task", "classification", "--map", "input=foo", "--map", "target=foo2"
    )
    assert json.loads(done.out)["x-sftformat"]["fields"] == {"input": "/foo", "target": "/foo2"}


def test_several_inputs_and_formats_make_one_schema(call: Call, tmp_path: Path) -> None:
    written(tmp_path, [{"text": "a", "label": 1, "n": 2.5}, {"text": "b", "label": 0, "n": 1}])
    (tmp_path / "b.csv").write_text("text,label,n\nccc,1,7\nd,0,\n")
    assert call("schema", "--infer", "a.jsonl", "b.csv", "-o", "s.json").code == 0
    found = json.loads((tmp_path / "s.json").read_text())["properties"]
    assert found["text"] == {"type": "string", "minLength": 1, "maxLength": 3}
    assert found["n"] == {"type": ["number", "null"], "minimum": 1, "maximum": 7}
    assert call("validate", "a.jsonl", "b.csv", "--schema", "s.json", "--select", "SFT101,SFT102,SFT104").code == 0


def test_rows_that_cannot_be_read_are_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "b"}\n{bad\n')
    done = call("schema", "--infer", "a.jsonl")
    assert done.code == 1
    assert "1 row could not be read" in done.err
    assert "1 more could not be read" in json.loads(done.out)["description"]
    (tmp_path / "b.jsonl").write_text("{bad\n")
    assert call("schema", "--infer", "b.jsonl").code == 2
    assert call("schema", "--infer").code == 2


def test_rows_that_the_layout_refuses_are_told(call: Call, tmp_path: Path) -> None:
    rows = [{"text": f"text {index}", "label": ("good", "bad")[index % 2]} for index in range(30)]
    written(tmp_path, [*rows, {"text": 5, "label": "good"}])
    done = call("schema", "--infer", "a.jsonl", "-o", "s.json")
    assert done.code == 1
    assert "1 row had no part: not of the layout" in done.err
    said = json.loads((tmp_path / "s.json").read_text())
    assert said["description"].startswith(
        "Inferred from 30 records: it admits every one of them; 1 more does not fit layout text-label."
    )
    assert said["properties"]["text"]["type"] == "string"
    checked = json.loads(call("validate", "a.jsonl", "--schema", "s.json", "--output-format", "json").out)
    assert checked["ledger"]["rejected"] == 1
    written(tmp_path, [{"text": 5, "label": "good"}], "b.jsonl")
    done = call("schema", "--infer", "b.jsonl", "--layout", "text-label")
    assert (done.code, done.out) == (2, "")
    assert "no record can be read that fits layout text-label" in done.err


def test_a_file_is_replaced_only_when_asked(call: Call, tmp_path: Path) -> None:
    written(tmp_path, [{"text": "a", "label": "b"}])
    (tmp_path / "s.json").write_text("mine")
    assert call("schema", "--infer", "a.jsonl", "-o", "s.json").code == 2
    assert (tmp_path / "s.json").read_text() == "mine"
    assert call("schema", "--infer", "a.jsonl", "-o", "s.json", "--overwrite").code == 0


def test_hostile_keys_and_labels_are_escaped(call: Call, tmp_path: Path) -> None:
    evil = "\x1b[31m\u202e"
    written(tmp_path, [{"text": "a", "label": evil, evil: evil}] * 30)
    done = call("schema", "--infer", "a.jsonl")
    assert done.out.isascii()
    assert "\x1b" not in done.out
    assert json.loads(done.out)["properties"][evil]["enum"] == [evil]


def test_memory_is_bounded_whatever_the_data() -> None:
    seen = Seen(Budget())
    for start in range(0, 20_000, 500):
        seen.see([{"map": {f"k{start + n}": n}, "text": "x" * 500 + str(start + n)} for n in range(500)])
    schema = seen.schema()
    assert schema["properties"]["map"] == {"type": "object"}
    assert seen.keys is not None
    assert seen.keys["text"].distinct is None
    wide = Seen(Budget())
    wide.see([{f"a{n}": {f"b{m}": {"c": 1} for m in range(MAX_KEYS)}} for n in range(MAX_KEYS)])
    assert len(json.dumps(wide.schema())) < 200 * MAX_PLACES
    deep: Any = 1
    for _ in range(400):
        deep = {"k": [deep]}
    seen.see([deep])
    assert compile_schema(seen.schema()).fits(deep)
