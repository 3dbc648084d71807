"""How far a stage of the data half is, how fast it goes, and how long the rest takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sftformat.plan import Progress
from sftformat.report.screen import Advance, Screen, bar, count


@contextmanager
def bars(where: Screen) -> Iterator[Callable[[Progress], None]]:
    """Give a function that draws each stage as `bar` does, with its rate; a stage begins when its name first comes.

    Nothing is drawn before: a bar on a terminal has a thread of its own, beside which processes start slowly.
    """
    with ExitStack() as drawn:
        stage, since = "", time.monotonic()
        advance: Advance | None = None

        def draw(event: Progress) -> None:
            nonlocal stage, since, advance
            if advance is None or event.stage != stage:
                drawn.close()
                stage, since = event.stage, time.monotonic()
                advance = drawn.enter_context(bar(where, stage))
            advance(event.done, event.total, pace(event, time.monotonic() - since))

        yield draw


def pace(event: Progress, seconds: float) -> str:
    """Say how much was done and how much that is a second: rows, or of the stage "hash" MiB."""
    said, done = (count(event.rows, "row"), event.rows) if event.stage != "hash" else ("MiB", event.done)
    return f"{said} · {done / seconds:,.0f} a second" if seconds > 1 and done else said
