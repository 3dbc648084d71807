"""What was once ignored in silence: an option that cannot be meant is one clear line and exit 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sftformat.folder.manifest import read_manifest
from tests.conftest import Call

CLEAN = "".join(f'{{"text": "film {n}", "label": "{("good", "bad")[n % 2]}"}}\n' for n in range(30))


@pytest.fixture
def call(call_here: Call) -> Call:
    return call_here


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text(CLEAN)
    return path


@pytest.fixture
def dataset(call: Call, clean: Path, tmp_path: Path) -> Path:
    assert call("convert", "a.jsonl", "-o", "data").code == 0
    return tmp_path / "data"


@pytest.mark.parametrize(
    "option",
    [
        ("--layout", "text-label"),
        ("--map", "input=text"),
        ("--limit", "3"),
        ("--encoding", "latin-1"),
        ("--delimiter", ";"),
        ("--no-header",),
    ],
)
def test_options_of_raw_inputs_are_refused_for_a_data_set(call: Call, dataset: Path, option: tuple[str, ...]) -> None:
    done = call("validate", "data", *option)
    assert (done.code, f"{option[0]} is for raw inputs" in done.err) == (2, True), done.err


def test_a_task_that_is_none(call: Call, clean: Path) -> None:
    done = call("validate", "a.jsonl", "--task", "sentiment")
    assert (done.code, "--task sentiment: there are classification" in done.err) == (2, True), done.err


def test_a_data_set_is_an_input_by_itself(call: Call, dataset: Path) -> None:
    done = call("convert", "data", "a.jsonl", "-o", "out")
    assert (done.code, "an input by itself" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("columns", "words"),
    [(("--columns", "text,label"), "--no-header"), (("--no-header", "--columns", "text,text"), "a name of its own")],
)
def test_columns(call: Call, tmp_path: Path, columns: tuple[str, ...], words: str) -> None:
    (tmp_path / "a.csv").write_text("a good film,x\na bad film,y\n")
    done = call("validate", "a.csv", *columns)
    assert (done.code, words in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    "content", ['["a", "a"]', "[]", '["a", 1]', "a\na\n", "", "0=a\nb\n", "0=a\n0=b\n", "0=a\n1=a\n"]
)
def test_label_maps_that_cannot_be_meant(call: Call, clean: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "labels").write_text(content)
    done = call("validate", "a.jsonl", "--labels", "labels")
    assert done.code == 2, done.out
    assert len(done.err.splitlines()) == 1, done.err


def test_a_label_map_may_be_that_of_a_folder(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\ngood film,pos\nbad film,neg\n")
    (tmp_path / "b.csv").write_text("text,label\na film,neg\n")
    (tmp_path / "c.csv").write_text("text,label\na film,odd\n")
    (tmp_path / "d.jsonl").write_text('{"text": "a film", "score": 0.5}\n')
    (tmp_path / "empty").mkdir()
    (tmp_path / "names.txt").write_text("neg\npos\n")
    for name, *more in (("a.csv", "--labels", "names.txt"), ("d.jsonl",)):
        assert call_here("convert", name, "-o", name[0], "--ignore", "SFT", *more).code == 0
    quiet = ("-q", "--ignore", "SFT4,SFT306")
    assert call_here("convert", "test=b.csv", "-o", "known", *quiet, "--labels", "a").code == 0
    assert read_manifest(tmp_path / "known")["labels"] == ["neg", "pos"]
    done = call_here("convert", "test=c.csv", "-o", "odd", *quiet, "--labels", "a")
    assert (done.code, "SFT304 label-not-in-map" in done.out) == (1, True)
    for folder, words in (("d", "a folder without a label map"), ("empty", "not a folder of ours")):
        done = call_here("convert", "b.csv", "-o", "out", "--labels", folder)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert words in done.err


@pytest.mark.parametrize("command", [("validate",), ("convert", "-o", "out")])
def test_a_label_map_may_be_a_pipe(clean: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.write(write, b"good\nbad\n")
    os.close(write)
    arguments = [sys.executable, "-m", "sftformat", *command, "a.jsonl", "--labels", f"/dev/fd/{read}"]
    done = subprocess.run(arguments, cwd=tmp_path, pass_fds=[read], capture_output=True, text=True, check=False)
    os.close(read)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("limit", ["nan", "nan%", "-1", "-5%", "inf", "x"])
def test_limits_that_are_no_numbers(call: Call, clean: Path, limit: str) -> None:
    done = call("convert", "a.jsonl", "-o", "out", "--max-rejects", limit)
    assert (done.code, "--max-rejects" in done.err) == (2, True), done.err


@pytest.mark.parametrize("shares", ["nan,1,1", "inf,0,0", "0.5,-0.1,0.6", "1,2", "", "²,1,1"])
def test_shares_that_are_no_numbers(call: Call, clean: Path, shares: str) -> None:
    assert call("convert", "a.jsonl", "-o", "out", "--split", shares).code == 2


def test_rejects_of_an_earlier_call_are_not_replaced_unasked(call: Call, clean: Path, tmp_path: Path) -> None:
    (tmp_path / "b.csv.rejects.jsonl").write_text("mine\n")
    done = call("convert", "a.jsonl", "-o", "b.csv")
    assert (done.code, "b.csv.rejects.jsonl: exists" in done.err) == (2, True), done.err
    assert (tmp_path / "b.csv.rejects.jsonl").read_text() == "mine\n"
    assert call("convert", "a.jsonl", "-o", "b.csv", "--overwrite").code == 0
    assert not (tmp_path / "b.csv.rejects.jsonl").exists()


def test_a_split_in_front_of_an_input_goes_before_its_column(call: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "label": "xy"[n % 2], "split": "train"} for n in range(6)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert call("convert", "test=a.jsonl", "-o", "out.jsonl", "--to", "canonical").code == 0
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {row["split"] for row in written} == {"test"}
    assert all(json.loads(row["meta"]) == {"split": "train"} for row in written)


def test_a_split_that_was_named_and_stays_empty_is_an_error(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "one", "label": "x"}\n{"text": "two", "label": "y"}\n')
    done = call("convert", "a.jsonl", "-o", "out", "--split", "0.999998,0.000001,0.000001")
    assert (done.code, "SFT409 empty-split" in done.out) == (1, True), done.out


def test_minus_zero_keeps_its_text(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"text": "a", "label": -0}\n{"text": "b", "label": 0}\n{"text": "c", "label": 1}\n'
    )
    assert call("convert", "a.jsonl", "-o", "b.jsonl", "--to", "canonical").code == 0
    assert [json.loads(line)["target"] for line in (tmp_path / "b.jsonl").read_text().splitlines()] == ["-0", "0", "1"]


@pytest.mark.parametrize("bad", [0, 1])
def test_a_reader_that_went_away_is_no_error_of_the_data(tmp_path: Path, bad: int) -> None:
    (tmp_path / "a.jsonl").write_text(CLEAN + "{\n" * bad)
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "sftformat", "validate", "a.jsonl"]
    done = subprocess.run(command, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, b"bug" in done.stderr) == (2, False), done.stderr


def test_all_rows_rejected_says_why(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{\n" * 5)
    done = call("validate", "a.jsonl")
    assert done.code != 0
    assert "SFT001" in done.err + done.out
