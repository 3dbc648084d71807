"""Fixes of targets: made where the target is still the one they name, recorded, and never silently left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.dataset.fixes import read_fixes
from sftformat.dataset.options import DatasetOptions
from sftformat.ids import learned_id
from tests.conftest import Call
from tests.dataset.test_convert import make, rows_of, tree, write_jsonl
from tests.dataset.test_repair import repairs_of

LABELS = ["pos", "neg", "mixed"]


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [learned_id(("input", "target"), (each["text"], each["label"])) for each in records]


def write_fixes(path: Path, *fixes: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(fix) + "\n" for fix in fixes), encoding="utf-8")
    return path


def fix(line: int, own: str, before: Any, after: Any, file: str = "a.jsonl") -> dict[str, Any]:
    return {"file": file, "line": line, "id": own, "from": before, "to": after, "confidence": 0.9}


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS), st.sampled_from(LABELS)), max_size=9),
    st.booleans(),
)
def test_every_fix_is_made_or_told(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, str, str]], drop: bool
) -> None:
    """Rows with a label each, and fixes that take it to be the second and want the third."""
    folder = tmp_path_factory.mktemp("fixes")
    records = [{"text": f"film {n // 2}", "label": each[0]} for n, each in enumerate(found)] or [
        {"text": "x", "label": "pos"}
    ]
    source = write_jsonl(folder / "a.jsonl", records)
    given_ = [fix(n + 1, own, *each[1:]) for n, (own, each) in enumerate(zip(ids(records), found, strict=False))]
    options = DatasetOptions(
        layout="text-label", fixes=read_fixes(write_fixes(folder / "f", *given_)), drop_duplicates=drop
    )
    manifest, diagnostics = make([str(source)], folder / "out", options)
    rows = {row["source"]["line"]: row for row in rows_of(folder / "out")}
    made, told = repairs_of(folder / "out"), [each for each in diagnostics if each.code == "SFT119"]
    assert manifest.get("repairs", {}).get("SFT119 given-fix", 0) == len(made)
    right = {n + 1 for n, (label, before, _) in enumerate(found) if label == before}
    assert {each["line"] for each in made} == right & set(rows)
    assert {each.line for each in told} == set(range(1, len(found) + 1)) - right
    for line, row in rows.items():
        label = found[line - 1][2] if line in right else records[line - 1]["label"]
        assert row["target"] == label
        assert row["id"] == learned_id(("input", "target"), (row["input"], label))
    for each in made:
        assert (each["before"], each["after"]) == found[each["line"] - 1][1:]
        assert (each["file"], each["path"], each["name"]) == ("a.jsonl", "/target", "given-fix")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    records = [{"text": f"film {n}", "label": "pos"} for n in range(4)] + [{"text": "", "label": None}]
    source, own = write_jsonl(tmp_path / "a.jsonl", records), ids(records)
    fixes = write_fixes(
        tmp_path / "fixes.jsonl",
        fix(1, own[0], "pos", "neg"),
        fix(2, own[3], "pos", "neg"),
        fix(3, own[2], "neg", "pos"),
        fix(9, own[2], "pos", "neg"),
        fix(4, own[3], "pos", "neg", file="b.jsonl"),
        fix(5, own[4], "pos", "neg"),
    )
    _, diagnostics = make([str(source)], tmp_path / "out", DatasetOptions(fixes=read_fixes(fixes)))
    told = {(each.file, each.line): each.message for each in diagnostics if each.code == "SFT119"}
    assert set(told) == {("a.jsonl", 2), ("a.jsonl", 3), ("a.jsonl", 9), ("b.jsonl", 4), ("a.jsonl", 5)}
    assert f"the row has the id {own[1]}, not {own[3]}" in told["a.jsonl", 2]
    assert "the target is 'pos', not 'neg'" in told["a.jsonl", 3]
    assert "no row with the id" in told["a.jsonl", 9]
    assert [each["line"] for each in repairs_of(tmp_path / "out")] == [1]


def test_fixes_are_the_same_for_any_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [{"text": f"film {n}", "label": LABELS[n % 2]} for n in range(40)]
    sources = [str(write_jsonl(tmp_path / name, records)) for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    fixes = read_fixes(
        write_fixes(
            tmp_path / "f",
            *(fix(n + 1, own, LABELS[n % 2], "mixed", "b.jsonl") for n, own in enumerate(ids(records)) if n % 7 == 0),
        )
    )
    monkeypatch.setattr("sftformat.dataset.planned.SMALL_INPUT_BYTES", 0)
    for workers in (1, 3):
        make(sources, tmp_path / str(workers), DatasetOptions(fixes=fixes, workers=workers))
    assert tree(tmp_path / "1") == tree(tmp_path / "3")
    assert [each["file"] for each in repairs_of(tmp_path / "1")] == ["b.jsonl"] * 6


def test_the_command_line_records_and_shows_them(call_here: Call, tmp_path: Path) -> None:
    records = [{"text": f"film {n}", "label": LABELS[n % 2]} for n in range(20)]
    write_jsonl(tmp_path / "a.jsonl", records)
    write_fixes(tmp_path / "fixes.jsonl", fix(1, ids(records)[0], "pos", "neg"))
    done = call_here("convert", "a.jsonl", "-o", "out", "--apply", "fixes.jsonl")
    assert done.code == 0
    assert 'a.jsonl:1  /target: "pos" → "neg"' in done.out
    assert "Made 1 repair in 1 row: given-fix 1." in done.out
    again = call_here("convert", "out", "-o", "again", "--apply", "fixes.jsonl")
    assert "SFT119 fix-not-made" in again.out
    assert "the fix is not made: the row has the id" in again.out
    dry = call_here("convert", "a.jsonl", "-o", "dry", "--apply", "fixes.jsonl", "--dry-run")
    assert "given-fix 1" in dry.out
    assert not (tmp_path / "dry").exists()


def test_lists_of_labels_are_fixed_as_a_whole(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"film {n}", "labels": ["a", "b"]} for n in range(20)]
    write_jsonl(tmp_path / "a.jsonl", rows)
    own = learned_id(("input", "target"), ("film 0", ["a", "b"]))
    write_fixes(tmp_path / "fixes.jsonl", fix(1, own, ["a", "b"], ["b"]))
    done = call_here("convert", "a.jsonl", "-o", "out", "--apply", "fixes.jsonl", "--task", "multilabel")
    assert done.code == 0, done.err
    assert (repairs_of(tmp_path / "out")[0]["before"], repairs_of(tmp_path / "out")[0]["after"]) == (
        '["a", "b"]',
        '["b"]',
    )
    assert rows_of(tmp_path / "out")[0]["target"] == ["b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "fixes.jsonl:1: not JSON"),
        (b"[]", "fixes.jsonl:1: not a fix: write"),
        (b'\n{"file": "a.jsonl", "line": "1", "id": "x", "from": "a", "to": "b"}', "fixes.jsonl:2: not a fix"),
        (b'{"file": "a.jsonl", "line": 1, "id": "x", "from": null, "to": "b"}', "`from` and `to` should be targets"),
        (
            b'{"file": "a.jsonl", "line": 1, "id": "x", "from": "a", "to": "b"}\n' * 2,
            "2: a.jsonl:1 (id x) is fixed twice",
        ),
        (b'{"file": "a.jsonl", "line": 1, "id": "x", "from": "a", "to": ["b"]}', "is no target of classification"),
        (b'\xff{"file": 1}', "not JSON"),
    ],
)
def test_a_file_that_holds_no_fixes_is_refused(call_here: Call, tmp_path: Path, content: bytes, words: str) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"text": "film", "label": "a"}])
    (tmp_path / "fixes.jsonl").write_bytes(content)
    done = call_here("convert", "a.jsonl", "-o", "out", "--apply", "fixes.jsonl")
    assert done.code == 2
    assert words in done.err
    assert "no such" in call_here("convert", "a.jsonl", "-o", "out", "--apply", "none.jsonl").err.lower()
