"""Notes on a terminal are cut between words; in a pipe each is one line."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sftformat.report.screen import Screen

WORDS = "train.jsonl: jsonl; layout text-label (classification), confidence 89%: explains 2 of 2 columns"


@pytest.mark.parametrize("terminal", [True, False])
def test_notes(terminal: bool) -> None:
    err = Console(file=io.StringIO(), force_terminal=terminal, color_system=None, width=40)
    where = Screen(err, err)
    where.note(WORDS)
    where.warn(WORDS)
    assert isinstance(err.file, io.StringIO)
    lines = err.file.getvalue().splitlines()
    if terminal:
        assert all(len(line.rstrip()) <= 40 for line in lines)
        assert " ".join(line.strip() for line in lines) == f"{WORDS} warning: {WORDS}"
    else:
        assert lines == [WORDS, f"warning: {WORDS}"]
