"""Values are exact, duplicate keys are always found, and a source can travel to another process."""

from __future__ import annotations

import datetime
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat import formats
from sftformat.formats import ReadOptions, csvlines, csvrow, jsontext
from sftformat.record import Number

from .hostile import gather, ranges_of, read_path

KEYS = st.sampled_from(['"a"', '"b"', '"\\u0061"', '"\\""', '"a\\\\"', '":"', '"\\":"', '" :"'])
SPACE = st.sampled_from(["", "", "", " ", "\t", " \r"])
SCALARS = st.sampled_from(['"x"', "1", "-0", "1.10", '"\\":"', '"\\\\"', '" :"', "null", '"-0"', "{}", "[]"])


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    members = draw(st.lists(st.tuples(KEYS, SPACE, inner), max_size=4))
    return "{" + ",".join(f"{key}{space}:{value}" for key, space, value in members) + "}"


TEXTS = st.recursive(
    SCALARS,
    lambda inner: objects(inner) | st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]"),
    max_leaves=8,
)


class TwiceError(Exception):
    """A key stands twice."""


def exact(text: str) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(found)) < len(found):
            raise TwiceError
        return dict(found)

    def integer(digits: str) -> object:
        return Number(digits) if digits == "-0" else int(digits)

    return json.loads(text, object_pairs_hook=pairs, parse_float=Number, parse_int=integer)


@given(texts=st.lists(objects(TEXTS) | TEXTS, min_size=1, max_size=5))
@settings(max_examples=400, deadline=None)
def test_values_are_those_of_the_standard_library_and_no_key_is_lost(texts: list[str]) -> None:
    rows = [text.encode() for text in texts]
    whole, longest = b"\n".join(rows), max(map(len, rows))
    found, faults = jsontext.values(rows, whole, longest)
    if all(row[:1] == b"{" and row[-1:] == b"}" and b"\n" not in row for row in rows):
        ends = np.cumsum([len(row) + 1 for row in rows]) - 1
        assert repr(jsontext.values(rows, whole, longest, ends)) == repr((found, faults))
    for index, text in enumerate(texts):
        try:
            expected = exact(text)
        except TwiceError:
            assert faults[index].code == "SFT003"
        else:
            assert index not in faults
            assert found[index] == expected


LINES = st.lists(st.text(st.sampled_from('ab,"" é'), max_size=10), min_size=1, max_size=5)


@given(texts=LINES)
@settings(max_examples=300, deadline=None)
def test_the_fast_cells_are_the_exact_cells(texts: list[str]) -> None:
    dialect = csvrow.Dialect()
    fast = csvlines.split_lines(texts, dialect)
    assert fast is not None
    for text, cells in zip(texts, fast, strict=True):
        exact = csvrow.split(text, dialect)
        assert (cells or [""]) == exact or (not cells and isinstance(exact, csvrow.Damage))


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.parquet"])
def test_a_source_travels(tmp_path: Path, name: str) -> None:
    kind = name.split(".")[1]
    path = tmp_path / name
    formats.write(path, kind, None, lambda: [[{"a": "1"}]], ["a"])
    source = formats.sniff(path, name, ReadOptions())
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert gather(list(formats.read(again))).records == [{"a": "1"}]


def test_parquet_is_cut_at_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [str(n) for n in range(100)]}), path, row_group_size=10)
    source = formats.sniff(path, "x.parquet", ReadOptions())
    whole = gather(list(formats.read(source)))
    parts = ranges_of(source, 200)
    assert len(parts) > 2
    found = [gather(list(formats.read(part))) for part in parts]
    assert [record for part in found for record in part.records] == whole.records
    assert [line for part in found for line in part.lines] == whole.lines == list(range(1, 101))


def test_nanoseconds_and_extension_types(tmp_path: Path) -> None:
    path = tmp_path / "x.arrow"
    table = pa.table(
        {
            "ns": pa.array([1_700_000_000_123_456_789, -1, None], pa.timestamp("ns")),
            "tz": pa.array([1_700_000_000_123_456_789, 0, None], pa.timestamp("ns", "+02:00")),
            "ext": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"x":1}', None, "2"])),
            "time": pa.array([datetime.time(1, 2, 3), None, None]),
        }
    )
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    found = read_path(path)
    assert found.rejects == []
    assert found.records[0] == {
        "ns": "2023-11-14T22:13:20.123456789",
        "tz": "2023-11-15T00:13:20.123456789+02:00",
        "ext": '{"x":1}',
        "time": "01:02:03",
    }
    assert found.records[1]["ns"] == "1969-12-31T23:59:59.999999999"
    assert found.records[2] == {"ns": None, "tz": None, "ext": "2", "time": None}


def test_a_value_of_a_type_that_no_record_has_rejects_its_row(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": pa.array([datetime.timedelta(1), None]), "b": [[b"x"], []]}), path)
    found = read_path(path)
    assert found.records == [{"a": None, "b": []}]
    assert [reject.diagnostics[0].code for reject in found.rejects] == ["SFT104"]
