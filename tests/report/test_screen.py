"""Notes on a terminal are cut between words; in a pipe each is one line."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sftformat.report.screen import Screen, bar

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


@pytest.mark.parametrize("streams", [True, False])
def test_no_bar_is_drawn_into_results_on_the_same_terminal(streams: bool) -> None:
    out, err = (Console(file=io.StringIO(), force_terminal=True, width=80) for _ in range(2))
    with bar(Screen(out, err, streams=streams), "read") as advance:
        advance(1, 2, "1 row")
        out.print("a result")
    assert isinstance(err.file, io.StringIO)
    assert ("read" in err.file.getvalue()) != streams
