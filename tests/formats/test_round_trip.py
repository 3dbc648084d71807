"""What is written is read back as it was, in every format and compression."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import UsageError
from sftformat.record import Number

from .hostile import NAMES, RECORDS, TEXTS, VALUES, read_path

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
COMPRESSIONS = [None, "gzip", "zstd"]
SUFFIX = {None: "", "gzip": ".gz", "zstd": ".zst"}


def through(folder: Path, kind: str, compression: str | None, records: list[Any], columns: list[str]) -> list[Any]:
    path = folder / f"x.{kind}{SUFFIX[compression]}"
    halves = [records[: len(records) // 2], records[len(records) // 2 :]]
    assert formats.write(path, kind, compression, lambda: halves, columns) == len(records)
    first = path.read_bytes()
    formats.write(path, kind, compression, lambda: halves, columns)
    assert path.read_bytes() == first
    found = read_path(path)
    assert found.rejects == []
    return found.records


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", ["jsonl", "json"])
@given(records=RECORDS)
@QUICK
def test_json_keeps_every_value(tmp_path: Path, kind: str, compression: str | None, records: list[Any]) -> None:
    assert through(tmp_path, kind, compression, records, []) == records


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[dict[str, str]]]:
    columns = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    rows = draw(st.lists(st.tuples(*[TEXTS for _ in columns]), max_size=6))
    return columns, [dict(zip(columns, row, strict=True)) for row in rows]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", ["csv", "tsv"])
@given(table=tables())
@QUICK
def test_csv_keeps_every_cell(
    tmp_path: Path, kind: str, compression: str | None, table: tuple[list[str], list[dict[str, str]]]
) -> None:
    columns, records = table
    # A raw NUL is damage in a text file (SFT008).
    records = [{name: cell.replace("\0", "") for name, cell in record.items()} for record in records]
    path = tmp_path / f"x.{kind}{SUFFIX[compression]}"
    formats.write(path, kind, compression, lambda: [records], columns)
    delimiter = "tab" if kind == "tsv" else ","
    found = read_path(path, delimiter=delimiter)
    assert (found.records, found.rejects) == (records, [])


@st.composite
def typed_tables(draw: st.DrawFn) -> tuple[list[str], list[dict[str, Any]]]:
    columns = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    kinds = [
        st.none() | TEXTS,
        st.none() | st.booleans(),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False).map(lambda value: Number(repr(value))),
        st.lists(TEXTS | st.none(), max_size=3),
        st.lists(st.fixed_dictionaries({"role": TEXTS}, optional={"content": TEXTS}), max_size=3),
        VALUES.filter(lambda value: not isinstance(value, dict | list | Number)),
    ]
    chosen = [draw(st.sampled_from(kinds)) for _ in columns]
    rows = draw(st.lists(st.tuples(*chosen), max_size=6))
    return columns, [dict(zip(columns, row, strict=True)) for row in rows]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@given(table=typed_tables())
@QUICK
def test_columnar_keeps_every_value(
    tmp_path: Path, kind: str, compression: str | None, table: tuple[list[str], list[dict[str, Any]]]
) -> None:
    columns, records = table
    assert through(tmp_path, kind, compression, records, columns) == records


def test_parquet_keeps_the_value_of_numbers_and_drops_null_members(tmp_path: Path) -> None:
    records = [{"n": Number("1.10"), "m": [{"role": "a", "content": None}]}, {"n": 2, "m": []}]
    found = through(tmp_path, "parquet", None, records, ["n", "m"])
    assert found == [{"n": Number("1.1"), "m": [{"role": "a"}]}, {"n": Number("2.0"), "m": []}]


def test_mixed_and_huge_values_survive_parquet(tmp_path: Path) -> None:
    records = [{"a": "1", "b": 10**30}, {"a": 1, "b": 1}, {"a": {"x": [None, Number("1e5")]}, "b": None}]
    assert through(tmp_path, "parquet", None, records, ["a", "b"]) == records


def test_gzip_holds_no_clock_and_no_name(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    formats.write(path, "jsonl", "gzip", lambda: [[{"a": 1}]], ["a"])
    data = path.read_bytes()
    assert data[3] == 0
    assert data[4:8] == b"\0\0\0\0"
    assert gzip.decompress(data) == b'{"a":1}\n'


def test_an_empty_cell_alone_in_its_row_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    formats.write(path, "csv", None, lambda: [[{"a": ""}, {"a": "x"}, {"a": None}]], ["a"])
    assert path.read_bytes() == b'a\n""\nx\n""\n'


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a/b.c/train.jsonl.gz", ("jsonl", "gzip")),
        ("X.NDJSON", ("jsonl", None)),
        ("x.tsv.zst", ("tsv", "zstd")),
        ("x.feather", ("arrow", None)),
        ("jsonl", None),
        ("x.gz", None),
        ("x.txt", None),
        ("", None),
    ],
)
def test_names_say_format_and_compression(name: str, found: tuple[str, str | None] | None) -> None:
    assert formats.by_name(name) == found


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        formats.write(tmp_path / "x", "xml", None, list, [])


ALPHABETS = (
    [chr(number) for number in range(1, 0x250)],
    list("\"',;\t|\r\n\\{}[]: \x0b\x0c\x1c\x85\u2028\u2029\ufeff\ufffd"),
    [
        "\U0001f600",
        "\u200d",
        "\u0301",
        "\u202e",
        "e\u0301",
        "\U000e0001",
        "\U0010ffff",
        "\ud7ff",
        "\ue000",
        "NA",
        "null",
        "-0",
    ],
)


@pytest.mark.slow
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "tsv", "parquet", "arrow"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ten_thousand_random_strings_come_back(tmp_path: Path, kind: str, compression: str | None, seed: int) -> None:
    draw = random.Random(seed)
    texts = ["".join(draw.choices(draw.choice(ALPHABETS), k=draw.randrange(40))) for _ in range(2_000)]
    records = [{"a": text, "b": "x"} for text in texts]
    path = tmp_path / f"x.{kind}{SUFFIX[compression]}"
    formats.write(path, kind, compression, lambda: [records], ["a", "b"])
    found = read_path(path)
    assert found.rejects == []
    assert found.records == records
