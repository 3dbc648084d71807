"""What keeps the start of a command short, and that of a worker process."""

from __future__ import annotations

import sys
from typing import Any


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
