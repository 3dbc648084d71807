"""CSV of Vertex AI: the use is the split, labels are as many as there are, and no path is ever followed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import UsageError
from sftformat.formats.vertex import USES, looks_like

from ..conftest import Call
from .hostile import TEXTS, read_bytes

TEXT = TEXTS.map(lambda text: text.replace("\0", "")).filter(lambda text: not text.startswith("gs://"))
LABEL = TEXT.filter(bool)
SPLIT = st.sampled_from(["train", "validation", "test", None])
ROW = st.fixed_dictionaries({"text": TEXT, "split": SPLIT})


@given(rows=st.lists(st.tuples(ROW, st.lists(LABEL, max_size=3)), min_size=1, max_size=6))
def test_there_and_back(tmp_path: Path, rows: list[tuple[dict[str, Any], list[str]]]) -> None:
    several = any(len(labels) > 1 for _, labels in rows)
    key = "labels" if several else "label"
    records = [{**row, key: (labels or None) if several else (labels[0] if labels else None)} for row, labels in rows]
    path = tmp_path / "x.csv"
    assert formats.write(path, "vertex", None, lambda: [records], []) == len(records)
    found = read_bytes(tmp_path, "x.csv", path.read_bytes())
    assert not found.rejects
    assert found.records == [without_null_split(each) for each in records]


def without_null_split(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "split" or value is not None}


CSV = b"""training,"Great, really",pos
TEST,Bad film,neg
training,gs://bucket/1.txt,pos
training,"two
lines ""q"" end",neg
validation,No label,
validation,No cell
trainig,Typo,pos

unassigned,Whatever,pos
training,caf\xe9,pos
training,"open,neg
training,after,neg
test
"""


def test_every_row_is_a_record_or_a_reject(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "v.csv", CSV)
    assert list(zip(found.lines, found.records, strict=True)) == [
        (1, {"split": "train", "text": "Great, really", "label": "pos"}),
        (2, {"split": "test", "text": "Bad film", "label": "neg"}),
        (4, {"split": "train", "text": 'two\nlines "q" end', "label": "neg"}),
        (6, {"split": "validation", "text": "No label", "label": None}),
        (7, {"split": "validation", "text": "No cell", "label": None}),
        (10, {"text": "Whatever", "label": "pos"}),
        (13, {"split": "train", "text": "after", "label": "neg"}),
    ]
    assert [(each.line, each.diagnostics[0].code) for each in found.rejects] == [
        (3, "SFT101"),
        (8, "SFT101"),
        (11, "SFT006"),
        (12, "SFT013"),
        (14, "SFT101"),
    ]
    assert found.blank_lines == 1
    assert all(CSV[each.byte or 0 :].startswith(each.raw) for each in found.rejects)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["training,a,b", "test,c,d"], True),
        (["gs://x/1.txt,b", "gs://x/2.txt,b"], True),
        (["training,a,b", *["test,c,d"] * 8, "oops,c,d"], True),
        (["split,text,label", "train,a,b", "test,c,d"], False),
        (["train,label", "some text,pos"], False),
        (["training", "test"], False),
        (["a,b"], False),
        ([], False),
    ],
)
def test_what_is_taken_for_it(lines: list[str], wanted: bool) -> None:
    assert looks_like(lines) == wanted


def test_from_the_command_line(call_here: Call, tmp_path: Path) -> None:
    rows = [f"{use},a text of {use} {n},{label}" for use in USES for n in range(20) for label in ("pos", "neg")]
    (tmp_path / "v.csv").write_text("\n".join([*rows, "test,gs://b/x,pos", "test,a second label,pos,neg"]) + "\n")
    done = call_here("convert", "v.csv", "-o", "out", "--select", "SFT0,SFT1")
    assert "layout text-labels (multilabel)" in done.err
    assert "v.csv:241  'gs://b/x' is a file in a bucket, which is never fetched: put its text here" in done.out
    assert "read 242 = written 241 + rejected 1" in done.out
    line = json.loads((tmp_path / "out/rejects.jsonl").read_text())
    (tmp_path / "m.jsonl").write_text(json.dumps({**line, "raw": 'test,"its, text",pos'}) + "\n")
    call_here("convert", "m.jsonl", "-o", "m2.jsonl", "-q")
    assert json.loads((tmp_path / "m2.jsonl").read_text()) == {"split": "test", "text": "its, text", "labels": ["pos"]}
    assert call_here("convert", "out", "-o", "b.csv", "--to", "vertex-labels", "-q").code == 0
    call_here("convert", "b.csv", "-o", "b.jsonl", "--to", "canonical", "-q")
    call_here("convert", "out", "-o", "a.jsonl", "--to", "canonical", "-q")
    kept = [
        [(row["split"], row["input"], row["target"]) for row in map(json.loads, (tmp_path / name).open())]
        for name in ("a.jsonl", "b.jsonl")
    ]
    assert kept[0] == kept[1]


def test_without_a_use_it_is_named(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("Great,pos\nBad,neg\nFine,pos\n")
    assert call_here("convert", "w.csv", "-o", "w.jsonl", "-q").code == 2
    assert call_here("convert", "w.csv", "-o", "w.jsonl", "--layout", "vertex", "-q").code == 0
    assert [json.loads(line)["label"] for line in (tmp_path / "w.jsonl").open()] == ["pos", "neg", "pos"]


@pytest.mark.parametrize(
    "record",
    [
        {"text": "gs://b/x", "label": "a"},
        {"text": "a", "labels": []},
        {"text": "a", "label": ""},
        {"text": "a\0", "label": "x"},
        {"texts": "a", "label": "x"},
    ],
)
def test_what_it_cannot_hold_is_refused(tmp_path: Path, record: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        formats.write(tmp_path / "x.csv", "vertex", None, lambda: [[record]], [])
