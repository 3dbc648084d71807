"""What keeps the start of a command short, and that of a worker process, and the memory of both small."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

#: What glibc calls the number of its heaps (malloc.h).
_ARENA_MAX = -8


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
    as long as anything stands behind it. Where the C library cannot be told so, only Arrow is.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is not None:
        tell(_ARENA_MAX, 1)
