"""What starts often starts light; `test_architecture.py` holds what the command line imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: What the pool calls first in each of its processes, and then the first list that becomes an array.
CODE = """
import sys
import pyarrow as pa
from sftformat.workers import _follow_parent
_follow_parent()
pa.array(["a"])
print("pandas" in sys.modules)
import pandas
"""


def test_a_worker_process_imports_no_pandas_and_could() -> None:
    pytest.importorskip("pandas")
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
