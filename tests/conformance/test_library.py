"""The hostile file corpus through `formats.read`: every row read or rejected as its snapshot says, memory bounded."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from sftformat import formats
from sftformat.errors import InputError
from sftformat.formats import ReadOptions

from .cases import BIG, Big, Case, json_text, outcome, stored


@pytest.mark.parametrize("case", stored(), ids=lambda case: case.name)
def test_stored(case: Case) -> None:
    snapshot = case.path.with_name(case.path.name + ".expected.json")
    assert json_text(outcome(case.path, case.name, case.options)) == snapshot.read_text("utf-8")


@pytest.mark.parametrize("case", BIG, ids=lambda case: case.name)
def test_big(case: Big, tmp_path: Path) -> None:
    path = tmp_path / case.name
    case.make(path)
    options = ReadOptions(**case.options)
    records, rejects = 0, []
    error = None
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        for batch in formats.read(formats.sniff(path, case.name, options), options):
            records += len(batch)
            rejects += [item.diagnostics[0].code for item in batch.rejects]
            assert sum(map(len, batch.raw)) < 8 << 20
            assert all(len(item.raw) <= 4096 for item in batch.rejects if item.diagnostics[0].code == "SFT009")
    except InputError as raised:
        error = raised.diagnostic.code if raised.diagnostic else "InputError"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (records, rejects, error) == (case.records, case.rejects, case.error)
    if sys.platform == "linux":
        assert grown < 400 << 10  # KiB


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero"), tmp_path / "missing"):
        with pytest.raises(InputError):
            formats.sniff(path, "x.jsonl", ReadOptions())


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"a":1}\n')
    (tmp_path / "y").symlink_to("x.jsonl")
    assert formats.sniff(tmp_path / "y", "y", ReadOptions()).format == "jsonl"
