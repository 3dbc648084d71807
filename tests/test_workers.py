"""Worker processes: the order, the errors and the processes themselves."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from sftformat import workers
from sftformat.errors import InputError
from sftformat.workers import kept, run


def square(number: int) -> int:
    time.sleep(0.001 * (number % 3))
    return number * number


def process(number: int) -> int:
    time.sleep(0.02 + number / 10_000)
    return os.getpid()


def fail(wrong: tuple[int, ...], number: int) -> int:
    if number in wrong:
        raise ValueError(number)
    return number


def killed(parent: int, number: int) -> int:
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return number


@pytest.fixture(autouse=True, params=["fork", "spawn"])
def _started(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes start as copies of this one, and from nothing."""
    if request.param == "fork" and sys.platform != "linux":
        pytest.skip("a copy of a process is only safe on Linux")
    monkeypatch.setattr(workers, "_way", lambda: request.param)


def test_beside_a_thread_no_copy_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    done = Event()
    thread = Thread(target=done.wait)
    thread.start()
    assert workers._way() == "spawn"
    done.set()
    thread.join()


def test_results_come_in_order_and_the_processes_stay_for_the_next_call() -> None:
    with kept(2):
        assert list(run(range(40), square, 2)) == [number * number for number in range(40)]
        first, second = (set(run(range(40), process, 2)) - {os.getpid()} for _ in range(2))
        assert first == second
        assert len(first) == 1
        with pytest.raises(ValueError, match="5"):
            list(run(range(9), partial(fail, (5, 7)), 2))
        assert list(run(range(3), square, 2)) == [0, 1, 4]


def ready() -> None:
    Path(os.environ["READY"], str(os.getpid())).touch()


def test_processes_get_ready_while_this_one_has_other_things_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READY", str(tmp_path))
    assert workers.at_once() == (workers._way() == "fork")
    with kept(2):
        workers.wake(process, ready)
        assert workers.at_once()
        made = {*run(range(20), process, 2)}
    assert {path.name for path in tmp_path.iterdir()} == {str(each) for each in made - {os.getpid()}}


def test_collections_are_as_often_as_before() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with kept(2):
        assert list(run(range(4), square, 2)) == [0, 1, 4, 9]
        assert gc.get_threshold() > before[0]
    assert list(run(range(4), square, 2)) == [0, 1, 4, 9]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_the_first_item_that_fails_is_told_and_those_before_it_are_given() -> None:
    found: list[int] = []
    with pytest.raises(ValueError, match="11"):
        found.extend(run(range(40), partial(fail, (11, 12, 30)), 3))
    assert found == list(range(11))


def test_a_worker_that_is_killed_ends_the_run() -> None:
    with pytest.raises(InputError, match="out of memory, most likely"):
        list(run(range(99), partial(killed, os.getpid()), 2))
