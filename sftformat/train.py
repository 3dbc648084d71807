"""Train: the whole loop on one page. Shards in, weights out, one event for each thing that happened.

    for event in train(shards, "bert-base-uncased", TrainOptions(), folder): ...

The loop is a generator: the caller draws the events, and stops the run by not asking for the next one. It goes on
where it stopped when called again on the same folder. Everything random is drawn from (seed, epoch) for the order of
the rows and from (seed, step, piece) for dropout, so a step does the same whatever came before it in this process.
Shapes: B rows in a batch, P rows in a piece of it, T tokens in its longest row, C classes (1 for regression).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sftformat import checkpoint, metrics, ranks
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
from sftformat.guards import check_finite, check_weights
from sftformat.loader import epoch_order, gather
from sftformat.models import forward, save_model, takes_token_types
from sftformat.prepare import Setup, first_warnings, prepare, seed_generators
from sftformat.progress import HISTORY, append, open_history, resume, save_best, save_progress
from sftformat.targets import answers_of
from sftformat.tasks import task_of
from sftformat.tasks.task import measure, one_class_warning
from sftformat.tasks.texts import WRITTEN
from sftformat.together import infer_together, write_together

__all__ = [
    "HISTORY",
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


def train(
    shards: Path,
    model_name: str,
    options: TrainOptions,
    folder: Path,
    *,
    manifest: Mapping[str, Any] | None = None,
    force: bool = False,
    left_out: NDArray[np.bool_] | None = None,
) -> Iterator[Event]:
    """Fine-tune a model on the train split into `folder`: config.json, model.safetensors, history.jsonl.

    `manifest` is the shards' own, when the caller has verified them already. `force` goes on from a checkpoint that
    other threads or versions made. `left_out` (N,) names rows of train that are not trained on.

    Raises:
        UsageError, ModelError, FolderError: before the first step.
        TrainingError: nothing to train on, or a loss or gradient that is not finite; weights are not updated with it.
    """
    manifest = manifest if manifest is not None else open_folder(shards, "shards")
    check_options(options, task_of(manifest["task"], manifest["labels"]))
    setup = prepare(shards, manifest, model_name, options, folder, left_out)
    warnings = first_warnings(setup)
    progress = resume(setup, warnings.append, force)
    yield Started(
        options.learning_rate,
        int(np.isin(setup.rows, setup.train.firsts).sum()),
        len(setup.validation_rows),
        options.epochs,
        setup.steps,
        progress["step"],
        sum(parameter.numel() for parameter in setup.model.parameters()),
        str(setup.device),
        windows=len(setup.rows) if len(setup.train.firsts) < len(setup.train) else 0,
    )
    yield from map(Warned, warnings)
    yield from loop(setup, progress)
    kept = progress["best"] or progress["last"]
    if kept["warning"]:
        yield Warned(kept["warning"])
    yield finish(setup, progress, kept)


def loop(setup: Setup, progress: dict[str, Any]) -> Iterator[Event]:
    """Take every step that is left. `progress` is what a checkpoint holds, and is brought up to date on the way."""
    options, optimizer = setup.options, setup.optimizer
    parameters = [parameter for parameter in setup.model.parameters() if parameter.requires_grad]
    order: list[NDArray[np.int64]] = []
    with open_history(setup.folder) as history:
        for step in range(progress["step"], setup.steps):
            if 0 < options.early_stopping <= progress["since"]:
                break
            began = time.perf_counter()
            epoch, within = divmod(step, setup.steps_per_epoch)
            if within == 0:
                progress["sums"] = [0.0, 0.0]
            if within == 0 or not order:
                order = epoch_order(setup.train.lengths[setup.rows], setup.batch_size, options.seed, epoch)
            rows = setup.rows[order[within]]  # (B,) of all processes
            rate = options.learning_rate * schedule(options.schedule, step, setup.steps, options.warmup)
            for group in optimizer.param_groups:
                group["lr"] = rate

            loss, weight = lay_gradient(setup, parameters, rows, step)
            check_finite(setup, loss, "loss", step, rate, setup.train.place(int(rows[0])))
            norm = torch.nn.utils.clip_grad_norm_(parameters, options.clip or math.inf).item()
            check_finite(setup, norm, "gradient norm", step, rate, setup.train.place(int(rows[0])))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

            progress["sums"] = [progress["sums"][0] + loss * weight, progress["sums"][1] + weight]
            progress["step"] = step + 1
            append(history, step=step + 1, epoch=epoch + 1, loss=loss, learning_rate=rate, grad_norm=norm)
            speed = len(rows) / (time.perf_counter() - began)
            yield StepDone(step + 1, setup.steps, epoch + 1, loss, rate, norm, speed)
            if within == setup.steps_per_epoch - 1:
                done = end_epoch(setup, progress, epoch + 1)
                append(history, epoch=done.epoch, loss=done.loss, validation=done.validation)
                yield done
            if (step + 1) % options.checkpoint_every == 0:
                save_progress(setup, progress, history)


def lay_gradient(
    setup: Setup, parameters: list[torch.nn.Parameter], rows: NDArray[np.int64], step: int
) -> tuple[float, float]:
    """Lay the gradient of the mean loss of a batch on the weights; return that loss and the weight of the rows.

    The batch is worked on in pieces, by all processes. Each adds the losses of its rows up, times their weights; what
    they come to is divided by the weight of all rows, so that neither pieces nor processes change the step.
    """
    options, model, device, total, weight = setup.options, setup.model, setup.device, 0.0, 0.0
    for number, piece in ranks.share(rows, options.accumulate):
        batch = gather(setup.train, piece)  # ids, mask, types (P, T)
        targets = torch.from_numpy(batch.targets).to(device)  # (P,) int64, (P, C) or (P,) float32, (P, T) int64
        shares = batch.weights * setup.asked(batch.targets)  # (P,) of each row in the loss
        seed_generators(options.seed, step + 1, number)  # dropout
        with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
            logits = forward(model, batch, takes_token_types(model), device)  # (P, C)
        each = setup.loss(logits, targets)  # (P,)
        summed = (each * torch.from_numpy(shares).to(device)).sum()
        summed.backward()  # type: ignore[no-untyped-call]
        total, weight = total + summed.item(), weight + float(shares.sum())
    total, weight = ranks.add_up(parameters, total, weight)
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= weight
    return total / weight, weight


def end_epoch(setup: Setup, progress: dict[str, Any], epoch: int) -> EpochDone:
    """Score validation after an epoch, and put the weights aside if they are the best so far."""
    sums, options = progress["sums"], setup.options
    last: dict[str, Any] = {"epoch": epoch, "loss": sums[0] / sums[1], "validation": None, "rank": None, "name": None}
    better, last["warning"] = False, None
    check_weights(setup, epoch)
    if setup.validation is not None:
        split, rows = setup.validation, setup.validation_rows
        logits = infer_together(setup, split, rows)
        written = None
        if setup.decoding is not None and setup.metric in WRITTEN:
            written = write_together(setup, split, rows, setup.decoding)
        answers = answers_of(split, rows, logits, options.threshold, written)
        scores = measure(setup.task, answers)
        last["validation"], last["rank"] = metrics.plain(scores), list(metrics.rank(setup.metric, scores))
        loss, last_step = scores["loss"], progress["step"] - 1
        check_finite(setup, loss, "validation loss", last_step, options.learning_rate, split.place(0))
        last["warning"] = one_class_warning(setup.task, answers, "validation", options.learning_rate)
        better = progress["top"] is None or last["rank"] > progress["top"]
        progress["top"] = last["rank"] if better else progress["top"]
        progress["since"] = 0 if better else progress["since"] + 1
    progress["last"] = last
    best = better and options.keep == "best"
    if best:
        progress["best"] = last = {**last, "name": f"best-{progress['step']:08d}"}
        save_best(setup, last["name"])
    stops = 0 < options.early_stopping <= progress["since"] and epoch < options.epochs
    return EpochDone(epoch, options.epochs, last["loss"], last["validation"], best, stops)


def finish(setup: Setup, progress: Mapping[str, Any], kept: Mapping[str, Any]) -> Finished:
    """Write the weights that are kept and say what the run came to."""
    options = setup.options
    if ranks.rank() == 0:
        if progress["best"]:
            checkpoint.restore_weights(setup.folder, kept["name"], setup.model)
        save_model(setup.model, setup.folder)
    trial = Trial(
        options.learning_rate,
        options.seed,
        progress["last"]["epoch"],
        progress["step"],
        kept["epoch"],
        setup.metric,
        kept["validation"][setup.metric] if kept["validation"] else None,
        kept["validation"],
        progress["last"]["loss"],
        "best" if progress["best"] else "last",
    )
    return Finished(setup.folder, trial, (trial,))


def schedule(kind: str, step: int, steps: int, warmup: float) -> float:
    """Return the factor on the learning rate at 0-based `step`: up to 1 over the warm-up, then as `kind` says.

    linear: down in a line; cosine: down in half a cosine wave; constant: 1. It never is 0.
    """
    rising = math.ceil(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    left = (steps - step) / max(1, steps - rising)  # 1 down to just above 0
    return {"linear": left, "cosine": 0.5 - 0.5 * math.cos(math.pi * left), "constant": 1.0}[kind]
