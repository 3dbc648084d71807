"""Ranges of a file: where they are cut, what is told of each, and what an append leaves of them."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.formats.source import Range, Scan, Source

RECORDS = [b"", b"{}", b'{"a":"some words"}', b'{"a":"\xc3\xa9"}', b'{"a":']
#: Lines of a table, some of them the start or the end of a record over several, some with a quote where none may be.
ROWS = [b"", b"a,b", b'"a","b ""c"""', b'"a', b'b",c', b'a"b,c', b'"a"b,c']
FILES = st.one_of(
    st.tuples(st.just("a.jsonl"), *2 * [st.lists(st.sampled_from(RECORDS), max_size=30)]),
    st.tuples(st.just("a.csv"), *2 * [st.lists(st.sampled_from(ROWS[:5]), max_size=30)]),
    st.tuples(st.just("a.csv"), *2 * [st.lists(st.sampled_from(ROWS), max_size=30)]),
    st.tuples(st.just("a.json"), *2 * [st.lists(st.sampled_from(RECORDS[1:4]), max_size=30)]),
    st.tuples(st.just("a.json"), *2 * [st.lists(st.sampled_from(RECORDS), max_size=30)]),
)


def contents(name: str, lines: list[bytes], more: list[bytes], ended: bool) -> tuple[bytes, bytes]:
    """Return what stands in a file, and what does when more was appended."""
    if name == "a.json":
        head = b"[" + b",\n".join([b'{"a":1}', *lines])
        return head + b"]", b",\n".join([head, *more]) + b"]"
    head = b"\n".join([b'{"a":1}' if name == "a.jsonl" else b"x,y", *lines]) + b"\n" * ended
    return head, head + b"\n".join(more)


def scanned(path: Path, content: bytes, unit: int) -> Scan:
    path.write_bytes(content)
    source = Source(path, path.name, path.suffix[1:], header=("x", "y"), delimiter=",")
    found = formats.scan(source, unit)
    assert formats.scan(source, unit, hashed=False) == Scan(
        "", found.size, tuple(replace(each, sha256="") for each in found.ranges)
    )
    return found


@given(
    file=FILES,
    unit=st.integers(1, 80),
    piece=st.integers(1, 50),
    ended=st.booleans(),
)
def test_an_append_leaves_all_ranges_but_the_last_one(
    file: tuple[str, list[bytes], list[bytes]], unit: int, piece: int, ended: bool
) -> None:
    name, lines, more = file
    content, whole = contents(name, lines, more, ended)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sftformat.formats.cuts._PIECE", piece)
        before = scanned(Path(folder) / name, content, unit)
        after = scanned(Path(folder) / name, whole, unit)
    assert after.ranges[: len(before.ranges) - 1] == before.ranges[:-1]
    assert (after.sha256, after.size) == (hashlib.sha256(whole).hexdigest(), len(whole))
    stops = [each.stop for each in after.ranges]
    assert [0, *stops] == [*(each.start for each in after.ranges), None]
    for each in after.ranges:
        stop = len(whole) if each.stop is None else each.stop
        assert each == Range(
            each.start,
            each.stop,
            whole[: each.start].count(b"\n") + 1,
            hashlib.sha256(whole[:stop]).hexdigest(),
        )
        begins = whole[stop : stop + 1] == b"{" if name == "a.json" else whole[stop - 1 : stop] == b"\n"
        assert each.stop is None or (begins and stop - each.start >= unit)


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.parquet"])
def test_a_file_that_is_not_cut_at_bytes_is_not_read_where_nobody_asks_for_its_hash(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = [{"text": f"film {number}"} for number in range(300)]
    write_rows(path, rows)
    source = formats.sniff(path, name, formats.ReadOptions())
    found = formats.scan(source, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sftformat.formats.cuts._pieces", lambda _: pytest.fail("it is read"))
        assert formats.scan(source, 1, hashed=False) == replace(found, sha256="")
    assert found.size == path.stat().st_size


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=100)
    else:
        path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
