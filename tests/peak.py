"""The most memory that this process has held, in KiB: of this program alone, not of the one that started it."""

from __future__ import annotations

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak() -> int:
    """Return the peak of the resident set in KiB; what `getrusage` says on Linux counts the parent process too."""
    if _STATUS.exists():
        lines = _STATUS.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
