"""What keeps the start and the end of a command short, and those of a worker process, and the memory of both small."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

#: What glibc calls the number of its heaps, the free bytes at the end of one that are given back, and the size from
#: which a piece is fetched by itself and given back at once (malloc.h).
_ARENA_MAX, _TRIM_THRESHOLD, _MMAP_THRESHOLD = -8, -1, -3
#: Their values: what a process works on at once is smaller, and would else be fetched anew for every batch.
_FREE_BYTES, _APART_BYTES = 16 << 20, 32 << 20

#: So many objects are there before garbage is looked for the first time; modules alone make some 60,000.
_AT_START = 100_000


class _NoPandas:
    """An importer that knows no pandas, instead of the next one, which may."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def leave_pandas_out() -> None:
    """Let pyarrow take pandas for missing in this process: it would import it with the first list it is given.

    Whoever else imports pandas has it.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([""])
    finally:
        sys.meta_path.remove(_NoPandas)


def spare_memory() -> None:
    """Let all threads of this process take memory from one heap, and Arrow too; to be called before pyarrow is there.

    With a heap for each, as is usual, what one part has freed no other can have, and none gives back what it has freed
    as long as anything stands behind it. Of what is free at the end of the heap a little is kept, for the next batch.
    Where the C library cannot be told so, only Arrow is.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is not None:
        tell(_ARENA_MAX, 1)
        tell(_TRIM_THRESHOLD, _FREE_BYTES)
        tell(_MMAP_THRESHOLD, _APART_BYTES)


def look_for_garbage_later() -> None:
    """Let the first look for garbage wait until modules are there; from then on it is as often as ever.

    What modules bring stays, and to look at it again and again is a tenth of the time that a small command takes.
    """
    usual = gc.get_threshold()

    def as_ever(phase: str, _: Mapping[str, int]) -> None:
        if phase == "stop":
            gc.callbacks.remove(as_ever)
            gc.set_threshold(*usual)

    gc.callbacks.append(as_ever)
    gc.set_threshold(_AT_START, *usual[1:])


def leave(status: int) -> NoReturn:
    """End this process as `sys.exit` does, but leave it to the system to clear its memory away.

    Threads come to an end, what is registered for the end is called and both streams are written out; only then would
    Python take all modules apart, one object at a time.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # told already where it could be
            stream.flush()
    os._exit(status)
