"""What programs put into the cells of CSV: lists as Python writes them, labels joined with one mark or another."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.layouts.cells import JOINERS, decode_cell, joiner_of

from ..conftest import Call

ITEMS = st.text(st.characters(codec="utf-8"), max_size=8) | st.integers(-(10**30), 10**30)
LABEL = st.text(st.sampled_from("abcé -"), min_size=1, max_size=4).filter(lambda text: text.strip() == text)


def table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@given(st.lists(ITEMS))
def test_a_list_that_python_wrote_is_that_list(items: list[str | int]) -> None:
    assert list(map(str, decode_cell(repr(items)))) == list(map(str, items))


@pytest.mark.parametrize(
    "cell", ["['a' 'b']", "[1 2]", "['a', None]", "[f('a')]", "('a',)", "['a'", "['\\ud800']", "[007]", "['a', 0.5]"]
)
def test_what_python_did_not_write_so_is_no_list(cell: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_cell(cell)


@given(st.lists(LABEL, min_size=2, max_size=6, unique=True), st.sampled_from(JOINERS))
def test_joined_labels_are_told_with_what_stands_between(labels: list[str], mark: str) -> None:
    rows = [*labels, *(mark.join(labels[:size]) for size in range(2, len(labels) + 1))]
    assert joiner_of(rows) == mark
    assert joiner_of(labels) == ""


@pytest.mark.parametrize(
    "texts", [["3,5", "5", "3", "2,5"], ["Albany, NY", "New York, NY"], ["and/or", "and"], ["a,b", "a,c"], ["C#", "C"]]
)
def test_other_texts_are_not_joined(texts: list[str]) -> None:
    assert joiner_of(texts) == ""


@pytest.mark.parametrize("mark", [*JOINERS, "python"])
def test_lists_in_cells_come_back_as_they_stood(call_here: Call, tmp_path: Path, mark: str) -> None:
    lists = [["a", "c"], ["b"], ["a"], ["c"], ["b", "c"], ["a", "b", "c"]]
    cells = [repr(each) if mark == "python" else mark.join(each) for each in lists]
    table(tmp_path / "a.csv", [{"text": f"text {n}", "label": cell} for n, cell in enumerate(cells)])
    done = call_here("convert", "a.csv", "-o", "data")
    assert (done.code, "(multilabel)" in done.err) == (0, True), done
    assert call_here("convert", "data", "-o", "b.csv").code == 0
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert call_here("convert", "data", "-o", "c.jsonl", "--to", "text-labels").code == 0
    key = "label" if mark == "python" else "labels"
    assert [json.loads(line)[key] for line in (tmp_path / "c.jsonl").read_text().splitlines()] == lists


def test_lists_of_numpy_are_no_classes(call_here: Call, tmp_path: Path) -> None:
    table(tmp_path / "a.csv", [{"text": f"text {n}", "label": f"['a' '{n}']"} for n in range(4)])
    done = call_here("validate", "a.csv")
    assert done.code == 2
    assert "holds lists that are neither JSON nor Python's, as \"['a' '0']\": write them as JSON" in done.err
    assert call_here("validate", "a.csv", "--layout", "text-label").code == 0


@pytest.mark.parametrize(("yes", "no", "cells"), [("True", "False", (True, False)), ("1.0", "0.0", (1, 0))])
def test_columns_of_pandas_are_labels_and_values_elsewhere(
    call_here: Call, tmp_path: Path, yes: str, no: str, cells: tuple[object, object]
) -> None:
    rows = [{"text": f"text {n}", "toxic": yes if n % 2 else no, "kind": yes if n % 3 else no} for n in range(6)]
    table(tmp_path / "a.csv", rows)
    assert call_here("convert", "a.csv", "-o", "data").code == 0
    assert call_here("convert", "data", "-o", "b.csv").code == 0
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert call_here("convert", "data", "-o", "c.jsonl").code == 0
    held = [json.loads(line)["toxic"] for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert held == [cells[0] if n % 2 else cells[1] for n in range(6)]
    done = call_here("convert", "c.jsonl", "-o", "d.jsonl", "--to", "text-labels")
    assert (done.code, "SFT107" in done.out) == (0, False), done


def test_what_is_true_or_false_beside_0_and_1_is_no_label(call_here: Call, tmp_path: Path) -> None:
    rows = [
        {"text": f"t{n}", "joy": n % 2, "anger": n // 2 % 2, "unclear": n == 1, "rater_id": 1, "annotator": 1}
        for n in range(6)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = call_here("validate", "a.jsonl")
    assert "input ← text, target/joy ← joy, target/anger ← anger\n" in done.err


def test_vectors_of_0_and_1_are_no_ids(call_here: Call, tmp_path: Path) -> None:
    table(tmp_path / "a.csv", [{"text": f"t{n}", "labels": str([n % 2, 1 - n % 2])} for n in range(4)])
    done = call_here("validate", "a.csv")
    assert done.code == 2
    (tmp_path / "a.jsonl").write_text('{"text": "a", "labels": [1, 0]}\n{"text": "b", "labels": [0, 1]}\n')
    done = call_here("validate", "a.jsonl")
    assert done.code == 2
    assert "vectors of 0 and 1, whose places have no names: write the labels that apply" in done.err
