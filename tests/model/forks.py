"""The command line in processes of its own that start quickly: forked from one that has torch loaded already."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
from transformers import BertForSequenceClassification  # noqa: F401 - loaded before the fork

import sftformat.grid
import sftformat.report.model  # noqa: F401 - loaded before the fork
from sftformat import cli

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


def start(arguments: Sequence[object], log: Path, rank: int = 0, world: int = 1, port: int = 0) -> BaseProcess:
    """Start `sftformat` with arguments, as one of `world` processes; what it prints goes to `log`."""
    running = _CONTEXT.Process(target=_run, args=([str(each) for each in arguments], log, rank, world, port))
    running.start()
    return running


def _run(arguments: list[str], log: Path, rank: int, world: int, port: int) -> None:
    own = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in own.items()})
    torch.set_num_threads(1)
    sys.stdout = sys.stderr = open(log, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.argv = ["sftformat", *arguments]
    code = cli._exit_code()
    sys.stdout.flush()
    os._exit(code)


def together(number: int, arguments: Sequence[object], log: Path) -> list[BaseProcess]:
    """Start `number` processes that train one model, as torchrun does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    return [start(arguments, log.with_suffix(f".{rank}"), rank, number, port) for rank in range(number)]


def finish(*running: BaseProcess) -> list[int | None]:
    """Wait for processes and return how each ended."""
    for each in running:
        each.join(300)
    return [each.exitcode for each in running]


def kill(*running: BaseProcess) -> None:
    """End processes with SIGKILL, at once."""
    for each in running:
        each.kill()
    finish(*running)
