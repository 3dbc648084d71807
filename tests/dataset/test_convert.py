"""From raw inputs to a data set folder: nothing is lost, nothing changes, and the bytes depend on content alone."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.check import Settings
from sftformat.dataset import planned
from sftformat.dataset import unit as unit_module
from sftformat.dataset.build import convert, diagnose
from sftformat.dataset.options import DatasetOptions, Event, Finished
from sftformat.diagnostics import Diagnostic
from sftformat.errors import FolderError, InputError, UsageError
from sftformat.folder.manifest import verify
from sftformat.formats.source import ReadOptions
from sftformat.plan import Progress
from sftformat.split import Fractions, parse_fractions

GOOD = '{"text": "film %d", "label": "%s"}'


def write_jsonl(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def make(
    inputs: list[str], out: Path, options: DatasetOptions | None = None, **how: Any
) -> tuple[Any, list[Diagnostic]]:
    events: list[Event] = list(convert(inputs, out, options or DatasetOptions(), **how))
    finished = events[-1]
    assert isinstance(finished, Finished)
    return finished.manifest, [event for event in events if isinstance(event, Diagnostic)]


def reviews(count: int) -> list[dict[str, Any]]:
    return [{"text": f"film number {index}", "label": ("good", "bad")[index % 2]} for index in range(count)]


def tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.startswith(".")}


# ---------------------------------------------------------------------------------------------------- nothing lost

lines = st.one_of(
    st.integers(0, 5).map(lambda number: GOOD % (number, "good")),
    st.integers(0, 5).map(lambda number: GOOD % (number, "bad")),
    st.sampled_from(
        [
            "",
            "   ",
            "{",
            "[1]",
            "null",
            '{"text": 1, "label": "x"}',
            '{"text": "a", "text": "b"}',
            '{"label": "x"}',
            '{"text": " ", "label": "x"}',
            '{"text": "unlabelled"}',
            "\u2028",
            '{"text": NaN}',
        ]
    ),
)


@given(content=st.lists(lines, max_size=30), final=st.booleans(), drop=st.booleans())
def test_the_ledger_closes_and_every_line_is_somewhere(
    tmp_path_factory: pytest.TempPathFactory, content: list[str], final: bool, drop: bool
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    text = "\n".join([GOOD % (0, "good"), *content]) + ("\n" if final else "")
    (folder / "a.jsonl").write_text(text, encoding="utf-8")
    manifest, _ = make(
        [str(folder / "a.jsonl")], folder / "out", DatasetOptions(layout="text-label", drop_duplicates=drop)
    )
    ledger = manifest["ledger"]
    assert ledger["read"] == ledger["written"] + ledger["rejected"] + ledger["duplicate"] + ledger["filtered"]
    physical = text.split("\n")
    seen = {row["source"]["line"]: None for row in rows_of(folder / "out")}
    rejects = folder / "out" / "rejects.jsonl"
    for line in rejects.read_text(encoding="utf-8").split("\n") if rejects.exists() else ():
        if line:
            reject = json.loads(line)
            assert reject["raw"] == physical[reject["line"] - 1]
            assert reject["diagnostics"]
            assert reject["line"] not in seen
            seen[reject["line"]] = None
    blank = {number for number, line in enumerate(physical, 1) if not line.strip(" \t\r")}
    assert set(seen) == set(range(1, len(physical) + 1)) - blank
    assert ledger["written"] + ledger["rejected"] + ledger["duplicate"] == len(seen)


def test_values_keep_their_text(tmp_path: Path) -> None:
    values = ["007", "NA", "null", "1e5", "18446744073709551617", "  leading", "None", "1.10", "2024-01-01", "TRUE"]
    (tmp_path / "a.csv").write_text("text,label,extra\n" + "".join(f"{v},{v},{v}\n" for v in values), encoding="utf-8")
    make([str(tmp_path / "a.csv")], tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert [row["input"] for row in rows] == [row["target"] for row in rows] == values
    assert [json.loads(row["meta"])["extra"] for row in rows] == values


def test_numbers_in_json_keep_their_text(tmp_path: Path) -> None:
    numbers = ["1", "18446744073709551617", "-0", "20000000000000000000000000000001"]
    (tmp_path / "a.jsonl").write_text(
        "".join(f'{{"text": "t{n}", "label": {n}, "x": {n}, "y": 1.10}}\n' for n in numbers)
    )
    make([str(tmp_path / "a.jsonl")], tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert [row["target"] for row in rows] == numbers
    assert [row["meta"] for row in rows] == [f'{{"x":{n},"y":1.10}}' for n in numbers]


def test_an_empty_target_cell_is_null_and_an_empty_input_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("text,label\na,\n,pos\nb,pos\n")
    manifest, found = make([str(tmp_path / "test.csv")], tmp_path / "out")
    assert [row["target"] for row in rows_of(tmp_path / "out")] == [None, "pos"]
    assert manifest["ledger"]["rejected"] == 1
    assert "SFT201" in {each.code for each in found}


def test_unlabelled_rows_are_legal_in_test_and_an_error_in_train(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [*reviews(4), {"text": "no label"}])
    write_jsonl(tmp_path / "test.jsonl", [{"text": "what is this"}])
    manifest, found = make([str(tmp_path / "train.jsonl"), str(tmp_path / "test.jsonl")], tmp_path / "out")
    assert [each.line for each in found if each.code == "SFT302"] == [5]
    assert manifest["ledger"]["splits"] == {"train": 4, "test": 1}


# ---------------------------------------------------------------------------------------------------- same bytes


def test_the_bytes_do_not_depend_on_place_or_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planned, "SMALL_INPUT_BYTES", 0)
    trees = []
    for where, workers in (("one", 1), ("two/deeper", 2)):
        folder = tmp_path / where
        folder.mkdir(parents=True)
        for number in range(3):
            write_jsonl(folder / f"part{number}.jsonl", reviews(50 + number))
        monkeypatch.chdir(folder)
        options = DatasetOptions(workers=workers, fractions=Fractions(0.8, 0.1, 0.1), drop_duplicates=True)
        make([f"part{number}.jsonl" for number in range(3)], Path("out"), options)
        trees.append(tree(folder / "out"))
    assert trees[0] == trees[1]


def test_a_finished_folder_is_left_alone_and_another_is_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", reviews(6))
    out = tmp_path / "out"
    make([str(tmp_path / "a.jsonl")], out)
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.glob("[!.]*")}
    events = list(convert([str(tmp_path / "a.jsonl")], out, DatasetOptions(workers=2)))
    assert [type(event) for event in events] == [Progress, Finished]
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.glob("[!.]*")} == before
    with pytest.raises(UsageError, match="--overwrite"):
        make([str(tmp_path / "a.jsonl")], out, DatasetOptions(seed=1))
    (out / "notes.txt").write_text("mine")
    write_jsonl(tmp_path / "a.jsonl", reviews(8))
    make([str(tmp_path / "a.jsonl")], out, overwrite=True)
    assert len(rows_of(out)) == 8
    assert (out / "notes.txt").read_text() == "mine"


def test_nothing_stays_behind_when_the_input_is_bad(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("")
    with pytest.raises(InputError):
        make([str(tmp_path / "a.json")], tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json"]


def test_an_input_that_changes_meanwhile_is_an_error(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", reviews(10))
    events = convert([str(path)], tmp_path / "out", DatasetOptions())
    next(events)
    os.utime(path, ns=(1, 1))
    with pytest.raises(InputError, match="changed while it was read"):
        list(events)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_too_many_rejects_commit_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "b"}\n{\n')
    for limit in ("0", "49%"):
        with pytest.raises(InputError, match="--max-rejects"):
            make([str(tmp_path / "a.jsonl")], tmp_path / "out", DatasetOptions(max_rejects=limit))
    assert not (tmp_path / "out" / "manifest.json").exists()
    make([str(tmp_path / "a.jsonl")], tmp_path / "out", DatasetOptions(max_rejects="50%"), overwrite=True)
    assert verify(tmp_path / "out") == []


def test_limit_reads_the_first_records_only(tmp_path: Path) -> None:
    paths = [write_jsonl(tmp_path / f"{name}.jsonl", reviews(7)) for name in "ab"]
    manifest, _ = make([str(path) for path in paths], tmp_path / "out", DatasetOptions(limit=9))
    assert manifest["ledger"]["read"] == 9
    assert [row["source"]["file"] for row in rows_of(tmp_path / "out")] == ["a.jsonl"] * 7 + ["b.jsonl"] * 2


# ---------------------------------------------------------------------------------------------------- splits


def splits_by_text(folder: Path) -> dict[str, str]:
    return {row["input"]: row["split"] for row in rows_of(folder)}


def test_a_row_keeps_its_split_when_others_come(tmp_path: Path) -> None:
    options = DatasetOptions(fractions=Fractions(0.6, 0.2, 0.2))
    write_jsonl(tmp_path / "a.jsonl", reviews(300))
    make([str(tmp_path / "a.jsonl")], tmp_path / "one", options)
    write_jsonl(tmp_path / "a.jsonl", list(reversed(reviews(400))))
    make([str(tmp_path / "a.jsonl")], tmp_path / "two", options)
    before, after = splits_by_text(tmp_path / "one"), splits_by_text(tmp_path / "two")
    assert before.items() <= after.items()
    counts = [list(after.values()).count(split) for split in ("train", "validation", "test")]
    assert counts[0] > 200
    assert min(counts) > 50
    make([str(tmp_path / "a.jsonl")], tmp_path / "three", DatasetOptions(fractions=Fractions(0.6, 0.2, 0.2), seed=1))
    assert splits_by_text(tmp_path / "three") != after


def test_equal_inputs_and_groups_stay_together(tmp_path: Path) -> None:
    records = [
        {"text": text, "label": "x"}
        for index in range(40)
        for text in (f"Film {index}", f" film  {index} ", f"FILM {index}")
    ]
    write_jsonl(tmp_path / "a.jsonl", records)
    _, found = make([str(tmp_path / "a.jsonl")], tmp_path / "out", DatasetOptions(fractions=Fractions(0.5, 0.25, 0.25)))
    assert not {each.code for each in found} & {"SFT403"}
    records = [{"text": f"t{index}", "label": "x", "group": f"g{index % 10}"} for index in range(100)]
    write_jsonl(tmp_path / "b.jsonl", records)
    make([str(tmp_path / "b.jsonl")], tmp_path / "groups", DatasetOptions(fractions=Fractions(0.5, 0.25, 0.25)))
    found_splits: dict[str, set[str]] = {}
    for row in rows_of(tmp_path / "groups"):
        found_splits.setdefault(row["group"], set()).add(row["split"])
    assert {len(splits) for splits in found_splits.values()} == {1}
    assert len({next(iter(splits)) for splits in found_splits.values()}) > 1


def test_stratify_gives_every_class_its_share(tmp_path: Path) -> None:
    records = [{"text": f"t{index}", "label": "rare" if index % 20 == 0 else "usual"} for index in range(400)]
    write_jsonl(tmp_path / "a.jsonl", records)
    options = DatasetOptions(fractions=Fractions(0.8, 0.1, 0.1), stratify=True)
    make([str(tmp_path / "a.jsonl")], tmp_path / "out", options)
    rows = rows_of(tmp_path / "out")
    counts = {
        (label, split): sum(row["target"] == label and row["split"] == split for row in rows)
        for label in ("rare", "usual")
        for split in ("train", "validation", "test")
    }
    assert counts == {
        ("rare", "train"): 16,
        ("rare", "validation"): 2,
        ("rare", "test"): 2,
        ("usual", "train"): 304,
        ("usual", "validation"): 38,
        ("usual", "test"): 38,
    }
    write_jsonl(tmp_path / "b.jsonl", [{**record, "group": "g"} for record in records])
    with pytest.raises(UsageError, match="groups"):
        make([str(tmp_path / "b.jsonl")], tmp_path / "b", options)
    write_jsonl(tmp_path / "c.jsonl", [*records, {"text": "no"}])
    manifest, found = make([str(tmp_path / "c.jsonl")], tmp_path / "c", options)
    assert (manifest["ledger"]["rejected"], [each.line for each in found if each.code == "SFT302"]) == (1, [401])
    with pytest.raises(UsageError, match="needs a label"):
        make([str(tmp_path / "c.jsonl")], tmp_path / "d", replace(options, settings=Settings(ignore=("SFT302",))))


def test_given_splits_are_not_replaced_unasked(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{**record, "split": "dev"} for record in reviews(20)])
    options = DatasetOptions(fractions=Fractions(0.5, 0.0, 0.5))
    with pytest.raises(UsageError, match="--resplit"):
        make([str(tmp_path / "a.jsonl")], tmp_path / "out", options)
    make(
        [str(tmp_path / "a.jsonl")],
        tmp_path / "out",
        DatasetOptions(fractions=Fractions(0.5, 0.0, 0.5), resplit=True),
        overwrite=True,
    )
    assert {row["split"] for row in rows_of(tmp_path / "out")} == {"train", "test"}


def test_an_unknown_word_for_a_split_is_an_error_of_its_row(tmp_path: Path) -> None:
    write_jsonl(
        tmp_path / "a.jsonl",
        [{**record, "split": "train"} for record in reviews(3)] + [{"text": "x", "label": "good", "split": "holdout"}],
    )
    manifest, found = make([str(tmp_path / "a.jsonl")], tmp_path / "out")
    assert manifest["ledger"]["rejected"] == 1
    assert [(each.line, each.path) for each in found if each.code == "SFT101"] == [(4, "/split")]


@pytest.mark.parametrize("text", ["0.5,0.6,0.1", "1", "a,b,c", "0,0.5,0.5", "-0.1,0.6,0.5", ""])
def test_bad_shares_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--split"):
        parse_fractions(text)


# ---------------------------------------------------------------------------------------------------- what is found


def codes(path: Path, **options: Any) -> dict[str, list[int | None]]:
    found: dict[str, list[int | None]] = {}
    for event in diagnose([str(path)], DatasetOptions(**options)):
        if isinstance(event, Diagnostic):
            found.setdefault(event.code, []).append(event.line)
    return found


def test_findings_of_every_stage_carry_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text": "one", "label": "good"}\n\n{"text": "one", "label": "good"}\n{bad\n{"text": 3, "label": "good"}\n'
        '{"text": "one", "label": "bad"}\n{"text": "\\u0007", "label": "Good"}\n'
    )
    found = codes(path)
    assert found["SFT001"] == [4]
    assert found["SFT104"] == [5]
    assert found["SFT401"] == [3]
    assert found["SFT402"] == [6]
    assert found["SFT205"] == [7]
    assert found["SFT301"] == [7]
    assert found["SFT011"] == [None]


def test_mixed_types_are_found_over_the_whole_file(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "a.jsonl", [{"text": f"t{n}", "label": 1} for n in range(3000)] + [{"text": "last", "label": "1"}]
    )
    assert "SFT105" in codes(path)
    path = write_jsonl(
        tmp_path / "b.jsonl", [{"text": f"t{n}", "label": 1} for n in range(30)] + [{"text": "x", "label": None}]
    )
    assert "SFT105" not in codes(path)


def test_select_and_ignore(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "same", "label": "x"}] * 3)
    assert set(codes(path)) >= {"SFT401", "SFT407"}
    assert "SFT401" not in codes(path, settings=Settings(ignore=("duplicate-record",)))
    assert set(codes(path, settings=Settings(select=("SFT401",)))) == {"SFT401"}
    with pytest.raises(UsageError, match="duplicate-record"):
        codes(path, settings=Settings(select=("duplicate-recrd",)))


def test_a_column_that_one_split_lacks_is_found(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [{**record, "lang": "en"} for record in reviews(4)])
    write_jsonl(tmp_path / "test.jsonl", reviews(6)[4:])
    _, found = make([str(tmp_path / "train.jsonl"), str(tmp_path / "test.jsonl")], tmp_path / "out")
    assert [each.path for each in found if each.code == "SFT106"] == ["/lang"]


# ---------------------------------------------------------------------------------------------------- users' schemas


def user_schema(**more: Any) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["review", "stars"],
        "properties": {
            "review": {"type": "string", "maxLength": 30},
            "stars": {"type": "integer", "minimum": 1, "maximum": 5},
        },
        **more,
    }


def test_a_users_schema_works_like_a_layout(tmp_path: Path) -> None:
    schema = user_schema(
        **{"x-sftformat": {"version": 1, "task": "classification", "fields": {"input": "/review", "target": "/stars"}}}
    )
    path = write_jsonl(
        tmp_path / "a.jsonl",
        [
            {"review": "good", "stars": 5},
            {"review": "bad", "stars": 9},
            {"review": "x"},
            {"review": "y" * 31, "stars": 1},
        ],
    )
    manifest, found = make([str(path)], tmp_path / "out", DatasetOptions(schema=schema, schema_name="mine"))
    assert manifest["ledger"]["rejected"] == 3
    assert [(each.code, each.keyword, each.path) for each in found if each.line][:3] == [
        ("SFT101", "maximum", "/stars"),
        ("SFT102", "required", "/stars"),
        ("SFT101", "maxLength", "/review"),
    ]
    assert [(row["input"], row["target"]) for row in rows_of(tmp_path / "out")] == [("good", "5")]
    with pytest.raises(UsageError, match=r"--map input=.*in mine, under 'x-sftformat'"):
        make([str(path)], tmp_path / "no", DatasetOptions(schema=user_schema(), schema_name="mine"))
    mapping = {"input": "review", "target": "/stars"}
    make([str(path)], tmp_path / "mapped", DatasetOptions(schema=user_schema(), schema_name="mine", mapping=mapping))
    assert rows_of(tmp_path / "mapped") == rows_of(tmp_path / "out")


def test_two_layouts_that_fit_are_an_error_that_names_both(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"input": "a", "target": "b"}, {"input": "c", "target": "d"}])
    with pytest.raises(UsageError, match=r"--layout text-label .* or --layout prompt-completion"):
        make([str(path)], tmp_path / "out")
    manifest, _ = make([str(path)], tmp_path / "out", DatasetOptions(task="text-to-text"), overwrite=True)
    assert manifest["mapping"][0]["layout"] == "prompt-completion"


def test_preferences_are_never_taken_for_answers(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    better, worse = {"from": "gpt", "value": "c"}, {"from": "gpt", "value": "d"}
    record = {"conversations": turns, "chosen": better, "rejected": worse}
    path = write_jsonl(tmp_path / "a.jsonl", [record])
    with pytest.raises(UsageError, match="preference data"):
        make([str(path)], tmp_path / "out")
    make([str(path)], tmp_path / "out", DatasetOptions(layout="sharegpt"), overwrite=True)
    assert set(json.loads(rows_of(tmp_path / "out")[0]["meta"])) == {"chosen", "rejected"}


def test_unknown_columns_are_answered_with_what_to_do(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "lable": "b"}])
    with pytest.raises(UsageError, match=r"did you mean 'label' by 'lable'\?.*--map"):
        make([str(path)], tmp_path / "out")
    options = DatasetOptions(task="classification", mapping={"input": "text", "target": "lable"})
    make([str(path)], tmp_path / "out", options, overwrite=True)
    assert [row["target"] for row in rows_of(tmp_path / "out")] == ["b"]


def test_names_for_ids(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "a.jsonl", [{"text": "a", "label": 0}, {"text": "b", "label": 1}, {"text": "c", "label": 2}]
    )
    options = DatasetOptions(label_names={"0": "neg", "1": "pos"}, settings=Settings(labels=("neg", "pos")))
    manifest, found = make([str(path)], tmp_path / "out", options)
    assert [row["target"] for row in rows_of(tmp_path / "out")] == ["neg", "pos", "2"]
    assert manifest["labels"] == ["neg", "pos"]
    assert [each.line for each in found if each.code == "SFT304"] == [3]


def test_a_data_set_is_an_input_too(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", reviews(40))
    make([str(tmp_path / "a.jsonl")], tmp_path / "one")
    options = DatasetOptions(fractions=Fractions(0.5, 0.25, 0.25), resplit=True)
    manifest, _ = make([str(tmp_path / "one")], tmp_path / "two", options)
    one = {row["id"]: row for row in rows_of(tmp_path / "one")}
    for row in rows_of(tmp_path / "two"):
        assert {**row, "split": None} == {**one[row["id"]], "split": None}
    assert manifest["mapping"][0]["layout"] == "text-label"
    assert set(manifest["ledger"]["splits"]) == {"train", "validation", "test"}


def test_headerless_tsv(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('1\tpos\tfine\n2\tneg\tbad "quoted" thing\n')
    read = ReadOptions(header=False, columns=("id", "label", "text"))
    make([str(tmp_path / "a.tsv")], tmp_path / "out", DatasetOptions(read=read))
    assert [(row["id"], row["input"], row["target"]) for row in rows_of(tmp_path / "out")] == [
        ("1", "fine", "pos"),
        ("2", 'bad "quoted" thing', "neg"),
    ]


def test_a_damaged_data_set_is_no_input(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", reviews(9))
    make([str(tmp_path / "a.jsonl")], tmp_path / "one")
    path = tmp_path / "one" / "train-00000-of-00001.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(FolderError, match=r"train-00000-of-00001\.parquet"):
        make([str(tmp_path / "one")], tmp_path / "two")
    with pytest.raises(FolderError, match="SFT901"):
        list(diagnose([str(tmp_path / "one")], DatasetOptions()))


# ---------------------------------------------------------------------------------------------------- going on


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int) -> list[int]:
    """Let the work on units stop as by Ctrl-C after so many; return the numbers of the units that were worked on."""
    worked: list[int] = []
    real = unit_module._batches

    def batches(job: Any, result: Any) -> Any:
        if len(worked) == after:
            raise KeyboardInterrupt
        worked.append(job.unit.index)
        yield from real(job, result)

    monkeypatch.setattr(unit_module, "_batches", batches)
    return worked


@pytest.mark.parametrize("how", [{}, {"drop_duplicates": True}, {"fix": True}, {"fractions": Fractions(0.5, 0.3, 0.2)}])
def test_a_run_that_was_cut_off_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    rows = reviews(60)
    rows[7]["label"], rows[55]["label"] = "GOOD", " bad"
    names = [str(write_jsonl(tmp_path / f"part-{n}.jsonl", [*rows[n * 12 : n * 12 + 12], rows[0]])) for n in range(5)]
    with open(names[1], "a") as file:
        file.write("{\n")
    options = DatasetOptions(**how)
    make(names, tmp_path / "clean", options)
    with monkeypatch.context() as patch:
        worked = interrupted(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            make(names, tmp_path / "out", options)
        assert worked == [0, 1, 2]
    with monkeypatch.context() as patch:
        worked = interrupted(patch, 99)
        _, found = make(names, tmp_path / "out", options)
        assert worked[:2] == [3, 4]
        assert sorted(worked[2:]) == ([0] if how.get("fix") else [])  # the unit with a label in another form
    assert tree(tmp_path / "out") == tree(tmp_path / "clean")
    assert [each.code for each in found if each.code == "SFT001"] == ["SFT001"]


def test_a_unit_that_was_damaged_meanwhile_is_worked_on_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [str(write_jsonl(tmp_path / f"part-{n}.jsonl", reviews(9))) for n in range(3)]
    make(names, tmp_path / "clean")
    with monkeypatch.context() as patch:
        interrupted(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            make(names, tmp_path / "out")
    (unit,) = (tmp_path / "out").glob(".staging-*/.work/unit-00001/train.parquet")
    unit.write_bytes(unit.read_bytes()[:-9] + b"x" * 9)
    with monkeypatch.context() as patch:
        worked = interrupted(patch, 99)
        make(names, tmp_path / "out")
        assert worked == [1, 2]
    assert tree(tmp_path / "out") == tree(tmp_path / "clean")
