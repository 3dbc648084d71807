"""The plan of a data set, and the processes that will work on it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from sftformat.dataset.options import DatasetOptions, Event
from sftformat.dataset.unit import attempt
from sftformat.errors import SftformatError
from sftformat.plan import SMALL_INPUT_BYTES, Plan, planning
from sftformat.workers import wake


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
        wake(attempt)
    yield begun
    return (yield from steps)


def several(size: int, options: DatasetOptions) -> bool:
    """Whether inputs of so many bytes are worth more than one process."""
    return size >= SMALL_INPUT_BYTES and options.limit is None and options.workers > 1
