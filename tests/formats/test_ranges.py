"""Ranges of a file: where they are cut, what is told of each, and what an append leaves of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.formats.source import Range, ReadOptions, Scan

LINES = st.lists(st.sampled_from([b"", b"{}", b'{"a":"some words"}', b'{"a":"\xc3\xa9"}', b'{"a":']), max_size=30)


def scanned(path: Path, content: bytes, unit: int) -> Scan:
    path.write_bytes(content)
    return formats.scan(formats.sniff(path, path.name, ReadOptions()), unit)


@given(
    lines=LINES,
    more=LINES,
    unit=st.integers(1, 80),
    piece=st.integers(1, 50),
    ended=st.booleans(),
)
def test_an_append_leaves_all_ranges_but_the_last_one(
    lines: list[bytes], more: list[bytes], unit: int, piece: int, ended: bool
) -> None:
    content = b"\n".join([b'{"a":1}', *lines]) + b"\n" * ended
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sftformat.formats.cuts._PIECE", piece)
        before = scanned(Path(name) / "a.jsonl", content, unit)
        whole = content + b"\n".join(more)
        after = scanned(Path(name) / "a.jsonl", whole, unit)
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
        assert each.stop is None or (whole[stop - 1 : stop] == b"\n" and stop - each.start >= unit)
