"""Several processes that train one model: which one this is, its share of a batch, and what all of them agree on.

`torchrun` starts them; one that was started otherwise is alone, and nothing here does anything then. Every process has
the same weights and takes its share of each batch; the gradients are added up, so that a step is the step that one
process alone would take. The first process alone writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from sftformat.errors import UsageError

#: How long the others wait for the first one, which writes: longer than any disk takes.
_PATIENCE = timedelta(days=1)


def join(environment: Mapping[str, str]) -> None:
    """Meet the other processes that `torchrun` started, if the environment says that it did.

    Raises:
        UsageError: there are more of them on this machine than it has devices.
    """
    if int(environment.get("WORLD_SIZE", "1")) < 2 or dist.is_initialized():
        return
    if torch.cuda.is_available():
        own, there = int(environment["LOCAL_RANK"]), torch.cuda.device_count()
        if own >= there:
            raise UsageError(f"process {own} of this machine has no device: there are {there}")
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=_PATIENCE)


def leave() -> None:
    """Part from the other processes."""
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    """Return the number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def processes() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def share(rows: NDArray[np.int64], pieces: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the pieces of a batch that are this process's, each with its number among those of all processes.

    A batch is cut into `pieces` for every process, of sizes that differ by one row at most; empty ones are left out.
    """
    every = np.array_split(rows, pieces * processes())
    yield from ((number, piece) for number, piece in enumerate(every) if number % processes() == rank() and len(piece))


def add_up(parameters: Iterable[torch.nn.Parameter], *numbers: float) -> list[float]:
    """Add the gradients of all processes up in place, and return numbers added up in the same way."""
    if processes() == 1:
        return list(numbers)
    parameters = list(parameters)
    for parameter in parameters:
        if parameter.grad is None:  # this process had no row
            parameter.grad = torch.zeros_like(parameter)
    flat = torch.cat([_grad(parameter).reshape(-1) for parameter in parameters])
    dist.all_reduce(flat)
    for parameter, summed in zip(parameters, torch.split(flat, [each.numel() for each in parameters]), strict=True):
        _grad(parameter).copy_(summed.view_as(parameter))
    sums = torch.tensor(numbers, dtype=torch.float64, device=flat.device)
    dist.all_reduce(sums)
    return [float(value) for value in sums.tolist()]


def _grad(parameter: torch.nn.Parameter) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def agree(value: Any) -> Any:
    """Return what the first process passed, in all of them."""
    if processes() == 1:
        return value
    held = [value]
    dist.broadcast_object_list(held, src=0)
    return held[0]


def together(part: Any) -> list[Any]:
    """Return what each of the processes passed, in their order, in all of them."""
    if processes() == 1:
        return [part]
    parts: list[Any] = [None] * processes()
    dist.all_gather_object(parts, part)
    return parts
