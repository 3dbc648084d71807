"""Repair on whole data sets: recorded, closed, the same for any number of workers, and done when done once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.check import Settings
from sftformat.dataset.build import convert, diagnose
from sftformat.dataset.export import export
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.diagnostics import Diagnostic
from sftformat.folder.manifest import verify
from sftformat.ids import learned_id
from sftformat.repairs.repair import Repaired
from tests.dataset.test_convert import make, rows_of, tree, write_jsonl

FIX = DatasetOptions(fix=True)
BOTH = DatasetOptions(fix=True, unsafe_fixes=True)


def repairs_of(folder: Path) -> list[dict[str, Any]]:
    path = folder / "repairs.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]] if path.exists() else []


def reviews(*labels: str | None) -> list[dict[str, Any]]:
    return [{"text": f"film {number}", "label": label} for number, label in enumerate(labels)]


texts = st.text(st.sampled_from("ab &lt;amp\u200b\u200dÃ©é\u00ad\ufeff👩"), min_size=1, max_size=12)
records = st.lists(
    st.tuples(
        texts,
        st.sampled_from(["pos", "Pos", " pos", "POS ", "neg", "Neg\u200b", "n&amp;g", " ", "", "1", " 1", "0\u200b "]),
        st.booleans(),
    ).map(lambda each: {"text": each[0], (" label" if each[2] else "label"): each[1]}),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25)
@given(records, st.booleans(), st.booleans(), st.sampled_from([{}, {"0": "neg", "1": "pos"}]))
def test_every_change_is_recorded_and_twice_is_once(
    tmp_path_factory: pytest.TempPathFactory,
    found: list[dict[str, Any]],
    unsafe: bool,
    drop: bool,
    names: dict[str, str],
) -> None:
    folder = tmp_path_factory.mktemp("repair")
    source = write_jsonl(folder / "a.jsonl", [{"text": "x", "label": "pos"}, *found])
    meant = Settings(labels=tuple(names.values()) or None)
    how = {"layout": "text-label", "drop_duplicates": drop, "label_names": names, "settings": meant}
    options = DatasetOptions(fix=True, unsafe_fixes=unsafe, **how)
    manifest, _ = make([str(source)], folder / "out", options)
    ledger, rows, made = manifest["ledger"], rows_of(folder / "out"), repairs_of(folder / "out")
    assert ledger["read"] == len(found) + 1 == ledger["written"] + ledger["rejected"] + ledger["duplicate"]
    assert sum(manifest["repairs"].values()) == len(made)
    by_line: dict[int, list[dict[str, Any]]] = {}
    for each in made:
        by_line.setdefault(each["line"], []).append(each)
    assert set(by_line) <= {row["source"]["line"] for row in rows}
    for row in rows:
        record = {
            key.strip(): value
            for key, value in [{"text": "x", "label": "pos"}, *found][row["source"]["line"] - 1].items()
        }
        values = {"/input": record["text"], "/target": names.get(record["label"], record["label"])}
        for each in by_line.get(row["source"]["line"], ()):
            if each["name"] != "padded-key":
                assert values[each["path"]] == each["before"]
                values[each["path"]] = each["after"]
        assert [row["input"], row["target"]] == [values["/input"], values["/target"]]
        assert row["id"] == learned_id(("input", "target"), (row["input"], row["target"]))
    again = DatasetOptions(fix=True, unsafe_fixes=unsafe, **how)
    if rows:
        list(export(folder / "out", folder / "b.jsonl", None))
        second, _ = make([str(folder / "b.jsonl")], folder / "again", again)
        assert second["repairs"] == {}
        assert [(row["id"], row["input"], row["target"]) for row in rows_of(folder / "again")] == [
            (row["id"], row["input"], row["target"]) for row in rows
        ]


def test_the_bytes_do_not_depend_on_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sftformat.dataset.planned.SMALL_INPUT_BYTES", 0)
    write_jsonl(tmp_path / "a.jsonl", reviews("pos", "Pos", "neg ", "NEG", "pos"))
    write_jsonl(tmp_path / "b.jsonl", reviews("neg", "neg"))
    write_jsonl(tmp_path / "c.jsonl", reviews("POS", "caf&eacute;", "Café", "café"))
    inputs = [str(tmp_path / f"{name}.jsonl") for name in "abc"]
    for workers in (1, 2):
        make(inputs, tmp_path / str(workers), DatasetOptions(fix=True, unsafe_fixes=True, workers=workers))
    assert tree(tmp_path / "1") == tree(tmp_path / "2")
    assert verify(tmp_path / "1") == []
    assert [row["target"] for row in rows_of(tmp_path / "1")] == [
        *("pos", "pos", "neg", "neg", "pos"),
        *("neg", "neg"),
        *("pos", "café", "café", "café"),
    ]
    assert [
        (each["file"], each["line"], each["name"], each["before"], each["after"]) for each in repairs_of(tmp_path / "1")
    ] == [
        ("a.jsonl", 2, "label-form", "Pos", "pos"),
        ("a.jsonl", 3, "label-blanks", "neg ", "neg"),
        ("a.jsonl", 4, "label-form", "NEG", "neg"),
        ("c.jsonl", 1, "label-form", "POS", "pos"),
        ("c.jsonl", 2, "html-entities", "caf&eacute;", "café"),
        ("c.jsonl", 3, "label-form", "Café", "café"),
    ]
    list(convert(inputs, tmp_path / "1", DatasetOptions(fix=True, unsafe_fixes=True)))
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


def test_what_was_repaired_is_not_found_any_more(tmp_path: Path) -> None:
    rows = reviews(*("pos", "neg") * 15, "Pos", "neg ")
    rows[3]["text"] += "\ufeff"
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    path.write_text(path.read_text().replace("\\ufeff", "\ufeff"), encoding="utf-8")

    def codes(options: DatasetOptions) -> tuple[set[str], list[str]]:
        events = list(diagnose([str(path)], options))
        found = {event.code for event in events if isinstance(event, Diagnostic)}
        return found, [event.name for event in events if isinstance(event, Repaired)]

    assert codes(DatasetOptions()) == ({"SFT007", "SFT301", "SFT305"}, [])
    assert codes(FIX) == ({"SFT007"}, ["label-form", "label-blanks"])
    assert codes(BOTH) == (set(), ["invisible-characters", "label-form", "label-blanks"])


def test_rejected_and_dropped_rows_keep_what_stood_there(tmp_path: Path) -> None:
    found = [*reviews("pos", "pos"), {"text": "film 0", "label": "POS "}, {"text": " ", "label": "neg "}]
    write_jsonl(tmp_path / "a.jsonl", found)
    manifest, _ = make([str(tmp_path / "a.jsonl")], tmp_path / "out", DatasetOptions(fix=True, drop_duplicates=True))
    lines = (tmp_path / "out/rejects.jsonl").read_text().splitlines()
    assert [(each["reason"], json.loads(each["raw"])) for each in map(json.loads, lines)] == [
        ("rejected", found[3]),
        ("duplicate", found[2]),
    ]
    assert manifest["repairs"] == {}
    assert not (tmp_path / "out/repairs.jsonl").exists()


def test_locked_labels_are_meant(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", reviews("Pos", "Pos", "pos ", "NEG", "x", "X", "x "))
    settings = Settings(labels=("pos", "neg", "x", "X"))
    make([str(tmp_path / "a.jsonl")], tmp_path / "out", DatasetOptions(fix=True, settings=settings))
    assert [row["target"] for row in rows_of(tmp_path / "out")] == ["pos", "pos", "pos", "neg", "x", "X", "x"]


def test_a_limit_reads_the_same_rows_on_the_second_look(tmp_path: Path) -> None:
    for name in "ab":
        write_jsonl(tmp_path / f"{name}.jsonl", reviews("Pos", "pos", "pos", "pos"))
    inputs = [str(tmp_path / f"{name}.jsonl") for name in "ab"]
    make(inputs, tmp_path / "out", DatasetOptions(fix=True, limit=5))
    assert [row["target"] for row in rows_of(tmp_path / "out")] == ["pos"] * 5


def test_given_ids_stay_and_made_ones_follow(tmp_path: Path) -> None:
    given_id, own = {"text": "a", "label": "x ", "id": "7"}, {"text": "a", "label": "x "}
    write_jsonl(tmp_path / "a.jsonl", [given_id, {**own, "id": None}])
    write_jsonl(tmp_path / "mended.jsonl", [{**given_id, "label": "x"}, {**own, "label": "x", "id": None}])
    make([str(tmp_path / "a.jsonl")], tmp_path / "out", FIX)
    make([str(tmp_path / "mended.jsonl")], tmp_path / "mended")
    assert [row["id"] for row in rows_of(tmp_path / "out")] == [row["id"] for row in rows_of(tmp_path / "mended")]


def test_a_data_set_brings_its_repairs_along(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", reviews("pos", "pos", "Pos", "a&lt;b"))
    make([str(tmp_path / "a.jsonl")], tmp_path / "one", FIX)
    manifest, _ = make([str(tmp_path / "one")], tmp_path / "two", BOTH)
    assert manifest["repairs"] == {"SFT209 html-entities": 1, "SFT301 label-form": 1}
    assert [(each["line"], each["after"]) for each in repairs_of(tmp_path / "two")] == [(3, "pos"), (4, "a<b")]
    manifest, _ = make([str(tmp_path / "two")], tmp_path / "three")
    assert manifest["repairs"] == {"SFT209 html-entities": 1, "SFT301 label-form": 1}
    assert repairs_of(tmp_path / "three") == repairs_of(tmp_path / "two")
    assert "repairs" not in make([str(tmp_path / "a.jsonl")], tmp_path / "plain")[0]


def test_padded_keys_of_parquet_are_found_by_detection(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [{" text": f"t{n}", "label ": "x", " note ": n} for n in range(3)])
    make([str(source)], tmp_path / "out", FIX)
    list(export(tmp_path / "out", tmp_path / "b.jsonl", None))
    assert [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()] == [
        {"text": f"t{n}", "label": "x", "note": n} for n in range(3)
    ]
    assert [each["path"] for each in repairs_of(tmp_path / "out")][:3] == ["/ text", "/label ", "/ note "]


def test_a_row_of_a_data_set_that_is_rejected_is_kept_whole(tmp_path: Path) -> None:
    for name in "ab":
        write_jsonl(tmp_path / f"{name}.jsonl", [{"text": f"film of {name}", "label": "x"}] * 2)
    make([str(tmp_path / f"{name}.jsonl") for name in "ab"], tmp_path / "one")
    make([str(tmp_path / "one")], tmp_path / "two", DatasetOptions(drop_duplicates=True))
    lines = map(json.loads, (tmp_path / "two/rejects.jsonl").read_text().splitlines())
    assert [json.loads(each["raw"])["input"] for each in lines] == ["film of a", "film of b"]


def test_events_end_with_the_counts(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", reviews("pos", "pos", "Pos"))
    *_, finished = diagnose([str(tmp_path / "a.jsonl")], FIX)
    assert isinstance(finished, Finished)
    assert finished.manifest["repairs"] == {"SFT301 label-form": 1}
