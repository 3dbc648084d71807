"""A table is cut only where a record begins, and reading the parts is reading the whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.formats import ReadOptions, cuts
from tests.formats.hostile import Everything, gather, ranges_of

CELL = st.text(st.sampled_from('ab,"\n\t é'), max_size=6)
LINE = st.text(st.sampled_from('ab,,\t""" \r'), max_size=8)


def _parts_and_whole(path: Path, unit: int, piece: int) -> tuple[list[Everything], Everything]:
    source = formats.sniff(path, path.name, ReadOptions(delimiter="," if path.suffix == ".csv" else "tab"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "_PIECE", piece)
        sources = ranges_of(source, unit)
    return [gather(list(formats.read(part))) for part in sources], gather(list(formats.read(source)))


def _is_the_same(parts: list[Everything], whole: Everything) -> None:
    assert [record for part in parts for record in part.records] == whole.records
    assert [line for part in parts for line in part.lines] == whole.lines
    assert [offset for part in parts for offset in part.offsets] == whole.offsets
    assert [raw for part in parts for raw in part.raw] == whole.raw
    assert [reject for part in parts for reject in part.rejects] == whole.rejects
    assert sum(part.blank_lines for part in parts) == whole.blank_lines


@given(
    rows=st.lists(st.tuples(CELL, CELL), max_size=30),
    name=st.sampled_from(["x.csv", "x.tsv"]),
    unit=st.integers(1, 60),
    piece=st.integers(1, 50),
    mark=st.booleans(),
    end=st.sampled_from([b"\n", b"\r\n"]),
)
def test_a_sound_table(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    name: str,
    unit: int,
    piece: int,
    mark: bool,
    end: bytes,
) -> None:
    path = tmp_path_factory.mktemp("a") / name
    records = [{"text": f"{one}x", "label": other} for one, other in rows]
    formats.write(path, name.split(".")[1], None, lambda: [records], ["text", "label"])
    text = path.read_bytes().replace(b"\n", end)
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text)
    parts, whole = _parts_and_whole(path, unit, piece)
    _is_the_same(parts, whole)
    if name == "x.csv" and not any("\n" in cell for row in rows for cell in row):
        assert len(parts) >= min(len(rows), path.stat().st_size // (unit + 60))


@given(
    rows=st.lists(LINE, max_size=20),
    name=st.sampled_from(["x.csv", "x.tsv"]),
    unit=st.integers(1, 20),
    piece=st.integers(1, 30),
)
def test_a_damaged_table(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], name: str, unit: int, piece: int
) -> None:
    path = tmp_path_factory.mktemp("a") / name
    head = "x,y\n" if name == "x.csv" else "x\ty\n"
    path.write_bytes((head + "".join(f"{row}\n" for row in rows)).encode())
    _is_the_same(*_parts_and_whole(path, unit, piece))


def test_no_cut_behind_a_quote_that_stands_where_none_may(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    sound, stray = 'one,"a, ""b""\nc"\n' * 50, '5" disk,x\n'
    path.write_text("text,label\n" + sound + stray + sound)
    source = formats.sniff(path, "x.csv", ReadOptions())
    ranges = formats.scan(source, 100).ranges
    assert len(ranges) > 5
    assert max(part.start for part in ranges) <= len("text,label\n" + sound)
