"""What is fast must also be the same: one answer whatever the way, and memory that does not grow with the file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.check import Settings
from sftformat.dataset.build import convert, diagnose
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.diagnostics import Diagnostic
from sftformat.split import Fractions
from tests.formats.hostile import read_bytes

from .validate import RUNS, bare, validated, write_records

#: Lines that are read in one go, and lines that are not.
LINES = st.sampled_from(
    [
        '{"text": "good film", "label": "a"}',
        '{"text": "bad: film", "label": "b"}',
        '{"label": "a", "text": "again"}',
        '{"text": "good film", "label": 1}',
        '{"text": "x", "label": "a", "more": [1.50, {"k": -0}]}',
        '{"text": "x", "label": "a", "id": "1"}',
        '{"text": "y", "label": "a", "split": "test"}',
        '{"text": "", "label": "a"}',
        '{"text": 1, "label": "a"}',
        '{"text": "x", "text": "y", "label": "a"}',
        '{"text": "x", "label": "a"} {"text": "y", "label": "b"}',
        '{"text": "x", "label": ["a",',
        '"b"]}',
        '{"text": "x"},',
        "{}",
        "",
        "[1]",
        '{"text": "caf\\u00e9\\u0007", "label": "a"}\r',
    ]
)
#: Without a record that has a text there is no layout.
FIRST = '{"text": "first", "label": "a"}'
SETTINGS = st.sampled_from([*(settings for settings, _ in RUNS.values()), Settings(select=("SFT4",))])


def found(path: Path, out: Path | None, **options: Any) -> tuple[dict[str, Any], list[Any]]:
    choice = DatasetOptions(layout="text-label", **options)
    events = diagnose([str(path)], choice) if out is None else convert([str(path)], out, choice)
    *others, last = events
    assert isinstance(last, Finished)
    parts = {key: last.manifest[key] for key in ("ledger", "columns", "findings", "task", "mapping")}
    return parts, [each for each in others if isinstance(each, Diagnostic)]


@given(
    lines=st.lists(LINES, max_size=12),
    settings=SETTINGS,
    fractions=st.sampled_from([None, Fractions(0.5, 0.25, 0.25)]),
    end=st.sampled_from(["", "\n"]),
)
def test_rows_that_are_not_kept_give_the_same_findings(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], settings: Settings, fractions: Any, end: str
) -> None:
    folder = tmp_path_factory.mktemp("one")
    path = folder / "a.jsonl"
    path.write_bytes(("\n".join([FIRST, *lines]) + end).encode())
    options = {"settings": settings, "fractions": fractions, "resplit": True}
    quick, quick_found = found(path, None, **options)
    whole, whole_found = found(path, folder / "out", **options)
    assert quick_found == whole_found
    assert quick == whole


@given(lines=st.lists(LINES, min_size=1, max_size=8))
def test_lines_are_read_alike_whatever_stands_beside_them(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("one")
    records: list[Any] = []
    codes: list[str] = []
    for line in lines:
        alone = read_bytes(folder, "one.jsonl", f"{line}\n".encode(), format="jsonl")
        records += alone.records
        codes += [reject.diagnostics[0].code for reject in alone.rejects]
    together = read_bytes(folder, "all.jsonl", "".join(f"{line}\n" for line in lines).encode(), format="jsonl")
    assert together.records == records
    assert [reject.diagnostics[0].code for reject in together.rejects] == codes


ROOT = Path(__file__).parents[2]
MEASURE = """
import sys
from tests.peak import peak
from pathlib import Path
from tests.benchmarks.validate import RUNS, validated
for settings, _ in RUNS.values():
    validated(Path(sys.argv[1]), settings)
print(peak() // 1024)
"""


@pytest.mark.slow
def test_half_a_million_records(tmp_path: Path) -> None:
    peaks = []
    for rows in (50_000, 500_000):
        path = tmp_path / f"{rows}.jsonl"
        write_records(path, rows)
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.5 * peaks[0], peaks
    fitting = bare(path)
    assert fitting == 500_000
    for settings, _ in RUNS.values():
        ledger = validated(path, settings)
        assert (ledger["read"], ledger["written"], ledger["rejected"]) == (fitting, fitting, 0)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"text": 1, "label": "good"}) + "\n{\n")
    for settings, _ in RUNS.values():
        assert validated(path, settings)["codes"] == {"SFT104": 1, "SFT001": 1}
