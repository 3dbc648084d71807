"""What starts often starts light; `test_architecture.py` holds what the command line imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


#: Leaves with a thread at work, a call registered for the end, and something on both streams that is not written yet.
LEAVING = """
import atexit, os, sys, threading, time
from sftformat.startup import leave
class Late:
    def __del__(self):
        os.write(1, b"taken apart ")
late = Late()
late.itself = late
threading.Thread(target=lambda: (time.sleep(0.2), print("thread", end=" "))).start()
atexit.register(print, "end", end=" ")
print("out", end=" ")
sys.stderr.write("err")
leave(3)
"""


def test_leaving_waits_and_writes_but_takes_nothing_apart() -> None:
    done = subprocess.run([sys.executable, "-c", LEAVING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out thread end ", "err")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_leaving_keeps_its_status_where_nothing_can_be_written() -> None:
    code = "import sys; sys.stdout = open(1, 'w'); from sftformat.startup import leave; print('x'); leave(1)"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


#: How often garbage is looked for while few objects come, and then while many do; and the thresholds at the end.
GARBAGE = """
import gc
from sftformat.startup import look_for_garbage_later
usual = gc.get_threshold()
look_for_garbage_later()
before = [each["collections"] for each in gc.get_stats()]
held = [[] for _ in range(20_000)]
few = [each["collections"] for each in gc.get_stats()] == before
held += [[] for _ in range(100_000)]
print(few, gc.get_threshold() == usual, gc.callbacks)
"""


def test_garbage_is_looked_for_as_ever_once_much_is_there() -> None:
    done = subprocess.run([sys.executable, "-c", GARBAGE], capture_output=True, text=True, check=True)
    assert done.stdout == "True True []\n"
