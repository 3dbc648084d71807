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


#: The pools of Arrow and the heaps of a process that has had eight threads at work.
SPARING = """
import sys
from threading import Barrier, Thread
from sftformat.startup import spare_memory
if sys.argv[1] == "spare":
    spare_memory()
import pyarrow as pa
together = Barrier(8)
def work():
    held = [bytes(60_000) for _ in range(50)]
    together.wait()
threads = [Thread(target=work) for _ in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
heaps = sum(int(line.split()[0].split("-")[0], 16) % (1 << 26) == 0 for line in open("/proc/self/maps"))
print(pa.default_memory_pool().backend_name, heaps)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_memory_is_taken_from_one_place() -> None:
    def said(how: str) -> tuple[str, int]:
        done = subprocess.run([sys.executable, "-c", SPARING, how], capture_output=True, text=True, check=True)
        pool, heaps = done.stdout.split()
        return pool, int(heaps)

    pool, heaps = said("spare")
    assert pool == "system"
    assert heaps < said("not")[1]
