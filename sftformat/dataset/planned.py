"""The plan of a data set, and the processes that will work on it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from sftformat.check import ready
from sftformat.dataset.options import DatasetOptions, Event
from sftformat.dataset.unit import attempt
from sftformat.errors import SftformatError
from sftformat.plan import FEW_BYTES, SMALL_INPUT_BYTES, Plan, planning
from sftformat.workers import at_once, wake


def planned(
    specs: Sequence[str], options: DatasetOptions, spool: Path, failed: list[SftformatError] | None = None
) -> Generator[Event, None, Plan]:
    """Plan, and let other processes start meanwhile where there is enough for them to do.

    Raises:
        as `planning`.
    """
    steps = planning(specs, options.read, spool, failed)
    begun = next(steps)
    if several(begun.total << 20, options):
        wake(attempt, ready)
    yield begun
    return (yield from steps)


def several(size: int, options: DatasetOptions) -> bool:
    """Whether inputs of so many bytes are worth more than one process."""
    if options.limit is not None or options.workers <= 1:
        return False
    return size >= (min(FEW_BYTES, SMALL_INPUT_BYTES) if at_once() else SMALL_INPUT_BYTES)
