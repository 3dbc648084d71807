"""Train: the whole loop on one page. Shards in, weights out, one event for each thing that happened.

    for event in train(shards, "bert-base-uncased", TrainOptions(), folder): ...

The loop is a generator: the caller draws the events, and stops the run by not asking for the next one. It goes on
where it stopped when called again on the same folder. Everything random is drawn from (seed, epoch) for the order of
the rows and from (seed, step) for dropout, so a step does the same whatever came before it in this process.
Shapes: B rows in a batch, T tokens in its longest row, C classes (1 for regression).
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from sftformat import checkpoint, metrics
from sftformat.errors import TrainingError
from sftformat.events import (
    EpochDone,
    Event,
    Finished,
    Started,
    StepDone,
    TrainOptions,
    Trial,
    Warned,
    check_options,
)
from sftformat.folder.manifest import open_folder
from sftformat.loader import epoch_order, gather
from sftformat.models import forward, infer, save_model, takes_token_types
from sftformat.prepare import Setup, first_warnings, prepare, seed_generators
from sftformat.tasks import task_of
from sftformat.tasks.task import Answers, measure, one_class_warning

__all__ = [
    "EpochDone",
    "Event",
    "Finished",
    "Started",
    "StepDone",
    "TrainOptions",
    "Trial",
    "Warned",
    "train",
]

HISTORY = "history.jsonl"


def train(
    shards: Path,
    model_name: str,
    options: TrainOptions,
    folder: Path,
    *,
    manifest: Mapping[str, Any] | None = None,
    force: bool = False,
) -> Iterator[Event]:
    """Fine-tune a model on the train split into `folder`: config.json, model.safetensors, history.jsonl.

    `manifest` is the shards' own, when the caller has verified them already. `force` goes on from a checkpoint that
    other threads or versions made.

    Raises:
        UsageError, ModelError, FolderError: before the first step.
        TrainingError: nothing to train on, or a loss or gradient that is not finite; weights are not updated with it.
    """
    manifest = manifest if manifest is not None else open_folder(shards, "shards")
    check_options(options, task_of(manifest["task"], manifest["labels"]))
    setup = prepare(shards, manifest, model_name, options, folder)
    warnings = first_warnings(setup)
    progress = resume(setup, warnings.append, force)
    yield Started(
        options.learning_rate,
        len(setup.rows),
        len(setup.validation_rows),
        options.epochs,
        setup.steps,
        progress["step"],
        sum(parameter.numel() for parameter in setup.model.parameters()),
        str(setup.device),
    )
    yield from map(Warned, warnings)
    yield from loop(setup, progress)
    kept = progress["best"] or progress["last"]
    if kept["warning"]:
        yield Warned(kept["warning"])
    yield finish(setup, progress, kept)


def loop(setup: Setup, progress: dict[str, Any]) -> Iterator[Event]:
    """Take every step that is left. `progress` is what a checkpoint holds, and is brought up to date on the way."""
    options, model, optimizer, device = setup.options, setup.model, setup.optimizer, setup.device
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    named_types, bf16 = takes_token_types(model), options.precision == "bf16"
    order: list[NDArray[np.int64]] = []
    with open(setup.folder / HISTORY, "ab") as history:
        for step in range(progress["step"], setup.steps):
            began = time.perf_counter()
            epoch, within = divmod(step, setup.steps_per_epoch)
            if within == 0:
                progress["sums"] = [0.0, 0.0]
            if within == 0 or not order:
                order = epoch_order(setup.train.lengths[setup.rows], options.batch_size, options.seed, epoch)
            batch = gather(setup.train, setup.rows[order[within]])  # ids, mask, types (B, T)
            targets = torch.from_numpy(batch.targets).to(device)  # (B,) int64, (B, C) float32 or (B,) float32
            shares = batch.weights * setup.task.asked(batch.targets)  # (B,) of each row in the loss
            weights = torch.from_numpy(shares).to(device)  # (B,)
            rate = options.learning_rate * schedule(step, setup.steps, options.warmup)
            for group in optimizer.param_groups:
                group["lr"] = rate

            seed_generators(options.seed, step + 1)  # dropout
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                logits = forward(model, batch, named_types, device)  # (B, C)
            each = setup.task.loss(logits, targets)  # (B,)
            mean = (each * weights).sum() / weights.sum()
            loss = mean.item()
            check_finite(loss, "loss", step, rate, setup.train.place(int(batch.rows[0])))
            mean.backward()  # type: ignore[no-untyped-call]
            norm = torch.nn.utils.clip_grad_norm_(parameters, options.clip or math.inf).item()
            check_finite(norm, "gradient norm", step, rate, setup.train.place(int(batch.rows[0])))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

            weight = float(shares.sum())
            progress["sums"] = [progress["sums"][0] + loss * weight, progress["sums"][1] + weight]
            progress["step"] = step + 1
            append(history, step=step + 1, epoch=epoch + 1, loss=loss, learning_rate=rate, grad_norm=norm)
            speed = len(batch.rows) / (time.perf_counter() - began)
            yield StepDone(step + 1, setup.steps, epoch + 1, loss, rate, norm, speed)
            if within == setup.steps_per_epoch - 1:
                done = end_epoch(setup, progress, epoch + 1)
                append(history, epoch=done.epoch, loss=done.loss, validation=done.validation)
                yield done
            if (step + 1) % options.checkpoint_every == 0:
                save_progress(setup, progress, history)


def end_epoch(setup: Setup, progress: dict[str, Any], epoch: int) -> EpochDone:
    """Score validation after an epoch, and put the weights aside if they are the best so far."""
    sums, best, options = progress["sums"], progress["best"], setup.options
    last: dict[str, Any] = {"epoch": epoch, "loss": sums[0] / sums[1], "validation": None, "rank": None, "name": None}
    better, last["warning"] = False, None
    check_weights(setup, epoch)
    if setup.validation is not None:
        split, rows = setup.validation, setup.validation_rows
        logits = infer(setup.model, split, rows, options.eval_batch_size)
        answers = Answers(logits, split.targets[rows], split.labels or (), options.threshold)
        scores = measure(setup.task, answers)
        last["validation"], last["rank"] = metrics.plain(scores), list(metrics.rank(setup.metric, scores))
        check_finite(scores["loss"], "validation loss", progress["step"] - 1, options.learning_rate, split.place(0))
        better = options.keep == "best" and (best is None or last["rank"] > best["rank"])
        last["warning"] = one_class_warning(setup.task, answers, "validation", options.learning_rate)
    progress["last"] = last
    if better:
        progress["best"] = last = {**last, "name": f"best-{progress['step']:08d}"}
        checkpoint.save(setup.folder, last["name"], {"model": setup.model.state_dict()}, {"best": None})
        checkpoint.prune(setup.folder, last["name"])
    return EpochDone(epoch, options.epochs, last["loss"], last["validation"], better)


def finish(setup: Setup, progress: Mapping[str, Any], kept: Mapping[str, Any]) -> Finished:
    """Write the weights that are kept and say what the run came to."""
    options = setup.options
    if progress["best"]:
        checkpoint.restore_weights(setup.folder, kept["name"], setup.model)
    save_model(setup.model, setup.folder)
    trial = Trial(
        options.learning_rate,
        options.seed,
        options.epochs,
        setup.steps,
        kept["epoch"],
        setup.metric,
        kept["validation"][setup.metric] if kept["validation"] else None,
        kept["validation"],
        progress["last"]["loss"],
        "best" if progress["best"] else "last",
    )
    return Finished(setup.folder, trial, (trial,))


def resume(setup: Setup, warn: Callable[[str], None], force: bool) -> dict[str, Any]:
    """Put back what the newest valid checkpoint holds and return its progress; without one, begin at step 0."""
    found, written = checkpoint.newest(setup.folder, warn), 0
    progress: dict[str, Any] = {"step": 0, "sums": [0.0, 0.0], "best": None, "last": None}
    history = setup.folder / HISTORY
    history.touch()
    if found is not None and history.stat().st_size < found[1]["history_bytes"]:
        warn(f"{HISTORY} is shorter than when {found[0]} was saved: starting again")
        found = None
    if found is not None:
        name, state = found
        checkpoint.check_identity(state["identity"], setup.identity, name, None if not force else warn)
        checkpoint.restore(setup.folder, name, setup.model, setup.optimizer)
        progress, written = {key: state[key] for key in progress}, state["history_bytes"]
    os.truncate(history, written)
    return progress


def save_progress(setup: Setup, progress: Mapping[str, Any], history: BinaryIO) -> None:
    """Save a checkpoint: the history up to here first, then weights, moments and progress."""
    history.flush()
    os.fsync(history.fileno())
    tensors = {
        "model": setup.model.state_dict(),
        "optimizer": checkpoint.optimizer_tensors(setup.model, setup.optimizer),
    }
    state = {**progress, "identity": setup.identity, "history_bytes": history.tell()}
    checkpoint.save(setup.folder, f"step-{progress['step']:08d}", tensors, state)
    checkpoint.prune(setup.folder, progress["best"]["name"] if progress["best"] else None)


def schedule(step: int, steps: int, warmup: float) -> float:
    """Return the factor on the learning rate at 0-based `step`: up to 1 over the warm-up, then down in a line."""
    rising = math.ceil(warmup * steps)
    return (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)


def check_finite(value: float, what: str, step: int, rate: float, place: str) -> None:
    """Stop before the weights are updated with, or chosen by, a number that is none.

    Raises:
        TrainingError: naming the step and the likely cause.
    """
    if not math.isfinite(value):
        raise TrainingError(
            f"step {step + 1}: the {what} is {value} (learning rate {rate:.3g}, rows from {place} on): the last "
            "checkpoint stands; try a lower learning rate"
        )


def check_weights(setup: Setup, epoch: int) -> None:
    """Never keep weights that are no numbers: the last step can break them after its loss and gradient were sound.

    Raises:
        TrainingError: naming the first tensor that is not finite.
    """
    for name, parameter in setup.model.named_parameters():
        if not torch.isfinite(parameter).all():
            rate = f"{setup.options.learning_rate:.3g}"
            raise TrainingError(f"step {epoch * setup.steps_per_epoch}: {name} is not finite (learning rate {rate})")


def append(history: BinaryIO, **line: Any) -> None:
    """Add one line to the history: no time, so that equal runs give equal bytes."""
    history.write(json.dumps(line).encode() + b"\n")
