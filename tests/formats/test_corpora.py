"""Public corpora through the readers; they lie where SFTFORMAT_CORPORA says, else these tests are skipped."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sftformat import formats
from sftformat.formats import jsontext
from sftformat.record import Number

from .hostile import read_bytes, read_path

ROOT = Path(os.environ.get("SFTFORMAT_CORPORA", "/nonexistent"))
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="SFTFORMAT_CORPORA names no folder of public corpora")

JSON_TESTS = sorted((ROOT / "JSONTestSuite" / "test_parsing").glob("*.json"))
CSV_TESTS = sorted((ROOT / "csv-spectrum" / "csvs").glob("*.csv"))

#: Sound JSON by the RFC that holds what a record may not: a key twice.
REFUSED = {"y_object_duplicated_key.json": "SFT003", "y_object_duplicated_key_and_value.json": "SFT003"}


def plain(value: object) -> object:
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", JSON_TESTS, ids=lambda path: path.name)
def test_json_suite(path: Path) -> None:
    text = path.read_bytes()
    value, fault = jsontext.value(text)
    (quick,), faults = jsontext.values([text], text, len(text))
    assert (quick, faults.get(0)) == (value, fault)
    if path.name in REFUSED:
        assert fault is not None
        assert fault.code == REFUSED[path.name]
    elif path.name.startswith("y_"):
        assert fault is None
        assert plain(value) == json.loads(text)
    elif path.name.startswith("n_"):
        assert fault is not None


@pytest.mark.parametrize("path", CSV_TESTS, ids=lambda path: path.name)
def test_csv_spectrum(path: Path) -> None:
    expected = json.loads((ROOT / "csv-spectrum" / "json" / (path.stem + ".json")).read_text("utf-8"))
    found = read_path(path)
    if path.name == "location_coordinates.csv":
        # It has a bare quote in a cell that is not quoted, and not the values that its JSON says.
        assert [reject.diagnostics[0].code for reject in found.rejects] == ["SFT013"]
        return
    assert found.records == expected
    assert found.rejects == []


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "tsv", "parquet", "arrow"])
def test_naughty_strings(kind: str, tmp_path: Path) -> None:
    strings = json.loads((ROOT / "naughty-strings" / "blns.json").read_text("utf-8"))
    records = [{"a": text, "b": "x"} for text in strings if "\0" not in text]
    path = tmp_path / f"x.{kind}"
    formats.write(path, kind, None, lambda: [records], ["a", "b"])
    found = read_path(path)
    assert found.rejects == []
    assert found.records == records


def test_naughty_strings_as_a_tab_delimited_file_without_quoting(tmp_path: Path) -> None:
    strings = json.loads((ROOT / "naughty-strings" / "blns.json").read_text("utf-8"))
    cells = [text for text in strings if not set(text) & set("\t\n\r\0")]
    data = "a\tb\n" + "".join(f"{text}\tx\n" for text in cells)
    found = read_bytes(tmp_path, "x.tsv", data.encode())
    assert [record["a"] for record in found.records] == cells
