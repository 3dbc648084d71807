"""Worker processes: one function over many items, with results in the order of the items.

The process that asks works too, so `workers` counts it: while the others start, it is at work already. Each takes the
next item when it is done with one, so they come to an end together.

Where this process does nothing else, the others are copies of it, which begin at once. A copy made while a thread is at
work could inherit a lock that nobody opens again, so beside threads they start from nothing, which takes half a second.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock, Thread, active_count
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sftformat.errors import InputError
from sftformat.startup import leave_pandas_out, spare_memory

if TYPE_CHECKING:  # a small run starts no process
    from concurrent.futures import Future
    from concurrent.futures.process import ProcessPoolExecutor

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(slots=True)
class _Kept:
    """Processes that stay for several calls of `run`: how many, and once they were needed themselves."""

    others: int
    pool: ProcessPoolExecutor | None = None

    def opened(self) -> ProcessPoolExecutor:
        if self.pool is None:
            self.pool = _pool(self.others)
        return self.pool


#: So many new objects are waited for before those that hold each other are looked for: of work there are few.
_SELDOM = 50_000
#: Seconds after which a thread that works lets another one go on, where both have something to do.
_TURN = 0.0001
#: The processes of `kept`; no more than one entry.
_kept: list[_Kept] = []


@contextmanager
def kept(workers: int) -> Iterator[None]:
    """Keep the processes that `wake` or `run` start inside the block for its next calls."""
    if workers <= 1 or _kept:
        yield
        return
    own, often = _Kept(workers - 1), gc.get_threshold()
    _kept.append(own)
    gc.set_threshold(_SELDOM, *often[1:])
    try:
        yield
    finally:
        _kept.clear()
        gc.set_threshold(*often)
        if own.pool is not None:
            own.pool.shutdown(wait=True, cancel_futures=True)
            gc.unfreeze()


@contextmanager
def short_turns() -> Iterator[None]:
    """Let threads of this process take turns often: one that mostly waits for the machine else waits for each turn."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _TURN))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def wake(work: Callable[[Any], Any], ready: Callable[[], None] | None = None) -> None:
    """Let the processes that are kept get ready to run `work`, while this one has other things to do first.

    `ready` is what they can do for it already.
    """
    for each in _kept:
        for _ in range(each.others):
            each.opened().submit(_ready, pickle.dumps(work), ready)


def at_once() -> bool:
    """Whether another process begins at once: it is there already, or it would be a copy of this one."""
    return any(each.pool is not None for each in _kept) or _way() == "fork"


def run(items: Sequence[Item], work: Callable[[Item], Made], workers: int) -> Iterator[Made]:
    """Run `work` on every item and yield what it makes, in the order of the items, whatever the number of workers.

    Raises:
        InputError: a worker process was killed (out of memory, most likely).
        what `work` raises, for the first item for which it does.
    """
    if workers <= 1 or len(items) <= 1:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    others = min(workers, len(items)) - 1
    pool = _kept[0].opened() if _kept else _pool(others)
    todo = _Todo(items, work)
    with ThreadPoolExecutor(others) as asking:
        try:
            for _ in range(others):
                asking.submit(todo.by_others, pool)
            yield from todo.by_itself()
        except BrokenProcessPool:
            raise InputError("a worker process was killed: out of memory, most likely; try --workers 1") from None
        finally:
            todo.stop()
            if not _kept:
                pool.shutdown(wait=False, cancel_futures=True)
                gc.unfreeze()


class _Todo(Generic[Item, Made]):
    """Items that several take from, each the next one; what came of an item is a future of its own."""

    def __init__(self, items: Sequence[Item], work: Callable[[Item], Made]) -> None:
        from concurrent.futures import Future

        self._items, self._work = items, work
        # As it is now: what this process does with it meanwhile is not for the others to see.
        self._packed = pickle.dumps(work)
        self._made: list[Future[Made]] = [Future() for _ in items]
        self._next, self._lock = 0, Lock()

    def by_others(self, pool: ProcessPoolExecutor) -> None:
        """Have items worked on by another process until none is left."""
        while (number := self._take()) is not None:
            self._settle(number, lambda item: pool.submit(_call, self._packed, item).result())

    def by_itself(self) -> Iterator[Made]:
        """Work on items until none is left; yield all results in order as they come."""
        for future in self._made:
            while not future.done() and (number := self._take()) is not None:
                self._settle(number, self._work)
            yield future.result()

    def stop(self) -> None:
        """Give out no more items."""
        with self._lock:
            self._next = len(self._items)

    def _take(self) -> int | None:
        with self._lock:
            number = self._next
            self._next = min(number + 1, len(self._items))
        return number if number < len(self._items) else None

    def _settle(self, number: int, work: Callable[[Item], Made]) -> None:
        try:
            self._made[number].set_result(work(self._items[number]))
        except BaseException as error:  # told when its turn comes
            self._made[number].set_exception(error)
            self.stop()
            if not isinstance(error, Exception):
                raise


def _call(packed: bytes, item: Any) -> Any:
    return _unpacked(packed)(item)


def _ready(packed: bytes, ready: Callable[[], None] | None) -> None:
    _unpacked(packed)
    if ready is not None:
        ready()


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Callable[[Any], Any]:
    """Return what was packed; for the next item it is there already."""
    work: Callable[[Any], Any] = pickle.loads(packed)
    return work


def _pool(others: int) -> ProcessPoolExecutor:
    from concurrent.futures.process import ProcessPoolExecutor
    from multiprocessing import get_context

    gc.freeze()  # no collection then writes into memory that copies share
    pool = ProcessPoolExecutor(others, get_context(_way()), initializer=_follow_parent)
    with warnings.catch_warnings():
        # Newer Pythons warn of any thread, also of those that libraries keep for later and stop for a copy.
        warnings.simplefilter("ignore", DeprecationWarning)
        pool.submit(os.getpid)  # copies are made at the first call, and the pool itself has threads from then on
    return pool


def _way() -> str:
    """Return how processes start: as copies of this one, or from nothing."""
    return "fork" if sys.platform == "linux" and active_count() == 1 else "spawn"


def _follow_parent() -> None:
    """Let a worker process end when the one that started it is killed; it would wait for work forever."""
    gc.set_threshold(_SELDOM, *gc.get_threshold()[1:])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    spare_memory()
    leave_pandas_out()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
