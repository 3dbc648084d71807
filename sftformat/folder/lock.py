"""The lock of a folder: one process at a time is at work in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sftformat.errors import FolderError

#: The file in a locked folder that says which process holds the lock.
LOCK_HOLDER = ".lock-holder"
#: The descriptors of the folders that this process has locked.
_held: set[int] = set()


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the lock of a folder; copies of this process that are made meanwhile do not hold it.

    Raises:
        FolderError: another process holds it.
    """
    descriptor = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    holder = out / LOCK_HOLDER
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = holder.read_text() if holder.is_file() and not holder.is_symlink() else "?"
            raise FolderError(f"{out}: locked by pid {pid}: another run is at work in it") from None
        _held.add(descriptor)
        holder.unlink(missing_ok=True)
        with open(holder, "x") as file:
            file.write(str(os.getpid()))
        try:
            yield
        finally:
            holder.unlink(missing_ok=True)
    finally:
        _held.discard(descriptor)
        os.close(descriptor)


def _let_go() -> None:
    """In a copy of this process: leave its locks to it, so that they are open when it is done or killed."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)
