"""Guards of the loop: no number that is none is trained on, chosen by or kept."""

from __future__ import annotations

import math

import torch

from sftformat import checkpoint
from sftformat.errors import TrainingError
from sftformat.prepare import Setup


def check_finite(setup: Setup, value: float, what: str, step: int, rate: float, place: str) -> None:
    """Stop before the weights are updated with, or chosen by, a number that is none.

    Raises:
        TrainingError: naming the step and the likely cause.
    """
    if not math.isfinite(value):
        raise TrainingError(
            f"step {step + 1}: the {what} is {value} (learning rate {rate:.3g}, rows from {place} on): the "
            f"weights were not changed by it; {checkpoint.standing(setup.folder)}; try a lower learning rate"
        )


def check_weights(setup: Setup, epoch: int) -> None:
    """Never keep weights that are no numbers: the last step can break them after its loss and gradient were sound.

    Raises:
        TrainingError: naming the first tensor that is not finite.
    """
    for name, parameter in setup.model.named_parameters():
        if not torch.isfinite(parameter).all():
            where = f"step {epoch * setup.steps_per_epoch}: {name} is not finite"
            rate, stands = setup.options.learning_rate, checkpoint.standing(setup.folder)
            raise TrainingError(f"{where} (learning rate {rate:.3g}): {stands}; try a lower learning rate")
