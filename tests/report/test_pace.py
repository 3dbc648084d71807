"""Progress: every stage has a line of its own, with how fast it goes and how long the rest takes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from sftformat import plan
from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions
from sftformat.events import Event, Finished, Started, StepDone, Trial
from sftformat.plan import Progress
from sftformat.report import screen
from sftformat.report.model import follow
from sftformat.report.pace import bars, pace
from sftformat.report.screen import Screen


def test_the_rate_is_said_when_there_is_one() -> None:
    assert pace(Progress("read", 1, 9, 1), 0.1) == "1 row"
    assert pace(Progress("read", 1, 9, 4000), 2.0) == "4,000 rows · 2,000 a second"
    assert pace(Progress("hash", 600, 9000, 0), 3.0) == "MiB · 200 a second"


def test_each_stage_has_lines_with_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(screen, "LINE_SECONDS", 0.0)
    where = Screen(Console(file=io.StringIO()), Console(file=io.StringIO(), width=200))
    with bars(where) as draw:
        draw(Progress("hash", 32, 320, 0))
        draw(Progress("read", 0, 4, 0))
        draw(Progress("read", 4, 4, 100))
    lines = where.err.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split(" · ")[0] for line in lines] == ["hash: 32 of 320", "read: 0 of 4", "read: 4 of 4"]
    assert lines[0].endswith(" left")
    assert not lines[2].endswith(" left")
    assert " a second" in lines[2]


def test_each_trial_has_a_pace_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial is a new run of the loop, and one that goes on has done nothing of what was done before."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    where = Screen(Console(file=io.StringIO()), Console(file=io.StringIO(), width=200))

    def events() -> Iterator[Event]:
        nonlocal now
        for number, before in ((1, 0), (2, 80)):
            now += 500.0  # the weights are loaded
            yield Started(1e-3, 800, 0, 1, 100, before, 9, "cpu", number, 2)
            now += 20.0
            yield StepDone(before + 10, 100, 1, 0.5, 1e-3, 1.0, 8.0)
        trial = Trial(1e-3, 0, 1, 100, 1, "accuracy")
        yield Finished(Path(), trial, (trial,))

    follow(where, events())
    lines = [line for line in where.err.file.getvalue().splitlines() if "left" in line]  # type: ignore[attr-defined]
    assert [line.split(" · ")[-1] for line in lines] == ["3:00 left", "0:20 left"]


def test_the_look_at_large_inputs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_TOLD_BYTES", 2 << 20)
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_text('{"text": "some film", "label": "good"}\n' * 100_000)
    told = [event for event in diagnose([str(tmp_path)], DatasetOptions(limit=1)) if isinstance(event, Progress)]
    hashed = [event.done for event in told if event.stage == "hash"]
    assert hashed == sorted(hashed)
    assert len(hashed) >= 3
    assert {event.total for event in told if event.stage == "hash"} == {200_000 * 39 >> 20}
