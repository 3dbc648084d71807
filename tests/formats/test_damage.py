"""Good rows are found between damaged ones, every byte is accounted for, and cutting a file changes nothing."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import InputError
from sftformat.formats import ReadOptions, csvlines
from sftformat.record import encode_json

from .hostile import RECORDS, Everything, gather, ranges_of, read_bytes, read_path

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LINE = st.binary(max_size=20).map(lambda data: data.replace(b"\n", b""))
JSON_LINE = st.one_of(
    st.sampled_from(
        [b"", b" ", b"\r", b"[1]", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"a":\xff}', b'{"a":-0}']
    ),
    LINE,
    RECORDS.map(lambda found: encode_json(found[0]) if found else b"{}"),
)


@given(rows=st.lists(JSON_LINE, max_size=12), ended=st.booleans(), ends=st.sampled_from([b"\n", b"\r\n"]))
@QUICK
def test_every_line_of_jsonl_is_read_rejected_or_blank(
    tmp_path: Path, rows: list[bytes], ended: bool, ends: bytes
) -> None:
    data = ends.join(rows) + (ends if ended and rows else b"")
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\0\0\xfe\xff")) or data.count(0) > len(data) // 4:
        return
    # \x1f\x8b and the like would name another container.
    if data[:1] in (b"\x1f", b"\x28", b"P", b"A", b"F", b"B", b"\xfd", b"\xff", b"\r") or b"\r" in data.split(b"\n")[0]:
        data = b"{}\n" + data
    found = read_bytes(tmp_path, "x.jsonl", data, format="jsonl")
    lines = data.split(b"\n")
    kept = dict(zip(found.lines, found.raw, strict=True)) | {reject.line: reject.raw for reject in found.rejects}
    assert len(kept) == len(found.lines) + len(found.rejects)
    total = len(lines) - (not lines[-1])
    assert len(kept) + found.blank_lines == total
    for number, raw in kept.items():
        assert raw == lines[number - 1].removesuffix(b"\r")
    offsets = dict(zip(found.lines, found.offsets, strict=True)) | {
        reject.line: reject.byte for reject in found.rejects
    }
    for number, offset in offsets.items():
        assert offset is not None
        assert data[offset:].startswith(kept[number])


@given(
    records=RECORDS, bad=st.lists(st.sampled_from([b"{", b"}", b"[]", b"'", b"\xff", b"{'a':1}", b"nul"]), max_size=5)
)
@QUICK
def test_good_rows_are_found_between_bad_ones(
    tmp_path: Path, records: list[dict[str, object]], bad: list[bytes]
) -> None:
    rows = [encode_json(record) for record in records]
    mixed = [row for pair in zip(rows, [*bad, *[b"{"] * len(rows)], strict=False) for row in pair]
    found = read_bytes(tmp_path, "x.jsonl", b"{}\n" + b"\n".join(mixed) + b"\n")
    assert found.records == [{}, *records]
    assert len(found.rejects) == len(rows)


@given(records=RECORDS, unit=st.integers(1, 60))
@QUICK
def test_cuts_change_nothing(tmp_path: Path, records: list[dict[str, object]], unit: int) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(encode_json(record) + b"\n\n" for record in records) + b"{} \n[1]\n{")
    source = formats.sniff(path, "x.jsonl", ReadOptions())
    whole = gather(list(formats.read(source)))
    parts = [gather(list(formats.read(part))) for part in ranges_of(source, unit)]
    assert [record for part in parts for record in part.records] == whole.records
    assert [line for part in parts for line in part.lines] == whole.lines
    assert [offset for part in parts for offset in part.offsets] == whole.offsets
    assert [reject for part in parts for reject in part.rejects] == whole.rejects
    assert sum(part.blank_lines for part in parts) == whole.blank_lines
    assert [code for part in parts for code in part.codes] == whole.codes


CELL = st.text(st.sampled_from('ab,"\n\r é;'), max_size=6)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=8), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
)
@QUICK
def test_sound_csv_is_read_as_the_standard_library_reads_it(
    tmp_path: Path, rows: list[tuple[str, str, str]], quoting: int
) -> None:
    text = io.StringIO(newline="")
    # With "\n" alone as its line end, csv does not quote a lone "\r" and then reads it as a line end.
    writer = csv.writer(text, quoting=quoting, lineterminator="\n" if quoting == csv.QUOTE_ALL else "\r\n")
    writer.writerows([("x", "y", "z"), *rows])
    found = read_bytes(tmp_path, "x.csv", text.getvalue().encode(), delimiter=",")
    expected = list(csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True))[1:]
    assert [list(record.values()) for record in found.records] == expected
    assert found.rejects == []


CSV_LINE = st.text(st.sampled_from('ab,,"""\r'), max_size=8)


@given(rows=st.lists(CSV_LINE, max_size=10))
@QUICK
def test_every_line_of_csv_is_in_one_row(tmp_path: Path, rows: list[str]) -> None:
    data = "x,y\n" + "".join(row + "\n" for row in rows)
    found = read_bytes(tmp_path, "x.csv", data.encode(), delimiter=",")
    kept = sorted([*zip(found.lines, found.raw, strict=True), *((reject.line, reject.raw) for reject in found.rejects)])
    seen: list[int] = []
    for line, raw in kept:
        seen += range(line, line + raw.count(b"\n") + 1)
        assert data.encode().split(b"\n", line - 1)[-1].startswith(raw)
    assert len(seen) == len(set(seen))
    blank = [n for n in range(2, len(rows) + 2) if n not in seen]
    assert found.blank_lines == len(blank)
    assert all(not rows[n - 2].strip() for n in blank)


@given(
    rows=st.lists(st.text(st.sampled_from('ab,,""" \t\ré'), max_size=8), max_size=10),
    name=st.sampled_from(["x.csv", "x.tsv"]),
    width=st.integers(1, 5),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "cp1252"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
@QUICK
def test_lines_read_many_at_once_are_what_they_are_one_by_one(
    tmp_path: Path, rows: list[str], name: str, width: int, encoding: str, end: str
) -> None:
    delimiter = "," if name == "x.csv" else "tab"
    head = ("," if name == "x.csv" else "\t").join("vwxyz"[:width])
    data = "".join(row + end for row in [head, *rows]).encode(encoding)

    def read() -> Everything:
        return read_bytes(tmp_path, name, data, delimiter=delimiter, encoding=encoding)

    many = read()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvlines, "cells_of", lambda *_: [])
        assert read() == many


@given(
    rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8),
    bad=st.sampled_from(['q"q,1', '"q"q,1', "1,2,3", "1", '"q\nyes, no\nq",1,2', '"1,\n2,\n"', '"q\na,1\nb,2\n",1,2']),
)
@QUICK
def test_csv_reading_restarts_after_damage(tmp_path: Path, rows: list[tuple[str, str]], bad: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(("x", "y"))
    for row in rows:
        text.write(bad + "\n")
        writer.writerow(row)
    found = read_bytes(tmp_path, "x.csv", text.getvalue().encode(), delimiter=",")
    assert [tuple(record.values()) for record in found.records] == rows
    assert [reject.raw for reject in found.rejects] == [bad.encode()] * len(rows)


@given(
    data=st.binary(max_size=60),
    name=st.sampled_from(["x.csv", "x.tsv", "x.json", "x.jsonl", "x.parquet", "x.arrow", "x"]),
)
@settings(QUICK, max_examples=300)
def test_any_bytes_end_in_rows_or_in_one_error(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with contextlib.suppress(InputError):
        read_path(path)


@given(data=st.data())
@settings(QUICK, max_examples=100)
def test_flipped_bytes_of_columnar_files_never_crash(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["x.parquet", "x.arrow", "x.jsonl.gz", "x.jsonl.zst"]))
    kind, compression = formats.by_name(name) or ("", None)
    path = tmp_path / name
    records = [{"a": "text", "b": 1, "c": ["x", None]}, {"a": None, "b": 2, "c": []}]
    formats.write(path, kind, compression, lambda: [records], ["a", "b", "c"])
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(damaged)
    with contextlib.suppress(InputError):
        read_path(path)


def test_sizes_in_the_footer_that_do_not_agree_are_no_crash(tmp_path: Path) -> None:
    """For these the library ends the process when it is asked about a column."""
    path = tmp_path / "x.parquet"
    formats.write(path, "parquet", None, lambda: [[{"a": "text", "c": ["x", None]}, {"a": None, "c": []}]], ["a", "c"])
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for at in range(footer, len(whole) - 8):
        for bit in range(8):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            with contextlib.suppress(InputError):
                read_path(path)


def test_a_cut_first_line_is_no_object_over_all_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": \n{"a": "x"}\n{"a": "\xe9t\xe9"}\n{"a": "y"}\n')
    source = formats.sniff(path, "a.jsonl", ReadOptions())
    batches = list(formats.read(source))
    assert [record["a"] for batch in batches for record in batch.records] == ["x", "y"]
    assert [reject.line for batch in batches for reject in batch.rejects] == [1, 3]
    path.write_bytes(b'{\n"a": "\xe9t\xe9",\n"b": 1\n}\n')
    with pytest.raises(InputError, match="one JSON object"):
        formats.sniff(path, "a.jsonl", ReadOptions())
