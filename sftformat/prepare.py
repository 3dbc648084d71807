"""What a run of the loop starts from: splits, model and optimizer, held against each other before any step."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sftformat import ranks
from sftformat.decoder import Decoding, decoding_of, prepare_decoder
from sftformat.errors import TrainingError, UsageError
from sftformat.events import TrainOptions
from sftformat.loader import Split, open_split
from sftformat.models import check_fit, check_vocabulary, load_model, model_hash, resolve
from sftformat.tasks import task_of
from sftformat.tasks.overlap import require_text_extra
from sftformat.tasks.ragged import flat
from sftformat.tasks.task import Task
from sftformat.tasks.texts import WRITTEN
from sftformat.twins import shared

#: What torch is asked for a processor that multiplies bfloat16; not all of its versions can tell.
BF16 = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


@dataclass(frozen=True, slots=True)
class Setup:
    """What the loop works with; nothing in it changes but the weights and the moments."""

    folder: Path
    options: TrainOptions
    task: Task
    metric: str
    train: Split
    rows: NDArray[np.int64]  # rows of train with a label and a weight
    validation: Split | None
    validation_rows: NDArray[np.int64]
    model: Any
    optimizer: torch.optim.Optimizer
    device: torch.device
    identity: dict[str, Any]
    decoding: Decoding | None  # how texts are written, where they are
    loss: Callable[[Tensor, Tensor], Tensor]  # logits and targets of a piece -> the loss of each row
    asked: Callable[[NDArray[Any]], NDArray[np.float32]]  # targets of a piece -> the share of each row in the loss

    @property
    def batch_size(self) -> int:
        """Rows in a step, those of all pieces and processes."""
        return self.options.batch_size * self.options.accumulate

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.options.epochs


def prepare(
    shards: Path,
    manifest: Mapping[str, Any],
    model_name: str,
    options: TrainOptions,
    folder: Path,
    left_out: NDArray[np.bool_] | None = None,
) -> Setup:
    """Open the splits, load the model, and refuse what cannot be trained before any time is spent on it.

    `left_out` (N,) names the rows of train that are not trained on.
    """
    task, labels = task_of(manifest["task"], manifest["labels"]), manifest["labels"]
    split = open_split(shards, manifest, "train")
    rows = _taught(split, task, shards, left_out)
    validation, validation_rows = _validation(shards, manifest)
    if options.early_stopping and validation is None:
        raise UsageError(f"{shards}: --early-stopping needs a validation split with labels; it has none")
    metric = options.metric or task.metric
    if metric in WRITTEN:
        require_text_extra()
    seed_generators(options.seed, 0)  # the head of the model
    model, decoding = load_model(model_name, task.name, labels), decoding_of(manifest, options.beams)
    if decoding is not None:
        prepare_decoder(model, decoding)
    reasons = check_fit(model, manifest, ["train", "validation"] if validation else ["train"])
    other = check_vocabulary(resolve(model_name), shards)
    for reason in [*reasons, *([other] if other else [])]:
        raise reason
    factors = balanced(split, rows) if options.class_weights else None
    weights = split.weights
    if factors is not None and task.unit == "row":
        weights = np.where(split.labelled, weights * factors[split.targets], weights).astype(np.float32)
        factors = None
    split = replace(split, weights=weights * split.shares())
    if options.freeze:
        freeze(model, options.freeze)
    device = torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
    if options.precision == "auto":
        options = replace(options, precision="bf16" if has_bf16(device) else "fp32")
    model.to(device).train()
    identity = _identity(manifest, model_name, options, device, left_out)
    optimizer = make_optimizer(model, options)
    how: dict[str, Any] = {"smoothing": options.label_smoothing} if options.label_smoothing else {}
    asked = task.asked
    if factors is not None:  # of words: a row has several classes
        how["weights"], asked = torch.from_numpy(factors).to(device), partial(asked, weights=factors)
    loss = partial(task.smoothed, **how) if how and task.smoothed is not None else task.loss
    folder.mkdir(parents=True, exist_ok=True)
    parts = (folder, options, task, metric, split, rows, validation, validation_rows)
    return Setup(*parts, model, optimizer, device, identity, decoding, loss, asked)


def has_bf16(device: torch.device) -> bool:
    """Return whether a device multiplies bfloat16 itself: where it does not, autocast is slower than float32."""
    if device.type == "cuda":  # cards before Ampere can do it, too, but not themselves
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(getattr(torch.cpu, name, bool)() for name in BF16)


def _taught(split: Split, task: Task, shards: Path, left_out: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """Return the rows of train that are trained on: those with a label and a weight that are not left out."""
    taught = split.labelled & (split.weights > 0)
    rows = np.flatnonzero(taught if left_out is None else taught & ~left_out)
    if not len(rows):
        raise TrainingError(f"{shards}: no row of train has a label and a weight above 0: nothing to train on")
    if task.one_class and len(split.labels or ()) < 2:
        raise TrainingError(
            f"{shards}: the label map has {len(split.labels or ())} label: there is nothing to tell apart"
        )
    return rows


def _validation(shards: Path, manifest: Mapping[str, Any]) -> tuple[Split | None, NDArray[np.int64]]:
    """Return the validation split with its labelled rows; None where there is none with labels."""
    if not manifest["splits"].get("validation", {}).get("rows", 0):
        return None, np.empty(0, np.int64)
    split = open_split(shards, manifest, "validation")
    rows = split.answerable
    return (split, rows) if len(rows) else (None, rows)


def _identity(
    manifest: Mapping[str, Any],
    model_name: str,
    options: TrainOptions,
    device: torch.device,
    left_out: NDArray[np.bool_] | None,
) -> dict[str, Any]:
    """Return what a checkpoint must have been made from and with, so that a run may go on from it."""
    return {
        "data": manifest["fingerprint"],
        "model": model_hash(resolve(model_name)),
        **{f"option {name}": value for name, value in asdict(options).items() if name != "checkpoint_every"},
        "threads": torch.get_num_threads(),
        "processes": ranks.processes(),
        "rows left out": hashlib.sha256(left_out.tobytes()).hexdigest() if left_out is not None else None,
        "torch": torch.__version__,
        "device": device.type,
    }


def balanced(split: Split, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the weight of each class (C,): targets of these rows / (classes · targets of the class).

    Windows are counted as the record that they are of.
    """
    rows = rows[np.isin(rows, split.firsts)]
    counts = np.bincount(flat(split.targets[rows]), minlength=len(split.labels or ()))  # (C,)
    return np.asarray(counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1)), np.float32)


def freeze(model: Any, what: str) -> None:
    """Keep the embeddings, and so many of the first layers, as they are.

    Raises:
        UsageError: the model has fewer layers.
    """
    inside = model.base_model
    layers = next((each for each in inside.modules() if isinstance(each, torch.nn.ModuleList)), ())
    number = 0 if what == "embeddings" else int(what)
    if number > len(layers):
        raise UsageError(f"--freeze {what}: the model has {len(layers)} layers")
    embeddings = getattr(inside, "embeddings", model.get_input_embeddings())
    for part in (embeddings, *list(layers)[:number]):
        part.requires_grad_(False)


def make_optimizer(model: torch.nn.Module, options: TrainOptions) -> torch.optim.Optimizer:
    """Return AdamW without decay on biases and layer norms (as BERT was trained), or plain Adam."""
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if options.optimizer == "adam":
        return torch.optim.Adam([parameter for _, parameter in named], lr=options.learning_rate, fused=True)
    matrices = [parameter for _, parameter in named if parameter.ndim >= 2]
    vectors = [parameter for _, parameter in named if parameter.ndim < 2]
    groups = [{"params": matrices, "weight_decay": options.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=options.learning_rate, fused=True)


def seed_generators(seed: int, step: int, piece: int = 0) -> None:
    """Seed torch from (seed, step, piece of the batch), so that what is drawn there depends on nothing before it."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step, piece]).generate_state(1, np.uint64)[0] >> 1))


def first_warnings(setup: Setup) -> list[str]:
    """Return what a person should know before the run: rows left out, no validation, one class, targets far from 0."""
    train, firsts = setup.train, setup.train.firsts
    found, without = [], int((~train.labelled | (train.weights <= 0))[firsts].sum())
    targets = setup.train.targets[setup.rows]
    if without:
        found.append(f"{without:,} of {len(firsts):,} rows of train have no label or weight 0 and are left out")
    if setup.validation is None:
        found.append("there is no validation split with labels: the last weights are kept, not the best")
    else:
        found += _known_already(setup.validation, setup.validation_rows, setup.train, setup.rows)
    if setup.task.warnings is not None:
        found += setup.task.warnings(targets, setup.train.labels or ())
    return found


def _known_already(
    validation: Split, rows: NDArray[np.int64], train: Split, trained: NDArray[np.int64]
) -> Iterator[str]:
    """Say that rows of validation are rows of train too: what is chosen by them is what was learned by heart."""
    twins = shared(validation, rows, train, trained)
    if len(twins):
        first = f"{validation.place(twins[0, 0])} is {train.place(twins[0, 1])}"
        yield (
            f"{len(twins):,} of {len(rows):,} rows of validation have the same tokens as rows of train ({first}): "
            "validation looks better than it is"
        )
