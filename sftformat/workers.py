"""Worker processes: one function over many items, with results in the order of the items."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TypeVar

from sftformat.errors import InputError
from sftformat.startup import leave_pandas_out

Item = TypeVar("Item")
Made = TypeVar("Made")


def run(items: Sequence[Item], work: Callable[[Item], Made], workers: int) -> Iterator[Made]:
    """Run `work` on every item and yield what it makes, in the order of the items, whatever the number of workers.

    Raises:
        InputError: a worker process was killed (out of memory, most likely).
    """
    if workers <= 1 or len(items) <= 1:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(min(workers, len(items)), get_context("spawn"), initializer=_follow_parent) as pool:
        try:
            yield from pool.map(work, items)
        except BrokenProcessPool:
            raise InputError("a worker process was killed: out of memory, most likely; try --workers 1") from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _follow_parent() -> None:
    """Let a worker process end when the one that started it is killed; it would wait for work forever."""
    leave_pandas_out()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
