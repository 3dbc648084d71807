"""Rejects, once mended, are an input: nothing is lost on the way round, and places are those that can be edited."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.dataset.build import diagnose
from sftformat.dataset.export import export
from sftformat.dataset.options import DatasetOptions, Detected
from sftformat.diagnostics import Diagnostic
from sftformat.errors import InputError, UsageError
from sftformat.formats.source import ReadOptions
from sftformat.inputs import resolve
from tests.dataset.test_convert import make, rows_of, write_jsonl

TOLD = DatasetOptions(layout="text-label")


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def mend(path: Path, right: Callable[[dict[str, Any]], str]) -> list[dict[str, Any]]:
    """Write the right row into every line of a file of rejects."""
    lines = lines_of(path)
    for line in lines:
        line.pop("raw_base64", None)
        line["raw"] = right(line)
    write_jsonl(path, lines)
    return lines


def learned(folder: Path) -> list[tuple[Any, ...]]:
    return sorted((row["id"], row["input"], row["target"], row["split"], row["meta"]) for row in rows_of(folder))


# ---------------------------------------------------------------------------------------------------- there and back

#: Of each format: its first line, and rows as (as it is, as it should be); equal where nothing is wrong.
JSONL = [
    ('{"text": "%d", "label": "x"}', '{"text": "%d", "label": "x"}'),
    ('{"text": "%d", "label": "y", "more": 1.10}', '{"text": "%d", "label": "y", "more": 1.10}'),
    ('{"text": "%d", "label": "x"', '{"text": "%d", "label": "x"}'),
    ('{"text": %d, "label": "x"}', '{"text": "%d é\\u200b", "label": "x"}'),
    ('["%d"]', '{"text": "%d", "label": "x"}'),
    ('{"text": "  ", "label": "x%d"}', '{"text": "full", "label": "x%d"}'),
    ('{"text": "%d", "split": "nosuch"}', '{"text": "%d", "label": "z", "split": "test"}'),
    ('{"text": "%d"}', '{"text": "%d", "label": "w"}'),
]
CSV = [
    ("%d;x", "%d;x"),
    ('"a;\n%d";x', '"a;\n%d";x'),
    ("%d;x;y", '"%d;x";y'),
    ("%d", "%d;x"),
    ('"%d" more;x', '"""%d"" more";x'),
    (";x%d", "full;x%d"),
]


@settings(max_examples=30)
@given(st.sampled_from(["jsonl", "csv", "json"]), st.lists(st.integers(0, 7), max_size=9), st.booleans())
def test_good_rows_and_mended_rejects_are_the_mended_file(
    tmp_path_factory: pytest.TempPathFactory, kind: str, chosen: list[int], named: bool
) -> None:
    folder = tmp_path_factory.mktemp("mend")
    rows = {"jsonl": JSONL, "csv": CSV, "json": [*JSONL[:2], *JSONL[3:]]}[kind]
    pairs = [tuple(text % number for text in rows[which % len(rows)]) for number, which in enumerate([0, *chosen])]

    def file(name: str, texts: list[str]) -> str:
        whole = {"json": "[" + ",\n".join(texts) + "]", "csv": "\n".join(["text;label", *texts]) + "\n"}
        path = folder / f"{name}.{kind}"
        path.write_text(whole.get(kind, "\n".join(texts) + "\n"), encoding="utf-8")
        return f"validation={path}" if named else str(path)

    broken = file("broken", [wrong for wrong, _ in pairs])
    manifest, _ = make([broken], folder / "one", TOLD)
    rejects = folder / "one/rejects.jsonl"
    bad = {line["raw"] for line in mend(rejects, lambda line: line["raw"])} if rejects.exists() else set()
    good = file("good", [wrong for wrong, _ in pairs if wrong not in bad])
    right = file("right", [mended if wrong in bad else wrong for wrong, mended in pairs])
    make([right], folder / "all", TOLD)
    if bad:
        mend(rejects, lambda line: dict(pairs)[line["raw"]])
    inputs = [good, str(rejects)] if bad else [good]
    again, _ = make(inputs, folder / "two", TOLD)
    assert again["ledger"]["rejected"] == 0
    assert learned(folder / "two") == learned(folder / "all")
    assert again["ledger"]["read"] == manifest["ledger"]["read"] == len(pairs)
    for row in rows_of(folder / "two"):
        if row["source"]["file"].endswith("rejects.jsonl"):
            assert row["source"]["line"] <= len(lines_of(rejects))
    both, _ = make([broken, *inputs[1:]], folder / "three", TOLD)
    assert learned(folder / "three") == learned(folder / "all")
    assert both["ledger"]["rejected"] == manifest["ledger"]["rejected"] == len(bad)


def test_unmended_rejects_are_rejected_as_they_were(tmp_path: Path) -> None:
    text = "\n".join(wrong % number for number, (wrong, _) in enumerate(JSONL))
    (tmp_path / "a.jsonl").write_text(text)
    make([str(tmp_path / "a.jsonl")], tmp_path / "one", TOLD)
    _, found = make([str(tmp_path / "one/rejects.jsonl")], tmp_path / "two", TOLD)
    first, second = lines_of(tmp_path / "one/rejects.jsonl"), lines_of(tmp_path / "two/rejects.jsonl")
    for old, new in zip(first, second, strict=True):
        assert (new["raw"], new["format"]) == (old["raw"], old["format"])
        assert new["diagnostics"][0]["code"] == old["diagnostics"][0]["code"]
    assert [each.line for each in found if each.code == "SFT001"] == [1]
    mend(tmp_path / "two/rejects.jsonl", lambda _: '{"text": "now", "label": "x"}')
    manifest, _ = make([str(tmp_path / "two/rejects.jsonl")], tmp_path / "three", TOLD)
    assert manifest["ledger"]["written"] == len(second)


def test_several_inputs_of_different_shape_in_one_file(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}, {"label": "x"}])
    (tmp_path / "test.csv").write_text("sentence|label|note\nc|x|1\nd|y\n")
    make([str(tmp_path / name) for name in ("train.jsonl", "test.csv")], tmp_path / "one")
    right = {"train.jsonl": '{"text": "e", "label": "x"}', "test.csv": "d|y|2"}
    lines = mend(tmp_path / "one/rejects.jsonl", lambda line: right[line["file"]])
    assert [line.get("read_as") for line in lines] == [{"split": "train"}, {"split": "test", "delimiter": "|"}]
    manifest, _ = make([str(tmp_path / "one/rejects.jsonl")], tmp_path / "two")
    assert [(row["input"], row["target"], row["split"], row["meta"]) for row in rows_of(tmp_path / "two")] == [
        ("d", "y", "test", '{"note":"2"}'),
        ("e", "x", "train", None),
    ]
    assert [(each["format"], each["rejected_from"], each["split"]) for each in manifest["inputs"]] == [
        ("jsonl", "train.jsonl", "train"),
        ("csv", "test.csv", "test"),
    ]
    list(export(tmp_path / "two", tmp_path / "b.jsonl", None))
    assert sorted((row["text"], row["label"]) for row in lines_of(tmp_path / "b.jsonl")) == [("d", "y"), ("e", "x")]
    (tmp_path / "all.jsonl").write_bytes((tmp_path / "one/rejects.jsonl").read_bytes() * 2)
    manifest, _ = make([str(tmp_path / "all.jsonl")], tmp_path / "three")
    assert (manifest["ledger"]["written"], len(manifest["inputs"])) == (4, 4)


def test_a_split_that_the_user_named_goes_before_a_column_again(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "label": "x", "split": "train"}, {"label": "x"}])
    make([f"test={tmp_path / 'a.jsonl'}"], tmp_path / "one")
    mend(tmp_path / "one/rejects.jsonl", lambda _: '{"text": "b", "label": "x", "split": "train"}')
    make([str(tmp_path / "one/rejects.jsonl")], tmp_path / "two")
    assert [row["split"] for row in rows_of(tmp_path / "two")] == ["test"]
    make([f"validation={tmp_path / 'one/rejects.jsonl'}"], tmp_path / "three")
    assert [row["split"] for row in rows_of(tmp_path / "three")] == ["validation"]


def test_other_encodings_stand_as_text_and_undecodable_bytes_can_be_read_or_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("text,label\nfür,x\nä,b,c\n".encode("utf-16"))
    make([str(tmp_path / "a.csv")], tmp_path / "one")
    (line,) = lines_of(tmp_path / "one/rejects.jsonl")
    assert line["raw"] == "ä,b,c"
    mend(tmp_path / "one/rejects.jsonl", lambda _: '"ä,b",c')
    make([str(tmp_path / "a.csv"), str(tmp_path / "one/rejects.jsonl")], tmp_path / "two")
    assert [row["input"] for row in rows_of(tmp_path / "two")] == ["für", "ä,b"]
    (tmp_path / "b.csv").write_bytes("text,label\nok,x\nfür,y\n".encode("cp1252"))
    make([str(tmp_path / "b.csv")], tmp_path / "three")
    rejects = tmp_path / "three/rejects.jsonl"
    _, found = make([str(rejects)], tmp_path / "four", TOLD)
    assert [(each.code, each.line) for each in found if each.code == "SFT006"] == [("SFT006", 1)]
    make([str(rejects)], tmp_path / "five", DatasetOptions(read=ReadOptions(encoding="cp1252")))
    mend(rejects, lambda _: "für,y")
    make([str(rejects)], tmp_path / "six")
    assert learned(tmp_path / "five") == learned(tmp_path / "six")
    assert [row["input"] for row in rows_of(tmp_path / "six")] == ["für"]


def test_dropped_duplicates_and_rows_of_parquet_come_back_as_they_were(tmp_path: Path) -> None:
    rows = {"text": ["a", "a", "b"], "label": ["x", "x", "y"], "weight": [1.5, 1.5, 2.0], "when": [None, None, 3]}
    pq.write_table(pa.table(rows), tmp_path / "a.parquet")
    make([str(tmp_path / "a.parquet")], tmp_path / "one", DatasetOptions(drop_duplicates=True))
    make([str(tmp_path / "one/rejects.jsonl")], tmp_path / "two")
    before, after = rows_of(tmp_path / "one")[0], rows_of(tmp_path / "two")[0]
    assert after == {**before, "source": {"file": "rejects.jsonl", "line": 1, "byte": 0}}


def test_canonical_rows_are_read_as_such(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "label": "x", "id": "7", "n": 1}] * 2)
    make([str(tmp_path / "a.jsonl")], tmp_path / "one")
    make([str(tmp_path / "one")], tmp_path / "two", DatasetOptions(drop_duplicates=True))
    rejects = tmp_path / "two/rejects.jsonl"
    (line,) = lines_of(rejects)
    assert line["read_as"] == {"task": "classification"}
    make([str(rejects)], tmp_path / "three")
    (row,) = rows_of(tmp_path / "three")
    assert (row["id"], row["input"], row["meta"], row["source"]["file"]) == ("7", "a", '{"n":1}', "rejects.jsonl")
    list(export(tmp_path / "three", tmp_path / "b.jsonl", "canonical"))
    assert lines_of(tmp_path / "b.jsonl")[0]["target"] == "x"
    mend(rejects, lambda _: '{"input": 1, "target": "x"}')
    _, found = make([str(rejects)], tmp_path / "four")
    assert [(each.code, each.path, each.file, each.line) for each in found if each.code == "SFT104"] == [
        ("SFT104", "/input", "rejects.jsonl", 1)
    ]


# ---------------------------------------------------------------------------------------------------- edited by hand

BAD = {"text": "b", "label": "x", "split": "nosuch"}


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    """Two rejected rows; the first is mended."""
    write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "label": "x"}, BAD, BAD])
    make([str(tmp_path / "a.jsonl")], tmp_path / "one")
    path = tmp_path / "one/rejects.jsonl"
    lines = lines_of(path)
    lines[0]["raw"] = '{"text": "b", "label": "x"}'
    write_jsonl(path, lines)
    return path


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda line: line.pop("raw"), "SFT102", "/raw is missing"),
        (lambda line: line.update(raw_base64="YQ=="), "SFT101", "both raw and raw_base64"),
        (lambda line: line.update(note="mine"), "SFT101", "/note is no key"),
        (lambda line: line.update(raws="mine"), "SFT101", "/raws is no key"),
        (lambda line: line.update(raw=None), "SFT104", "/raw: expected string"),
        (lambda line: line.update(line="two"), "SFT104", "/line: expected integer"),
        (lambda line: line.update(raw_base64=line.pop("raw")), "SFT101", "not base64"),
        (lambda line: line.update(raw='{"text": 1'), "SFT001", "in raw, column 11"),
        (lambda line: line.update(raw=""), "SFT001", "in raw, column 1"),
        (lambda line: line.update(format="csv", raw="a,b"), "SFT102", "/header is missing"),
        (
            lambda line: line.update(format="csv", header=["text", "label"], raw="a,b\nc,d"),
            "SFT013",
            "ends with line 1",
        ),
        (lambda line: line.update(format="csv", header=["text", "label"], raw='"a,b'), "SFT013", "never closed"),
        (lambda line: line.update(format="csv", header=["text", "label"], raw="a\0,b"), "SFT008", "NUL"),
    ],
)
def test_a_line_that_was_changed_otherwise_is_told(
    rejects: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], code: str, words: str
) -> None:
    lines = lines_of(rejects)
    change(lines[1])
    write_jsonl(rejects, lines)
    manifest, found = make([str(rejects)], tmp_path / "two", TOLD)
    (told,) = [each for each in found if each.severity == "error"]
    assert (told.code, told.file, told.line) == (code, "rejects.jsonl", 2)
    assert told.byte == len(rejects.read_bytes().split(b"\n")[0]) + 1
    assert words in told.message
    assert (manifest["ledger"]["written"], manifest["ledger"]["rejected"]) == (1, 1)
    (left,) = lines_of(tmp_path / "two/rejects.jsonl")
    whole = json.loads(left["raw"]) if left["raw"][:8] == '{"file":' else None
    assert left["raw"] == lines[1].get("raw") or whole == lines[1]


def test_a_damaged_line_can_be_mended_in_the_rejects_of_the_rejects(rejects: Path, tmp_path: Path) -> None:
    first, second = rejects.read_bytes().splitlines()
    rejects.write_bytes(b"\n" + first + b"\n" + second[:-3] + b"\n\n")
    manifest, found = make([str(rejects)], tmp_path / "two", TOLD)
    assert [(each.code, each.line) for each in found if each.severity == "error"] == [("SFT001", 3)]
    assert (manifest["ledger"]["read"], manifest["ledger"]["blank_lines"]) == (2, 2)
    again = tmp_path / "two/rejects.jsonl"
    (line,) = lines_of(again)
    inner = json.loads(second)
    inner["raw"] = '{"text": "c", "label": "x"}'
    line["raw"] = json.dumps(inner)
    write_jsonl(again, [line])
    make([str(again)], tmp_path / "three", TOLD)
    assert [row["input"] for row in rows_of(tmp_path / "three")] == ["c"]


def test_what_was_cut_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,text\nx,short\nx," + "long " * 2000 + "\n")
    options = DatasetOptions(read=ReadOptions(max_line_bytes=5000), layout="text-label")
    make([str(tmp_path / "a.csv")], tmp_path / "one", options)
    rejects = tmp_path / "one/rejects.jsonl"
    _, found = make([str(rejects)], tmp_path / "two", TOLD)
    assert [(each.code, each.line) for each in found if each.line] == [("SFT009", 1)]
    mend(rejects, lambda _: "x,not so long")
    make([str(rejects)], tmp_path / "three", TOLD)
    assert [row["input"] for row in rows_of(tmp_path / "three")] == ["not so long"]


def test_packed_rejects(rejects: Path, tmp_path: Path) -> None:
    packed = tmp_path / "r.jsonl.gz"
    packed.write_bytes(gzip.compress(rejects.read_bytes()))
    manifest, _ = make([str(packed)], tmp_path / "two", TOLD)
    assert manifest["ledger"]["written"] == 1
    lines = lines_of(rejects)
    lines[1]["file"] = "other.jsonl"
    packed.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    with pytest.raises(InputError, match="unpack it first"):
        make([str(packed)], tmp_path / "three", TOLD)


def test_rejects_inside_a_folder_are_read_only_by_name(rejects: Path, tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes((tmp_path / "a.jsonl").read_bytes())
    (folder / "a.jsonl.rejects.jsonl").write_bytes(rejects.read_bytes())
    found, skipped = resolve([str(folder)], tmp_path)
    assert [each.name for each in found] == ["a.jsonl"]
    assert skipped == ["a.jsonl.rejects.jsonl (of sftformat; name it to have it read)"]


def test_rejects_that_nothing_can_be_told_from(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "x"}\n{\n')
    make([str(tmp_path / "a.jsonl")], tmp_path / "one")
    with pytest.raises(UsageError, match="mend one"):
        make([str(tmp_path / "one/rejects.jsonl")], tmp_path / "two")
    *_, detected = (
        event
        for event in diagnose([str(tmp_path / "a.jsonl"), str(tmp_path / "one/rejects.jsonl")], DatasetOptions())
        if isinstance(event, Detected)
    )
    assert detected.binding.layout.name == "text-label"


def test_the_layout_rejects_may_be_named(rejects: Path, tmp_path: Path) -> None:
    make([str(rejects)], tmp_path / "two", DatasetOptions(layout="rejects"))
    assert len(rows_of(tmp_path / "two")) == 1
    with pytest.raises(UsageError, match="no file of rejects"):
        make([str(tmp_path / "a.jsonl")], tmp_path / "three", DatasetOptions(layout="rejects"))


def test_mended_rejects_are_repaired_too(rejects: Path, tmp_path: Path) -> None:
    lines = lines_of(rejects)
    lines[0]["raw"] = '{" text": "b", "label": "x "}'
    write_jsonl(rejects, lines[:1])
    events = list(diagnose([str(rejects)], DatasetOptions(layout="text-label", fix=True)))
    assert not [event for event in events if isinstance(event, Diagnostic) and event.severity == "error"]
    make([str(rejects)], tmp_path / "two", DatasetOptions(layout="text-label", fix=True))
    assert [(row["input"], row["target"]) for row in rows_of(tmp_path / "two")] == [("b", "x")]
