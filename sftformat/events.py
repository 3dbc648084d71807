"""What training is asked for and what it tells: the options, and one frozen value for each thing that happens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from sftformat.errors import UsageError
from sftformat.tasks.task import Task


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What a run is made with, besides data and model. `warmup` is a fraction of all steps; `clip` 0 means none."""

    learning_rate: float = 5e-5
    epochs: int = 3
    batch_size: int = 32
    eval_batch_size: int = 64
    optimizer: str = "adamw"  # or adam: no weight decay
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0
    seed: int = 0
    precision: str = "fp32"  # bf16 = autocast; auto = bf16 where the processor has it
    threshold: float = 0.5  # multilabel: from which probability a label applies
    keep: str = "best"  # best on validation, or last
    metric: str | None = None  # what best means; None = that of the task
    beams: int = 1  # texts: how many beams are kept where `metric` is one of what is written
    checkpoint_every: int = 500  # steps
    accumulate: int = 1  # pieces of batch_size rows in a step
    schedule: str = "linear"  # after the warm-up; or cosine, constant
    label_smoothing: float = 0.0
    class_weights: str | None = None  # balanced: rows of rare classes weigh more
    early_stopping: int = 0  # epochs without a better one on validation; 0 = never
    freeze: str | None = None  # embeddings, or the number of layers that are frozen with them


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run of the loop came to. `value` is `metric` on validation at `epoch`, whose weights were kept."""

    learning_rate: float
    seed: int
    epochs: int
    steps: int
    epoch: int  # 1-based
    metric: str
    value: float | None = None
    validation: dict[str, float | None] | None = None
    loss: float | None = None  # of the last epoch on train
    kept: str = "last"
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins (or goes on after `step` steps). `windows` are the rows that long records are, 0 without any."""

    learning_rate: float
    rows: int
    validation_rows: int
    epochs: int
    steps: int
    step: int
    parameters: int
    device: str
    trial: int = 1
    trials: int = 1
    windows: int = 0


@dataclass(frozen=True, slots=True)
class StepDone:
    """One update of the weights. `grad_norm` is the norm before clipping."""

    step: int  # 1-based
    steps: int
    epoch: int  # 1-based
    loss: float
    learning_rate: float
    grad_norm: float
    samples_per_second: float


@dataclass(frozen=True, slots=True)
class EpochDone:
    """One pass over train; `validation` is None without a validation split, a metric None where not defined."""

    epoch: int
    epochs: int
    loss: float
    validation: dict[str, float | None] | None
    best: bool
    stops: bool = False  # early: it was no better for too long


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that a person should look at; the run goes on."""

    message: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over: `trial` was kept; `trials` are all of them in the order they ran."""

    folder: Path
    trial: Trial
    trials: tuple[Trial, ...]


Event = Started | StepDone | EpochDone | Warned | Finished


def check_options(options: TrainOptions, task: Task) -> None:
    """Refuse options that cannot be meant.

    Raises:
        UsageError: naming the option, its value and what it may be.
    """
    rules = (
        ("learning_rate", options.learning_rate > 0, "above 0"),
        ("epochs", options.epochs >= 1, "1 or more"),
        ("batch_size", options.batch_size >= 1, "1 or more"),
        ("eval_batch_size", options.eval_batch_size >= 1, "1 or more"),
        ("optimizer", options.optimizer in ("adamw", "adam"), "adamw or adam"),
        ("weight_decay", options.weight_decay >= 0, "0 or more"),
        ("warmup", 0 <= options.warmup <= 1, "a fraction of the steps, 0 to 1"),
        ("clip", options.clip >= 0, "0 (no clipping) or more"),
        ("seed", 0 <= options.seed < 1 << 63, "0 or more"),
        ("precision", options.precision in ("fp32", "bf16", "auto"), "fp32, bf16 or auto"),
        ("threshold", 0 <= options.threshold <= 1, "0 to 1"),
        ("keep", options.keep in ("best", "last"), "best or last"),
        ("metric", options.metric in (None, *task.metrics), " or ".join(task.metrics)),
        ("accumulate", options.accumulate >= 1, "1 or more"),
        ("schedule", options.schedule in ("linear", "cosine", "constant"), "linear, cosine or constant"),
        ("label_smoothing", 0 <= options.label_smoothing < 1, "0 or more and below 1"),
        ("class_weights", options.class_weights in (None, "balanced"), "balanced"),
        ("early_stopping", options.early_stopping >= 0, "0 (never) or more epochs"),
        ("freeze", _freezable(options.freeze), "embeddings or a number of layers"),
        ("beams", options.beams >= 1, "1 or more"),
        ("checkpoint_every", options.checkpoint_every >= 1, "1 step or more"),
    )
    for name, holds, wanted in rules:
        value = getattr(options, name)
        if not holds or (isinstance(value, float) and not math.isfinite(value)):
            raise UsageError(f"--{name.replace('_', '-')} {value}: should be {wanted}")
    if options.label_smoothing and task.smoothed is None:
        raise UsageError(f"--label-smoothing: {task.name} has no classes of which one is right")
    if options.class_weights and not task.one_class:
        raise UsageError(f"--class-weights: {task.name} has no classes of which one is right")


def _freezable(freeze: str | None) -> bool:
    return freeze in (None, "embeddings") or (freeze is not None and freeze.isdecimal() and int(freeze) > 0)
