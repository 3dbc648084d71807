"""The hostile file corpus through the command line: the same rejects, a documented exit code, and never a traceback."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from sftformat import cli

from .cases import BIG, Big, Case, stored

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: A map that no record has the input of: every row that can be read is then rejected by its schema, whatever it holds.
NOWHERE = ("--task", "classification", "--map", "input=no such column", "--map", "target=nor this")


def flags(options: dict[str, object]) -> list[str]:
    """Return ReadOptions as options of the command line."""
    found: list[str] = []
    for key, value in options.items():
        if key == "header":
            found += [] if value else ["--no-header"]
        elif isinstance(value, list | tuple):
            found += [f"--{key}", ",".join(map(str, value))]
        elif value is not None and key != "format":
            found += [f"--{key.replace('_', '-')}", str(value)]
    return found


def call(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["sftformat", *arguments])
    code = cli._exit_code()
    caught = capsys.readouterr()
    assert "this is a bug" not in caught.err, caught.err
    assert not UNSAFE.search(caught.err)
    return code, caught.out, caught.err


@pytest.mark.parametrize(
    "case", [case for case in stored() if "format" not in case.options], ids=lambda case: case.name
)
def test_stored(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["convert", str(case.path), *NOWHERE, *flags(case.options), "-o", str(out)]
    code, _, err = call(arguments, monkeypatch, capsys)
    if case.expected["error"]:
        assert (code, list(tmp_path.iterdir())) == (2, [])
        assert len(err.strip().splitlines()) == 1
        return
    ledger = json.loads((out / "manifest.json").read_text("utf-8"))["ledger"]
    assert ledger["read"] == ledger["rejected"] == len(case.expected["records"]) + len(case.expected["rejects"])
    assert ledger["blank_lines"] == case.expected["blank_lines"]
    rejects = out / "rejects.jsonl"
    lines = [json.loads(line) for line in rejects.read_text("utf-8").split("\n") if line] if rejects.exists() else []
    assert all(("raw" in line) != ("raw_base64" in line) for line in lines)
    found = Counter((line["diagnostics"][0]["code"], line["line"], line["byte"]) for line in lines)
    expected = Counter((each["code"], each["line"], each["byte"]) for each in case.expected["rejects"])
    expected.update(("SFT102", each["line"], each["byte"]) for each in case.expected["records"])
    assert found == expected
    assert code == 1  # every row is rejected, and a data set without rows is an error too


@pytest.mark.parametrize("case", BIG, ids=lambda case: case.name)
def test_big(case: Big, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / case.name
    case.make(path)
    code, out, _ = call(
        ["validate", str(path), *NOWHERE, *flags(case.options), "--output-format", "json"], monkeypatch, capsys
    )
    if case.error:
        assert code == 2
        return
    ledger = json.loads(out)["ledger"]
    assert ledger["read"] == case.records + len(case.rejects)
