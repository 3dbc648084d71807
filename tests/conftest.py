"""What all tests share: a fixed terminal, and a way to call the command line as users do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sftformat import cli

#: The cards that were there to see. Tests compare bits with those of processors: `test_cuda.py` alone uses cards.
CARDS = os.environ.setdefault("SFTFORMAT_CARDS", os.environ.get("CUDA_VISIBLE_DEVICES", "0"))
os.environ["CUDA_VISIBLE_DEVICES"] = ""

settings.register_profile(
    "quick",
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("quick")


@dataclass(frozen=True)
class Done:
    """How a call of the command line ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Done]


def call_command(arguments: Sequence[str], cwd: Path, stdin: bytes = b"", **environment: str) -> Done:
    """Run `sftformat` in a process of its own and return what came of it; a traceback fails the test."""
    clean = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-m", "sftformat", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=clean,
        check=False,
    )
    out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    assert "Traceback" not in err, err
    assert "this is a bug" not in err, err
    return Done(done.returncode, out, err)


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Call the command line in a fresh folder: `call("validate", "a.jsonl").code`."""

    def run(*arguments: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str) -> Done:
        return call_command(arguments, cwd or tmp_path, stdin, **environment)

    return run


@pytest.fixture
def call_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """As `call`, in this process, which saves the start of one: for what is said, not for how a process ends."""

    def run(*arguments: str, cwd: Path | None = None, **environment: str) -> Done:
        with monkeypatch.context() as patch:
            patch.chdir(cwd or tmp_path)
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["sftformat", *map(str, arguments)])
            capsys.readouterr()
            code = cli._exit_code()
        caught = capsys.readouterr()
        assert "Traceback" not in caught.err, caught.err
        assert "this is a bug" not in caught.err, caught.err
        return Done(code, caught.out, caught.err)

    return run


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest tests begin first, or one of two processes would end with them alone."""
    items.sort(key=lambda item: item.path.name != "test_snippets.py")
