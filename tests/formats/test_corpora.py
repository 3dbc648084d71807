"""Public corpora through the readers; they lie where SFTFORMAT_CORPORA says, else these tests are skipped."""

from __future__ import annotations

import json
import os
from collections import Counter
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

#: Texts that the RFC lets a reader take or refuse: the code of our answer (None = it is read), and why.
EITHER = {
    "i_number_double_huge_neg_exp.json": (None, "a number keeps its text, however small"),
    "i_number_huge_exp.json": ("SFT004", "beyond every double; made infinite it would be another number"),
    "i_number_neg_int_huge_exp.json": ("SFT004", "beyond every double; made infinite it would be another number"),
    "i_number_pos_double_huge_exp.json": ("SFT004", "beyond every double; made infinite it would be another number"),
    "i_number_real_neg_overflow.json": ("SFT004", "beyond every double; made infinite it would be another number"),
    "i_number_real_pos_overflow.json": ("SFT004", "beyond every double; made infinite it would be another number"),
    "i_number_real_underflow.json": (None, "a number keeps its text, however small"),
    "i_number_too_big_neg_int.json": (None, "an integer of any length keeps its digits"),
    "i_number_too_big_pos_int.json": (None, "an integer of any length keeps its digits"),
    "i_number_very_big_negative_int.json": (None, "an integer of any length keeps its digits"),
    "i_object_key_lone_2nd_surrogate.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_1st_surrogate_but_2nd_missing.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_1st_valid_surrogate_2nd_invalid.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_UTF-16LE_with_BOM.json": ("SFT006", "not UTF-8; another encoding is named with --encoding"),
    "i_string_UTF-8_invalid_sequence.json": ("SFT006", "not UTF-8; another encoding is named with --encoding"),
    "i_string_UTF8_surrogate_U+D800.json": ("SFT006", "a surrogate encoded in UTF-8 is not UTF-8"),
    "i_string_incomplete_surrogate_and_escape_valid.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_incomplete_surrogate_pair.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_incomplete_surrogates_escape_valid.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_invalid_lonely_surrogate.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_invalid_surrogate.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_invalid_utf-8.json": ("SFT006", "not UTF-8; another encoding is named with --encoding"),
    "i_string_inverted_surrogates_U+1D11E.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_iso_latin_1.json": ("SFT006", "not UTF-8; another encoding is named with --encoding"),
    "i_string_lone_second_surrogate.json": (
        "SFT005",
        "half of a pair is no character, and no file in UTF-8 could hold it again",
    ),
    "i_string_lone_utf8_continuation_byte.json": ("SFT006", "not UTF-8; another encoding is named with --encoding"),
    "i_string_not_in_unicode_range.json": ("SFT006", "beyond U+10FFFF"),
    "i_string_overlong_sequence_2_bytes.json": ("SFT006", "an overlong form is not UTF-8"),
    "i_string_overlong_sequence_6_bytes.json": ("SFT006", "an overlong form is not UTF-8"),
    "i_string_overlong_sequence_6_bytes_null.json": ("SFT006", "an overlong form is not UTF-8"),
    "i_string_truncated-utf-8.json": ("SFT006", "a character breaks off"),
    "i_string_utf16BE_no_BOM.json": ("SFT006", "not UTF-8; another encoding is named with --encoding"),
    "i_string_utf16LE_no_BOM.json": ("SFT006", "not UTF-8; another encoding is named with --encoding"),
    "i_structure_500_nested_arrays.json": (None, "512 levels may be nested"),
    "i_structure_UTF-8_BOM_empty_object.json": (
        "SFT001",
        "a mark inside the text of a value; at the start of a file it is stripped",
    ),
}


def plain(value: object) -> object:
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", JSON_TESTS, ids=lambda path: path.name)
def test_json_suite(path: Path) -> None:
    text = path.read_bytes()
    value, fault = jsontext.value(text, once=False)
    if path.name.startswith("y_"):
        assert fault is None
        assert plain(value) == json.loads(text)
    elif path.name.startswith("n_"):
        assert fault is not None
    else:
        assert (fault.code if fault else None) == EITHER[path.name][0]


def test_json_suite_is_whole() -> None:
    kinds = Counter(path.name[:2] for path in JSON_TESTS)
    assert kinds == {"y_": 95, "n_": 188, "i_": 35}
    assert {path.name for path in JSON_TESTS if path.name[:2] == "i_"} == set(EITHER)


@pytest.mark.parametrize("path", JSON_TESTS, ids=lambda path: path.name)
def test_json_suite_as_records(path: Path, tmp_path: Path) -> None:
    """A record is stricter: a key stands once. It is read alike one by one, with others, and inside a file."""
    text = path.read_bytes()
    value, fault = jsontext.value(text)
    (quick,), faults = jsontext.values([text], text, len(text))
    assert (quick, faults.get(0)) == (value, fault)
    if path.name in REFUSED:
        assert fault is not None
        assert fault.code == REFUSED[path.name]
    elif path.name.startswith("y_"):
        assert fault is None
    if b"\n" in text or b"\r" in text:
        return
    found = read_bytes(tmp_path, "x.jsonl", b'{"a": 1}\n{"a": ' + text + b'}\n{"a": 2}\n')
    inside = jsontext.value(b'{"a": ' + text + b"}")[1]
    assert [reject.diagnostics[0].code for reject in found.rejects] == ([inside.code] if inside else [])
    assert found.lines == ([1, 3] if inside else [1, 2, 3])
    assert inside is not None or found.records[1] == {"a": value}


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


FORMATS = ("jsonl", "json", "csv", "tsv", "parquet", "arrow")
SUFFIX = {None: "", "gzip": ".gz", "zstd": ".zst"}


def come_back(texts: list[str], kind: str, compression: str | None, folder: Path) -> None:
    """Write texts in a column beside another one, and read them."""
    records = [{"a": text, "b": "x"} for text in texts if kind not in ("csv", "tsv") or "\0" not in text]
    path = folder / f"x.{kind}{SUFFIX[compression]}"
    formats.write(path, kind, compression, lambda: [records], ["a", "b"])
    found = read_path(path)
    assert found.rejects == []
    assert found.records == records


@pytest.mark.parametrize("compression", SUFFIX)
@pytest.mark.parametrize("kind", FORMATS)
def test_naughty_strings(kind: str, compression: str | None, tmp_path: Path) -> None:
    strings = json.loads((ROOT / "naughty-strings" / "blns.json").read_text("utf-8"))
    assert len(strings) == 515
    come_back(strings, kind, compression, tmp_path)


def test_naughty_strings_as_a_tab_delimited_file_without_quoting(tmp_path: Path) -> None:
    strings = json.loads((ROOT / "naughty-strings" / "blns.json").read_text("utf-8"))
    cells = [text for text in strings if not set(text) & set("\t\n\r\0")]
    data = "a\tb\n" + "".join(f"{text}\tx\n" for text in cells)
    found = read_bytes(tmp_path, "x.tsv", data.encode())
    assert [record["a"] for record in found.records] == cells
