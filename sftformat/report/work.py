"""Follow a stage of the data half while it works: draw its events, hand on its findings, return how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sftformat.dataset.options import Detected, Event, Finished
from sftformat.diagnostics import Diagnostic
from sftformat.plan import Progress
from sftformat.repairs.repair import Repaired
from sftformat.report.data import show_detected
from sftformat.report.pace import bars
from sftformat.report.screen import Screen


def follow(
    where: Screen,
    events: Iterable[Event],
    take: Callable[[Diagnostic], None],
    look: Callable[[Detected], None] | None = None,
    mended: Callable[[Repaired], None] = lambda _: None,
) -> Finished:
    """Consume the events of `diagnose`, `convert` or `export`.

    Findings go to `take`, repairs to `mended`; `look` is told how each input is read.
    """
    finished: Finished | None = None
    with bars(where) as advance:
        for event in events:
            if isinstance(event, Diagnostic):
                take(event)
            elif isinstance(event, Repaired):
                mended(event)
            elif isinstance(event, Detected):
                if look is not None:
                    look(event)
                show_detected(where, event)
            elif isinstance(event, Progress):
                if event.total:
                    advance(event)
                else:
                    where.note(event.stage)
            else:
                finished = event
    assert finished is not None
    return finished
