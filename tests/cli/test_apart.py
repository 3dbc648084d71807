"""No output takes the place of what is read, by whatever name: exit 2, and every byte stands as it did."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Call

ROWS = "".join(f'{{"text": "film {n}", "label": "{("good", "bad")[n % 2]}"}}\n' for n in range(8))
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}}


@pytest.fixture
def call(call_here: Call) -> Call:
    return call_here


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    for name in ("a.jsonl", "raw/b.jsonl"):
        (tmp_path / name).write_text(ROWS)
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "labels.txt").write_text("bad\ngood\n")
    (tmp_path / "c.toml").write_text("seed = 1\n")
    (tmp_path / "more.jsonl").write_text('{"text": "film 1", "more": "x"}\n')
    os.symlink("a.jsonl", tmp_path / "link.jsonl")
    os.link(tmp_path / "a.jsonl", tmp_path / "hard.jsonl")
    return tmp_path


def held(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("a.jsonl",), "a.jsonl"),
        (("train=a.jsonl",), "./a.jsonl"),
        (("a.json*",), "raw/../a.jsonl"),
        (("a.jsonl",), "link.jsonl"),
        (("link.jsonl",), "a.jsonl"),
        (("a.jsonl",), "hard.jsonl"),
        (("raw",), "raw/b.jsonl"),
        (("a.jsonl", "--schema", "s.json"), "s.json"),
        (("a.jsonl", "--labels", "labels.txt"), "labels.txt"),
        (("a.jsonl", "--config", "c.toml"), "c.toml"),
        (("a.jsonl", "--join", "more.jsonl:text"), "more.jsonl"),
    ],
)
def test_findings_are_not_written_over_what_is_read(
    call: Call, here: Path, words: tuple[str, ...], output: str
) -> None:
    before = held(here)
    done = call("validate", *words, "-o", output)
    assert (done.code, "never written over" in done.err) == (2, True), done.err
    assert held(here) == before


def test_findings_in_a_folder_of_inputs_that_are_no_data(call: Call, here: Path) -> None:
    for _ in range(2):
        assert call("validate", "raw", "-o", "raw/found.sarif").code == 0


@pytest.mark.parametrize("output", ["a.jsonl", "link.jsonl", "hard.jsonl"])
def test_a_file_is_not_converted_in_place(call: Call, here: Path, output: str) -> None:
    before = held(here)
    done = call("convert", "a.jsonl", "-o", output, "--fix", "--overwrite")
    assert (done.code, "is an input" in done.err) == (2, True), done.err
    assert held(here) == before


def test_mended_rejects_are_not_replaced_by_new_ones(call: Call, here: Path) -> None:
    (here / "x.jsonl").write_text(ROWS + "{\n")
    assert call("convert", "x.jsonl", "-o", "y.jsonl").code == 1
    before = held(here)
    done = call("convert", "x.jsonl", "y.jsonl.rejects.jsonl", "-o", "y.jsonl", "--overwrite")
    assert (done.code, "is an input" in done.err) == (2, True), done.err
    assert held(here) == before


def _dataset(call: Call, here: Path) -> str:
    (here / "x.jsonl").write_text(ROWS + "{\n")
    assert call("convert", "x.jsonl", "-o", "dd").code == 1
    return "dd"


def _raw(call: Call, here: Path) -> str:
    return "raw"


@pytest.mark.parametrize("made", [_dataset, _raw])
def test_a_folder_is_not_converted_in_place(call: Call, here: Path, made: Callable[[Call, Path], str]) -> None:
    name = made(call, here)
    before = held(here)
    for words in ((name,), (f"test={name}",)):
        done = call("convert", *words, "-o", name, "--overwrite")
        assert (done.code, "is an input" in done.err) == (2, True), done.err
    assert held(here) == before


def test_the_rejects_of_a_data_set_do_not_go_with_it(call: Call, here: Path) -> None:
    name = _dataset(call, here)
    before = held(here)
    done = call("convert", "a.jsonl", f"{name}/rejects.jsonl", "-o", name, "--overwrite")
    assert (done.code, "is an input" in done.err) == (2, True), done.err
    assert held(here) == before
