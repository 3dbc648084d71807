"""Sheets of Excel: the text of a cell is kept, and where a form is not known it is said."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import InputError, UsageError
from sftformat.formats import ReadOptions
from sftformat.formats.xlsx import MAX_CHARACTERS

from ..conftest import Call
from .hostile import Everything, gather

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("python_calamine")

TEXT = st.text(
    st.sampled_from("ab \n\t\"<&>é\U0001f600_x0041_0'=") | st.characters(codec="utf-8", min_codepoint=32), max_size=9
).filter(lambda text: "\ufffe" not in text and "\uffff" not in text)


def read(path: Path, sheet: str | None = None) -> Everything:
    options = ReadOptions(sheet=sheet)
    return gather(list(formats.read(formats.sniff(path, path.name, options), options)))


def workbook(path: Path, rows: list[list[Any]], more: list[list[Any]] | None = None) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if more is not None:
        other = book.create_sheet("other")
        for row in more:
            other.append(row)
    book.save(path)
    return path


@given(records=st.lists(st.fixed_dictionaries({"a": TEXT, "b c": TEXT}), min_size=1, max_size=5))
def test_there_and_back(tmp_path: Path, records: list[dict[str, str]]) -> None:
    path = tmp_path / "x.xlsx"
    assert formats.write(path, "xlsx", None, lambda: [records], ["a", "b c"]) == len(records)
    first = path.read_bytes()
    formats.write(path, "xlsx", None, lambda: [records], ["a", "b c"])
    assert path.read_bytes() == first
    found = read(path)
    assert found.records == [each for each in records if any(each.values())]
    assert found.blank_lines + len(found.records) == len(records)
    assert found.lines == [number for number, each in enumerate(records, 2) if any(each.values())]
    peer = openpyxl.load_workbook(path).active
    held = [[cell or "" for cell in row] for row in peer.iter_rows(min_row=2, values_only=True)]
    unescaped = [[openpyxl.utils.escape.unescape(cell) for cell in row] for row in held]
    assert unescaped == [[each["a"], each["b c"]] for each in records] or held == unescaped


def test_what_cells_hold(tmp_path: Path) -> None:
    cells = ["007", " pad ", 7, 1.10, True, datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31, 12, 30), 2**60]
    path = workbook(tmp_path / "x.xlsx", [["text", "label"], *(["x", cell] for cell in cells)])
    found = read(path)
    wanted = ["007", " pad ", "7", "1.1", "true", "2024-01-31", "2024-01-31 12:30:00"]
    assert [each["label"] for each in found.records[:-1]] == wanted
    assert float(found.records[-1]["label"]) == 2**60
    assert found.codes == ["SFT020"]


def test_rows_have_the_numbers_of_the_sheet(tmp_path: Path) -> None:
    rows = [[], [None, "text", "label"], [None, "a", "x"], [], [None, "b", "y", "stray"], [None, "c", "z"]]
    found = read(workbook(tmp_path / "x.xlsx", rows))
    assert found.records == [{"text": "a", "label": "x"}, {"text": "c", "label": "z"}]
    assert (found.lines, found.blank_lines) == ([3, 6], 1)
    assert [(each.line, each.diagnostics[0].code) for each in found.rejects] == [(5, "SFT012")]


def test_the_sheet_that_is_named(call_here: Call, tmp_path: Path) -> None:
    rows = [["text", "label"], *([f"words {n}", "pos" if n % 2 else "neg"] for n in range(30))]
    workbook(tmp_path / "x.xlsx", [["nothing"], ["here"]], rows)
    assert "read 30 = written 30" in call_here("validate", "x.xlsx", "--sheet", "other").out
    done = call_here("validate", "x.xlsx", "--sheet", "third")
    assert (done.code, done.err) == (2, "error: x.xlsx: no sheet 'third'; there are: Sheet, other\n")
    done = call_here("convert", "x.xlsx", "--sheet", "other", "-o", "y.xlsx")
    assert [row["text"] for row in read(tmp_path / "y.xlsx").records] == [row[0] for row in rows[1:]]


def test_damage_and_other_archives_are_refused(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "x.xlsx", [["text"], ["a"]]).read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 30):
        (tmp_path / "cut.xlsx").write_bytes(whole[:cut])
        with pytest.raises(InputError):
            read(tmp_path / "cut.xlsx")


def test_a_header_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two columns are named 'a'"):
        read(workbook(tmp_path / "x.xlsx", [["a", " a "], ["1", "2"]]))
    with pytest.raises(InputError, match="the sheet is empty"):
        read(workbook(tmp_path / "y.xlsx", []))


def test_without_the_package_one_line_says_so(call_here: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(tmp_path / "x.xlsx", [["text", "label"], ["a", "b"]])
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    done = call_here("validate", "x.xlsx")
    assert (done.code, done.err) == (
        2,
        "error: x.xlsx: a sheet needs python-calamine: pip install 'sftformat[xlsx]'\n",
    )


@pytest.mark.parametrize("text", ["a\x00", "\r", "x" * (MAX_CHARACTERS + 1)])
def test_what_a_cell_cannot_hold_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        formats.write(tmp_path / "x.xlsx", "xlsx", None, lambda: [[{"a": text}]], ["a"])
