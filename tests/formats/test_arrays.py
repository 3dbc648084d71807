"""JSON arrays: their elements are found many at once, and it makes no difference to anything that is read."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.formats import ReadOptions, container, cuts, jsonarray
from sftformat.formats.jsonarray import ArrayText
from sftformat.record import encode_json
from tests.formats.hostile import RECORDS, VALUES, Everything, gather, ranges_of

GAPS = st.sampled_from([b",", b", ", b",\n", b" ,\r\n  ", b"\t,\t", b",\n\n    "])
ODD = st.sampled_from([b"{", b"}", b'"', b"\\", b",", b"]", b"x", b":", b"[", b'\\"', b"\n", b"\xff", b"-0"])
SIZES = st.sampled_from([1, 2, 7, 30, 1000])


def _written(elements: list[bytes], gaps: list[bytes]) -> bytes:
    text = b"".join(gap + element for gap, element in zip(gaps, elements, strict=True))
    return b"[ " + text.lstrip(b" ,\t\r\n") + b"\n]\n"


@st.composite
def arrays(draw: st.DrawFn) -> bytes:
    """The text of an array, mostly of objects, written the same way throughout or each time another."""
    some = st.one_of(RECORDS.map(lambda found: found[:1]), VALUES.map(lambda value: [value]))
    values = [value for found in draw(st.lists(some, max_size=12)) for value in found]
    indent = draw(st.sampled_from([None, 1, 4]))
    plain = [json.dumps(json.loads(encode_json(value)), indent=indent).encode() for value in values]
    own = draw(st.lists(GAPS, min_size=len(plain), max_size=len(plain)))
    return _written(plain, own if draw(st.booleans()) else own[:1] * len(plain))


def _read(path: Path, size: int, limit: int, *, singly: bool) -> Everything:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonarray, "chunks", partial(container.chunks, size=size))
        if singly:
            patch.setattr(ArrayText, "run", lambda _: None)
        source = formats.sniff(path, path.name, ReadOptions())
        return gather(list(formats.read(source, ReadOptions(max_line_bytes=limit))))


def _said(found: Everything) -> tuple[str, list[int], list[int | None], list[bytes], list[tuple[Any, ...]]]:
    rejects = [(each.line, each.byte, each.length, each.diagnostics[0].code) for each in found.rejects]
    return repr(found.records), found.lines, found.offsets, found.raw, rejects


@given(array=arrays(), size=SIZES, limit=st.sampled_from([8, 60, 1 << 20]))
def test_many_at_once_are_what_they_are_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, array: bytes, size: int, limit: int
) -> None:
    path = tmp_path_factory.mktemp("array") / "x.json"
    path.write_bytes(array)
    many, one = (_read(path, size, limit, singly=singly) for singly in (False, True))
    assert _said(many) == _said(one)
    if limit > len(array):
        assert len(many.records) + len(many.rejects) == len(json.loads(array))
    for line, offset, raw in zip(many.lines, many.offsets, many.raw, strict=True):
        assert offset is not None
        assert array[offset : offset + len(raw)] == raw
        assert line == 1 + array[:offset].count(b"\n")


@given(array=arrays(), odd=ODD, place=st.floats(0, 1), size=SIZES)
def test_a_fault_is_found_where_it_is_found_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, array: bytes, odd: bytes, place: float, size: int
) -> None:
    at = 1 + int(place * (len(array) - 1))
    path = tmp_path_factory.mktemp("array") / "x.json"
    path.write_bytes(array[:at] + odd + array[at:])
    many, one = (_read(path, size, 1 << 20, singly=singly) for singly in (False, True))
    assert _said(many)[:-1] == _said(one)[:-1]
    assert [reject[:2] for reject in _said(many)[-1]] == [reject[:2] for reject in _said(one)[-1]]


def test_numbers_and_objects_in_turn_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"[" + b'1, {"a": "b"}, ' * 60_000 + b"2]")
    held = []
    with pytest.MonkeyPatch.context() as patch:
        more = ArrayText.more

        def counted(self: ArrayText) -> bool:
            found = more(self)
            held.append(len(self.window))
            return found

        patch.setattr(ArrayText, "more", counted)
        source = formats.sniff(path, "x.json", ReadOptions())
        found = gather(list(formats.read(source, ReadOptions())))
    assert (len(found.records), len(found.rejects)) == (60_000, 60_001)
    assert max(held) <= 3 * container.CHUNK_BYTES


def _parts_and_whole(path: Path, unit: int, piece: int) -> tuple[list[Everything], Everything]:
    source = formats.sniff(path, path.name, ReadOptions())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "_PIECE", piece)
        sources = ranges_of(source, unit)
    return [gather(list(formats.read(part))) for part in sources], gather(list(formats.read(source)))


@given(array=arrays(), unit=st.integers(1, 80), piece=st.integers(1, 60), mark=st.booleans())
def test_the_parts_of_an_array_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, array: bytes, unit: int, piece: int, mark: bool
) -> None:
    path = tmp_path_factory.mktemp("array") / "x.json"
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + array)
    parts, whole = _parts_and_whole(path, unit, piece)
    for field in ("records", "lines", "offsets", "raw", "rejects", "codes"):
        assert repr([each for part in parts for each in getattr(part, field)]) == repr(getattr(whole, field))


def test_an_array_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(json.dumps([{"text": f'{{"a": [{n}, "}}, {{"'} for n in range(500)]).encode())
    parts, whole = _parts_and_whole(path, 1000, 300)
    assert len(parts) > 10
    assert [record for part in parts for record in part.records] == whole.records


@given(array=arrays(), odd=ODD, place=st.floats(0, 1), unit=st.integers(1, 80), piece=st.integers(1, 60))
def test_the_parts_of_a_damaged_array_have_all_that_the_whole_has(
    tmp_path_factory: pytest.TempPathFactory, array: bytes, odd: bytes, place: float, unit: int, piece: int
) -> None:
    """A fault ends a part, not the file: there may be more behind it, and each fault of the whole is told."""
    at = 1 + int(place * (len(array) - 1))
    path = tmp_path_factory.mktemp("array") / "x.json"
    path.write_bytes(array[:at] + odd + array[at:])
    parts, whole = _parts_and_whole(path, unit, piece)
    assert repr([record for part in parts for record in part.records][: len(whole.records)]) == repr(whole.records)
    told = [(each.line, each.byte, each.diagnostics[0].code) for part in parts for each in part.rejects]
    assert {(each.line, each.byte, each.diagnostics[0].code) for each in whole.rejects} <= set(told)
