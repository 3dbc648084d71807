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


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
