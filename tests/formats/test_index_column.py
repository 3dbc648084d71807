"""The index that pandas writes before a table: kept under a name and told, and nothing else is taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.formats.index_column import numbers_rows
from tests.conftest import Call

ROWS = [("good film", "pos"), ("bad film", "neg"), ("fine film", "pos"), ("dull film", "neg")]


@pytest.fixture
def call(call_here: Call) -> Call:
    return call_here


@given(st.permutations(range(6)), st.integers(0, 10**6))
def test_numbers_of_rows_in_any_order(order: list[int], first: int) -> None:
    cells = [str(first + number) for number in order]
    assert numbers_rows(cells)
    assert not numbers_rows([*cells, cells[0]])
    assert not numbers_rows([*cells, ""])
    assert not numbers_rows([*cells, "1.5"])


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_what_pandas_writes_is_read_and_told(call: Call, tmp_path: Path, ending: str, shuffled: bool) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(ROWS, columns=["text", "label"])
    table = table.sample(frac=1, random_state=1) if shuffled else table
    path = tmp_path / f"a.{ending}"
    if ending == "xlsx":
        pytest.importorskip("openpyxl")
        pytest.importorskip("python_calamine")
        table.to_excel(path)
    else:
        table.to_csv(path, sep="," if ending == "csv" else "\t")
    done = call("convert", path.name, "-o", "out.jsonl")
    assert done.code == 0, done.out + done.err
    assert "SFT014 bad-header  1 warning" in done.out
    made = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(each["text"], each["label"]) for each in made] == list(table.itertuples(index=False, name=None))
    assert [each["index"] for each in made] == list(map(str, table.index))


def test_rejects_of_such_a_file_are_read_back(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",text,label\n0,a,x\n1,b\n2,c,y\n3,d,x\n")
    assert call("convert", "a.csv", "-o", "a.jsonl").code == 1
    rejects = tmp_path / "a.jsonl.rejects.jsonl"
    rejects.write_text(rejects.read_text().replace('"1,b"', '"1,b,y"'))
    assert call("convert", rejects.name, "-o", "b.jsonl").code == 0
    assert json.loads((tmp_path / "b.jsonl").read_text()) == {"index": "1", "text": "b", "label": "y"}


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("text,label,\na,x,\nb,y,\n", "take the delimiter from the end of every line"),
        ("text,label,\na,x,1\nb,y,\n", "give it one in the first line"),
        (",text\n0,a\n1,b\n0,c\n", "give it one in the first line"),
        (",text\nx,a\ny,b\n", "give it one in the first line"),
        (",text,index\n0,a,7\n1,b,8\n", "give it one in the first line"),
        (",text\n", "give it one in the first line"),
    ],
)
def test_another_name_that_is_missing_is_an_error_with_its_cure(
    call: Call, tmp_path: Path, text: str, cure: str
) -> None:
    (tmp_path / "a.csv").write_text(text)
    done = call("validate", "a.csv")
    assert (done.code, "has no name" in done.err, cure in done.err) == (2, True, True), done.err
