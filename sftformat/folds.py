"""Folds: answers for the rows of train by models that were not trained on them.

Rows with the same tokens are in the same fold. Each fold is a run of its own, with the options of the run that is
looked at; one that was cut off is gone on with.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sftformat.errors import UsageError
from sftformat.events import Event, Finished, TrainOptions, Warned
from sftformat.loader import Split
from sftformat.models import infer, load_model, model_hash, resolve
from sftformat.tasks import task_of
from sftformat.train import train
from sftformat.twins import keys

#: Draws the events of a run, and returns the last one.
Follow = Callable[[Iterable[Event]], Finished]


@dataclass(frozen=True, slots=True)
class Folds:
    """How rows are held out: `number` runs below `folder`, from the model that the run began with."""

    model: str | None
    number: int
    folder: Path
    batch_size: int
    follow: Follow


def last_event(events: Iterable[Event]) -> Finished:
    """Let a run go on to its end without a word."""
    *_, last = events
    assert isinstance(last, Finished)
    return last


def _once(events: Iterable[Event], told: set[str]) -> Iterator[Event]:
    """Yield the events of a fold but for warnings that were `told`: what is true of the data is said once."""
    for event in events:
        if not isinstance(event, Warned) or event.message not in told:
            yield event
        told.update({event.message} if isinstance(event, Warned) else ())


def out_of_fold(
    record: Mapping[str, Any],
    shards: Path,
    manifest: Mapping[str, Any],
    split: Split,
    rows: NDArray[np.int64],
    how: Folds,
) -> NDArray[np.float32]:
    """Return the logits (len(rows), C) of rows of train, each from the model whose training left its fold out.

    Of rows of words: (V, C), one for each of the V words that begin in these rows, as `models.infer` does.

    Raises:
        UsageError: another split or task, not the model that the run was made from, or too few rows for the folds.
    """
    if split.name != "train" or task_of(record["task"], record["labels"]).unit == "text":
        raise UsageError("--folds is for the train split, of tasks whose target is no text")
    model, folds = how.model, how.number
    if model is None:
        began = record["model"]["name"]
        raise UsageError(f"--folds trains again: name the model that the run began with, as in --model {began}")
    if model_hash(resolve(model)) != record["model"]["sha256"]:
        raise UsageError(f"--model {model}: not the weights that the run began with ({record['model']['name']})")
    fold = keys(split) % np.uint64(folds)  # (N,)
    if len(np.unique(fold[rows])) < folds:
        raise UsageError(f"--folds {folds}: there are too few different rows for so many")
    options, logits, told = TrainOptions(**record["options"]), None, set[str]()
    words = split.numbers[rows] if split.numbers is not None else None
    for number in range(folds):
        own = how.folder / f"fold-{number}"
        left_out = fold == number
        how.follow(_once(train(shards, model, options, own, manifest=manifest, left_out=left_out), told))
        trained = load_model(os.fspath(own), record["task"], record["labels"], trained=True)
        trained.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        mine = np.flatnonzero(left_out[rows])
        part = infer(trained, split, rows[mine], how.batch_size)
        if logits is None:
            logits = np.empty((len(rows) if words is None else len(words.values), part.shape[1]), np.float32)
        logits[mine if words is None else words.places(mine)] = part
    assert logits is not None
    return logits
