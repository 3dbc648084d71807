"""The plan of a data set, the layouts of its inputs, and the processes that will work on it, all begun at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from sftformat.check import ready
from sftformat.dataset.bindings import bind_inputs
from sftformat.dataset.findings import error_findings
from sftformat.dataset.options import DatasetOptions, Detected, Event
from sftformat.dataset.sample import sampled
from sftformat.dataset.unit import attempt
from sftformat.errors import SftformatError
from sftformat.plan import FEW_BYTES, SMALL_INPUT_BYTES, Plan, Sniffed, planning
from sftformat.workers import at_once, short_turns, wake


class Beside:
    """What a thread does while this one reads the inputs from end to end: it detects the layouts.

    To read and to hash lets another thread run.
    """

    def __init__(self, options: DatasetOptions) -> None:
        self._options = options
        self._sniffed: SimpleQueue[Sniffed | None] = SimpleQueue()
        self._of: Plan | None = None
        self._detected: list[Detected] | None = None
        self._thread = Thread(target=self._work, daemon=True)  # nobody waits for it where all is done already
        self._thread.start()

    def detect(self, sniffed: Sniffed | None) -> None:
        """Let it detect the layouts of inputs, or nothing; only the first call counts."""
        self._sniffed.put(sniffed)

    def detected(self, found: Plan) -> list[Detected] | None:
        """Return how each input of a plan is read; None where that is to be asked again, or why it cannot be said."""
        self._thread.join()
        same = self._of is not None and (self._of.inputs, self._of.sources) == (found.inputs, found.sources)
        return self._detected if same else None

    def _work(self) -> None:
        sniffed = self._sniffed.get()
        if sniffed is None:
            return
        self._of = Plan(sniffed.inputs, sniffed.sources, (), (), ())
        with suppress(Exception):  # whoever asks for the layouts comes to the same again, and tells it in its turn
            _, samples = sampled(self._of, self._options)
            self._detected = bind_inputs(self._of, self._options, samples)


def planned(
    specs: Sequence[str],
    options: DatasetOptions,
    spool: Path,
    failed: list[SftformatError] | None = None,
    hashed: bool = True,
) -> Generator[Event, None, tuple[Plan, Beside | None]]:
    """Plan, and let other processes start and a thread detect the layouts where there is enough to do meanwhile.

    Raises:
        as `planning`.
    """
    steps = planning(specs, options.read, spool, failed, hashed)
    begun = next(steps)
    assert not isinstance(begun, Sniffed)
    if not several(begun.total << 20, options):
        yield begun
        return (yield from _without_sniffed(steps, None)), None
    wake(attempt, _get_ready)
    beside = Beside(options)
    with short_turns():
        try:
            yield begun
            return (yield from _without_sniffed(steps, beside)), beside
        finally:
            beside.detect(None)


def detecting(
    found: Plan, options: DatasetOptions, beside: Beside | None, failed: list[SftformatError] | None
) -> Generator[Event, None, tuple[Plan, list[Detected]]]:
    """Detect the layouts of the inputs of a plan, unless that was done `beside`; return the plan without what `failed`.

    Raises:
        as `sampled` and `bind_inputs`.
    """
    known = beside.detected(found) if beside is not None else None
    if known is not None:
        return found, known
    before = len(failed or ())
    found, samples = sampled(found, options, failed)
    yield from error_findings((failed or [])[before:])
    return found, bind_inputs(found, options, samples)


def _without_sniffed(
    steps: Generator[Event | Sniffed, None, Plan], beside: Beside | None
) -> Generator[Event, None, Plan]:
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            found: Plan = end.value
            return found
        if not isinstance(event, Sniffed):
            yield event
        elif beside is not None:
            beside.detect(event)


def _get_ready() -> None:
    """Do now what the first unit would wait for."""
    import_module("sftformat.formats.jsonl")
    ready()


def several(size: int, options: DatasetOptions) -> bool:
    """Whether inputs of so many bytes are worth more than one process."""
    if options.limit is not None or options.workers <= 1:
        return False
    return size >= (min(FEW_BYTES, SMALL_INPUT_BYTES) if at_once() else SMALL_INPUT_BYTES)
