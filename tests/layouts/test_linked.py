"""Rows linked by parent_id: every row is in a conversation or in a reject, learned once, and comes back as it was."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.dataset.build import convert
from sftformat.dataset.export import export
from sftformat.dataset.options import LINKED, DatasetOptions, Finished
from sftformat.formats import ReadOptions, read, sniff
from sftformat.formats.linked import LONGEST
from sftformat.formats.linking import key_of
from sftformat.layouts.layout import layout
from sftformat.record import Record

from ..conftest import Call

texts = st.text(st.characters(codec="utf-8"), max_size=6).map(lambda text: f"a{text}")


def lines(rows: list[Record]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def row(number: int, parent: str | None, **more: Any) -> Record:
    return {"instruction": f"q{number}", "output": f"a{number}", "id": str(number), "parent_id": parent, **more}


@st.composite
def forests(draw: st.DrawFn, least: int = 0) -> list[Record]:
    """Return rows in any order; with a `least` of -1 they may also name what is not there, or follow in circles."""
    count = draw(st.integers(2, 12))
    rows = []
    for number in range(count):
        before = draw(st.integers(least, number if least == 0 else count + 1))
        row: Record = {"prompt": draw(texts), "answer": draw(texts), "id": number + 1, "lang": draw(texts)}
        if draw(st.booleans()):
            row["system"] = draw(st.sampled_from(["", "Be brief.", "Be kind."]))
        rows.append({**row, "parent_id": before or None})
    if least < 0 and draw(st.booleans()):
        rows[0]["id"] = rows[1]["id"]
    return draw(st.permutations(rows))


def found(path: Path) -> tuple[list[Record], list[Any]]:
    batches = list(read(sniff(path, path.name, ReadOptions(linked=True)), ReadOptions()))
    return [record for batch in batches for record in batch.records], [
        each for batch in batches for each in batch.rejects
    ]


@settings(max_examples=30)
@given(forests())
def test_each_row_is_learned_once_and_each_last_row_ends_a_conversation(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Record]
) -> None:
    path = tmp_path_factory.mktemp("x") / "a.jsonl"
    path.write_text(lines(rows))
    records, rejects = found(path)
    parents = {each["parent_id"] for each in rows}
    assert not rejects
    assert [record["id"] for record in records] == [each["id"] for each in rows if each["id"] not in parents]
    own = [turn for record in records for turn in record["turns"][record.get("shared", 0) :]]
    assert Counter(map(json.dumps, own)) == Counter(map(json.dumps, rows))
    for record in records:
        named = [turn["parent_id"] for turn in record["turns"]]
        assert named == [None, *(turn["id"] for turn in record["turns"][:-1])]


@settings(max_examples=30)
@given(forests(least=-1))
def test_each_row_is_in_a_record_or_in_a_reject(tmp_path_factory: pytest.TempPathFactory, rows: list[Record]) -> None:
    path = tmp_path_factory.mktemp("x") / "a.jsonl"
    path.write_text(lines(rows))
    records, rejects = found(path)
    assert {each.diagnostics[0].code for each in rejects} <= {"SFT022"}
    taken = [*records, *(json.loads(each.raw) for each in rejects)]
    assert {json.dumps(turn) for record in taken for turn in record["turns"]} == set(map(json.dumps, rows))
    good = {json.dumps(turn) for record in records for turn in record["turns"]}
    assert not good & {json.dumps(turn) for each in rejects for turn in json.loads(each.raw)["turns"]}


@settings(max_examples=8)
@given(forests())
def test_there_and_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Record]) -> None:
    folder = tmp_path_factory.mktemp("x")
    (folder / "a.jsonl").write_text(lines(rows))
    options = DatasetOptions(layout="linked")
    *_, end = convert([str(folder / "a.jsonl")], folder / "out", options)
    assert isinstance(end, Finished)
    ledger = end.manifest["ledger"]
    assert ledger["read"] == ledger["written"]
    list(export(folder / "out", folder / "b.jsonl", None))
    back = [json.loads(line) for line in (folder / "b.jsonl").read_bytes().split(b"\n")[:-1]]
    assert sorted(json.dumps(each, sort_keys=True) for each in back) == sorted(
        json.dumps(each, sort_keys=True) for each in rows
    )


TREE = [row(1, None), row(2, "1"), row(3, "2"), row(4, "2"), row(5, None)]


def write(path: Path, rows: list[Record]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text(json.dumps(rows) if path.suffix == ".json" else lines(rows))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.parquet"])
def test_every_format_with_no_hint_and_with_any_number_of_workers(call_here: Call, tmp_path: Path, name: str) -> None:
    write(tmp_path / name, TREE)
    done = call_here("convert", name, "-o", "out", "--workers", "2")
    assert "5 of 5 rows are turns of 3 conversations; 2 stand in several and are learned in the first" in done.out
    assert "read 3 = written 3" in done.out
    call_here("convert", name, "-o", "one", "--workers", "1")
    made = [(tmp_path / folder / "train-00000-of-00001.parquet").read_bytes() for folder in ("out", "one")]
    assert made[0] == made[1]
    call_here("convert", "out", "-o", "b.jsonl", "--to", "openai-chat")
    first, second, third = (json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines())
    assert [turn["content"] for turn in first["messages"]] == ["q1", "a1", "q2", "a2", "q3", "a3"]
    assert [turn.get("weight") for turn in second["messages"]] == [None, 0, None, 0, None, None]
    assert (first["group"], "group" in third) == (second["group"], False)
    back = f"back{Path(name).suffix}"
    call_here("convert", "out", "-o", back)
    assert found(tmp_path / back)[0] == found(tmp_path / name)[0]


def test_what_is_broken_is_named_and_can_be_mended(call_here: Call, tmp_path: Path) -> None:
    rows = [*TREE, row(6, "99"), row(7, "6"), row(8, "9"), row(9, "8"), row(10, "11"), row(11, None), row(11, None)]
    write(tmp_path / "a.jsonl", rows)
    done = call_here("convert", "a.jsonl", "-o", "out")
    assert done.code == 1
    assert "a.jsonl:6  no row has the id '99', which this one is to follow; the conversation up to line 7" in done.out
    assert "rows follow each other in a circle: lines 9, 8" in done.out
    assert "a.jsonl:10  '11', which this one is to follow, is the id of several rows: lines 11, 12" in done.out
    assert "read 8 = written 5 + rejected 3" in done.out
    rejected = (tmp_path / "out/rejects.jsonl").read_text()
    (tmp_path / "mended.jsonl").write_text(rejected.replace(r"\"99\"", "null"))
    done = call_here("convert", "mended.jsonl", "-o", "again")
    assert "read 3 = written 1 + rejected 2" in done.out
    assert "mended.jsonl:2  a row is to follow '8', and no row stands before it" in done.out


def test_a_row_that_could_not_be_read_is_mended_where_it_stood(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(TREE).replace('"4", "parent_id": "2"}', '"4", "parent_id": "2"'))
    done = call_here("convert", "a.jsonl", "-o", "out")
    assert "4 of 4 rows are turns of 2 conversations" in done.out
    assert "read 3 = written 2 + rejected 1" in done.out
    (tmp_path / "m.jsonl").write_text((tmp_path / "out/rejects.jsonl").read_text().replace(r"\"2\"", r"\"2\"}", 1))
    done = call_here("validate", "m.jsonl")
    assert done.code == 2
    assert "m.jsonl: turns of conversations in a.jsonl: mend them there, beside the rows before" in done.err


def test_a_conversation_without_end_is_cut_off_as_an_error(call_here: Call, tmp_path: Path) -> None:
    rows = [row(number, str(number - 1) if number > 1 else None) for number in range(1, LONGEST + 2)]
    write(tmp_path / "a.jsonl", [*rows, row(5000, "7")])
    done = call_here("validate", "a.jsonl")
    assert f"SFT010 too-deep  1 error\n  a.jsonl:2  a conversation of more than {LONGEST:,} rows" in done.out
    assert "read 2 = written 1 + rejected 1" in done.out


@pytest.mark.parametrize(
    "options",
    [["--layout", "alpaca"], ["--task", "text-to-text", "--map", "input=instruction", "--map", "target=output"]],
)
def test_rows_are_taken_by_themselves_when_asked(call_here: Call, tmp_path: Path, options: list[str]) -> None:
    write(tmp_path / "a.csv", TREE)
    assert "read 5 = written 5" in call_here("validate", "a.csv", *options).out


def test_a_label_beside_a_parent_is_no_turn(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "label": "ab"[n % 2], "id": str(n), "parent_id": str(n - 1)} for n in range(9)]
    write(tmp_path / "a.jsonl", rows)
    assert "layout text-label" in call_here("validate", "a.jsonl").err


def test_ids_as_pandas_writes_them() -> None:
    assert [key_of(each) for each in ("3.0", 3, "nan", "", None, " a ", "None")] == [
        "3",
        "3",
        None,
        None,
        None,
        "a",
        None,
    ]


def test_conversations_of_another_layout_get_ids(call_here: Call, tmp_path: Path) -> None:
    said = [("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")]
    messages = [{"role": "system", "content": "Be brief."}, *({"role": who, "content": text} for who, text in said)]
    records = [{"messages": messages, "id": "x", "topic": "t"}, {"messages": messages[1:3], "id": "x"}]
    (tmp_path / "a.jsonl").write_text(lines(records))
    call_here("convert", "a.jsonl", "-o", "b.csv", "--to", "h2o")
    with open(tmp_path / "b.csv", newline="") as file:
        made = list(csv.DictReader(file))
    assert [(each["id"], each["parent_id"], each["topic"]) for each in made] == [
        ("x/1", "", ""),
        ("x", "x/1", "t"),
        ("x#2", "", ""),
    ]
    call_here("convert", "b.csv", "-o", "c.jsonl", "--to", "openai-chat")
    back = [json.loads(line)["messages"] for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    bare = [[{"role": turn["role"], "content": turn["content"]} for turn in each] for each in back]
    assert bare == [messages, messages[1:3]]


def test_rows_of_two_files_with_one_id_are_not_put_into_one(call_here: Call, tmp_path: Path) -> None:
    write(tmp_path / "train.csv", TREE)
    write(tmp_path / "test.csv", [row(1, None, output="else"), row(9, "1")])
    call_here("convert", "train.csv", "test.csv", "-o", "out")
    done = call_here("convert", "out", "-o", "b.csv")
    assert done.code == 2
    assert "the row id '1' stands in train.csv and in test.csv: write a file for each of them" in done.err


def test_the_names_by_which_the_layout_is_asked_for() -> None:
    known = layout(LINKED[0])
    assert (known.name, *known.aka) == LINKED
