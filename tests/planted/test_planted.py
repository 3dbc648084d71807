"""Every fault is found, at its line, under its code, and nothing else is; the clean samples have no finding at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions
from sftformat.diagnostics import CODES, Diagnostic
from sftformat.errors import InputError
from sftformat.rules import RULES

from ..conftest import Call
from ..test_samples import CLEAN, Sample
from .table import ELSEWHERE, PLANTED, Planted

each_planted = pytest.mark.parametrize(
    "planted", [pytest.param(each, id=f"{each.code}-{number}") for number, each in enumerate(PLANTED)]
)


#: Samples that show what a format holds besides rows, which is said as information.
SAID = {**dict.fromkeys(("rasa.yml", "rasa.md", "rasa.json"), ("SFT021",)), "linked.csv": ("SFT023",)}


def written(planted: Planted, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name, data in planted.files.items():
        Path(name).write_bytes(data)


def findings(specs: Sequence[str], options: DatasetOptions) -> list[Diagnostic]:
    return [each for each in diagnose(specs, options) if isinstance(each, Diagnostic)]


def refusal(planted: Planted) -> list[Diagnostic]:
    with pytest.raises(InputError) as caught:
        findings(planted.specs, planted.options)
    return [each for each in [caught.value.diagnostic] if each is not None]


def test_every_code_is_planted() -> None:
    of_data = {code for code in CODES if code < "SFT2"} | {each.code for each in RULES}
    assert {each.code for each in PLANTED} == of_data - set(ELSEWHERE)


@each_planted
def test_found_alone(planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(planted, tmp_path, monkeypatch)
    found = refusal(planted) if planted.stops else findings(planted.specs, planted.options)
    assert [(each.code, each.file, each.line) for each in found] == [(planted.code, planted.file, planted.line)]
    if planted.path:
        assert found[0].path == planted.path


@pytest.mark.parametrize("code", ["SFT006", "SFT227", "SFT403"])
def test_the_command_line_says_the_same(code: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = next(each for each in PLANTED if each.code == code)
    written(planted, tmp_path, monkeypatch)
    done = call("validate", *planted.specs, "--output-format", "jsonl")
    (found,) = map(json.loads, done.out.splitlines())
    assert (found["code"], found["file"], found["line"]) == (code, planted.file, planted.line)
    assert done.code == 1


@pytest.mark.parametrize("sample", CLEAN, ids=lambda sample: sample.name)
def test_clean_samples_have_no_finding_at_all(sample: Sample) -> None:
    found = [
        each for each in findings([str(sample.path)], sample.options()) if each.code not in SAID.get(sample.name, ())
    ]
    assert found == []
