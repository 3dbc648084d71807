"""Names for ids (`--labels` with `0=neg`): read as names, written as the ids they were; a name stays a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Call

USER = {"role": "user", "content": "Hi"}
FILES: list[tuple[str, str, list[Any]]] = [
    ("a.csv", "text,label\na,0\nb,neg\nc,1\n", ["neg", "neg", "pos"]),
    (
        "a.csv",
        "text,labels\na,0|1\nb,neg|1\nc,1|0\nd,0\n",
        [["neg", "pos"], ["neg", "pos"], ["pos", "neg"], ["neg"]],
    ),
    ("a.jsonl", '{"text":"a","label":[0,1]}\n{"text":"b","label":[]}\n', [["neg", "pos"], []]),
    ("a.jsonl", '{"text":"a","label":["0","pos"]}\n{"text":"b","label":["neg"]}\n', [["neg", "pos"], ["neg"]]),
    ("a.jsonl", "".join(json.dumps({"messages": [USER], "label": n}) + "\n" for n in (0, 1)), ["neg", "pos"]),
]


@pytest.mark.parametrize(("name", "text", "targets"), FILES)
def test_names_are_read_and_what_stood_there_is_written(
    call_here: Call, tmp_path: Path, name: str, text: str, targets: list[Any]
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "labels.txt").write_text("0=neg\n1=pos\n")
    done = call_here("convert", name, "-o", "out", "--labels", "labels.txt", "--ignore", "SFT4")
    assert done.code == 0, done.out + done.err
    call_here("convert", "out", "-o", "b.jsonl", "--to", "canonical")
    assert [json.loads(line)["target"] for line in (tmp_path / "b.jsonl").read_text().splitlines()] == targets
    call_here("convert", "out", "-o", f"back-{name}")
    assert (tmp_path / f"back-{name}").read_text() == text.replace(": ", ":").replace(", ", ",")
