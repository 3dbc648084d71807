"""The plan of a data set, and the processes that will work on it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from importlib import import_module
from pathlib import Path
from threading import Thread

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
    if not several(begun.total << 20, options):
        yield begun
        return (yield from steps)
    wake(attempt, _get_ready)
    beside = Thread(target=_get_ready)  # most of planning is to hash, which lets other threads run
    beside.start()
    try:
        yield begun
        return (yield from steps)
    finally:
        beside.join()


def _get_ready() -> None:
    """Do now what the first unit would wait for."""
    import_module("sftformat.formats.jsonl")
    ready()


def several(size: int, options: DatasetOptions) -> bool:
    """Whether inputs of so many bytes are worth more than one process."""
    if options.limit is not None or options.workers <= 1:
        return False
    return size >= (min(FEW_BYTES, SMALL_INPUT_BYTES) if at_once() else SMALL_INPUT_BYTES)
