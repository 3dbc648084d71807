"""Any BERT-family checkpoint with the head of a task: loaded without running its code, and held against the shards.

Only safetensors are read and no code of a model folder is run. A hub name is fetched into the hub's cache once; from
there on a model is a folder.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from sftformat.decoder import load_pair
from sftformat.diagnostics import clip
from sftformat.errors import ModelError
from sftformat.folder.files import sha256_file
from sftformat.loader import Padded, Split, batches, length_order
from sftformat.tasks import task_of
from sftformat.tasks.task import Task
from sftformat.tasks.texts import marks

_WEIGHTS = "model.safetensors"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def resolve(name: str) -> Path:
    """Return the folder of a model: the one named, or the hub's, fetched into its cache.

    Raises:
        ModelError: no such folder, a hub that cannot be reached, no such model on it, or no safetensors in it.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if folder.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1 or name.endswith("/"):
            raise ModelError(f"{name}: no such model folder")
        folder = _from_hub(name)
    names = sorted(os.listdir(folder))
    if "config.json" not in names:
        raise ModelError(f"{name}: not a model folder: it has no config.json")
    if _WEIGHTS not in names and f"{_WEIGHTS}.index.json" not in names:
        pickles = [entry for entry in names if entry.endswith(_PICKLES)]
        also = f"; {pickles[0]} is pickle, which is never opened: save the model as safetensors" if pickles else ""
        raise ModelError(f"{name}: has no {_WEIGHTS}{also}")
    return folder


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        wanted = ["*.json", "*.safetensors", "*.txt", "*.model"]
        return Path(snapshot_download(name, allow_patterns=wanted, ignore_patterns=["*/*"]))
    except Exception as error:  # the hub's client raises errors of four libraries
        reason = clip(" ".join(str(error).split()), 160)
        raise ModelError(f"{name}: no such folder, and the hub did not give such a model: {reason}") from None


def model_hash(folder: Path) -> str:
    """Return one sha256 over the configuration and the weights of a model folder."""
    digest = hashlib.sha256()
    for name in sorted(os.listdir(folder)):
        if name == "config.json" or name.startswith(_WEIGHTS) or name.endswith(".safetensors"):
            digest.update(f"{name}\0{sha256_file((folder / name).resolve())}\n".encode())
    return digest.hexdigest()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from printing while it loads or saves; what matters is raised as an error instead."""
    logging: Any = transformers.utils.logging
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def load_model(name: str, task: str, labels: Sequence[str] | None, *, trained: bool = False) -> Any:
    """Load a model for a task with its label map in the configuration, in float32, on the CPU.

    The head (and a missing pooler) is initialized from torch's global generator: seed it before. `trained` is for a
    folder that training wrote: then every weight must be there and fit.

    Raises:
        ModelError: it cannot be loaded, is no encoder checkpoint, or asks for its own code to be run.
    """
    folder = resolve(name)
    row = task_of(task, labels)
    safe = {"dtype": torch.float32, "use_safetensors": True, "trust_remote_code": False, "local_files_only": True}
    try:
        with _quiet():
            if row.unit == "text":
                model, lost = load_pair(folder, safe, trained=trained)
            else:
                model, lost = _load_head(folder, row, labels, safe, trained=trained)
    except Exception as error:  # anything a foreign folder can provoke
        raise ModelError(f"{name}: cannot be loaded: {clip(' '.join(str(error).split()), 200)}") from None
    if lost:
        raise ModelError(f"{name}: {len(lost)} weights are missing or do not fit, {lost[0]} among them")
    return model


def _load_head(
    folder: Path, row: Task, labels: Sequence[str] | None, options: Mapping[str, Any], *, trained: bool
) -> tuple[Any, list[str]]:
    """Return a model with the head of a task, and the weights that are missing; a head that is to be trained is new."""
    names = list(labels) if labels is not None else ["score"]
    model, report = getattr(transformers, row.head).from_pretrained(
        folder,
        num_labels=len(names),
        problem_type=row.problem,
        id2label=dict(enumerate(names)),
        label2id={label: number for number, label in enumerate(names)},
        ignore_mismatched_sizes=not trained,
        output_loading_info=True,
        **options,
    )
    mismatched = {key if isinstance(key, str) else key[0] for key in report["mismatched_keys"]}
    lost = sorted(set(report["missing_keys"]) | mismatched)
    if not trained:
        lost = [key for key in lost if key.startswith(f"{model.base_model_prefix}.") and ".pooler." not in key]
    return model, lost


def save_model(model: Any, folder: Path) -> None:
    """Write `config.json` and `model.safetensors` as transformers reads them.

    Raises:
        OSError: the disk did not take it.
    """
    with _quiet(), writing(folder / _WEIGHTS):
        model.save_pretrained(folder)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make safetensors write as others do: a full disk is an OSError, and the file not for its owner alone."""
    try:
        yield
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise OSError(f"{path}: {error}") from None
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from None
    probe = path.with_name(f".{path.name}.mode")
    with open(probe, "wb") as file:
        os.chmod(path, os.fstat(file.fileno()).st_mode & 0o777)
    probe.unlink()


def position_limit(model: Any) -> int | None:
    """Return how many tokens the position embeddings take, or None where nothing limits them."""
    for path, module in model.named_modules():
        if path.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            # RoBERTa and its kin count positions from padding_idx + 1
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    limit = getattr(model.config, "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else None


def check_fit(model: Any, manifest: Mapping[str, Any], splits: Sequence[str] = ("train",)) -> list[ModelError]:
    """Return every reason why the shards do not fit the model, from the manifest's numbers: empty = they fit."""
    tokenizer, rows = manifest["tokenizer"], [manifest["splits"][name] for name in splits]
    size, reasons = model.get_input_embeddings().num_embeddings, []
    biggest = max((part["input_ids"]["max"] for part in rows if part.get("input_ids")), default=-1)
    if max(tokenizer["vocab_size"], biggest + 1) > size:
        has = f"tokenizer has {tokenizer['vocab_size']:,} ids (the largest used is {biggest:,}), model {size:,}"
        reasons.append(ModelError(f"SFT505 {has}: use the tokenizer of the model"))
    limit = position_limit(model)
    longest = max((part["length"]["max"] for part in rows if part.get("length")), default=0)
    target = max((part["targets"]["max"] for part in rows if part.get("targets")), default=0)
    if limit is not None and target > limit:
        mend = f"tokenize again with --max-target-length {limit}"
        reasons.append(ModelError(f"the longest target has {target:,} tokens, the model takes {limit:,}: {mend}"))
    if limit is not None and longest > limit:
        mend = f"tokenize again with {'--window' if 'stride' in manifest else '--max-length'} {limit}"
        reasons.append(ModelError(f"the longest row has {longest:,} tokens, the model takes {limit:,}: {mend}"))
    padding = getattr(model.config, "pad_token_id", None)
    if padding is not None and padding != tokenizer["pad_id"]:
        reasons.append(ModelError(f"SFT505 tokenizer pads with id {tokenizer['pad_id']}, model with {padding}"))
    return reasons


def check_vocabulary(folder: Path, shards: Path) -> ModelError | None:
    """Compare the vocabulary that came with the model with the one the shards were made with, where both are there."""
    ours, theirs = _vocabulary(shards / "tokenizer"), _vocabulary(folder)
    if not ours or not theirs:
        return None
    other = sorted((number, token) for token, number in ours.items() if theirs.get(token) != number)
    if len(other) <= len(ours) // 100:  # added tokens in the place of unused ones
        return None
    number, token = other[0]
    share = f"{len(other):,} of {len(ours):,} tokens have another id (id {number} is {clip(repr(token), 30)})"
    return ModelError(f"SFT505 the shards were made with another vocabulary than the model's: {share}")


def _vocabulary(folder: Path) -> dict[str, int]:
    try:
        if (folder / "tokenizer.json").is_file():
            model = json.loads((folder / "tokenizer.json").read_bytes())["model"]
            return dict(model["vocab"]) if isinstance(model.get("vocab"), dict) else {}
        lines = (folder / "vocab.txt").read_bytes().decode().split("\n")
        return {token.rstrip("\r"): number for number, token in enumerate(lines) if token}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def forward(model: Any, batch: Padded, takes_types: bool, device: torch.device) -> Tensor:
    """Run the model on a padded batch (B, T) and return float32 logits (B, C), of words (B, T, C), texts (B, U, V)."""
    inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
    if takes_types:
        inputs["token_type_ids"] = batch.token_type_ids
    if batch.decoder_input_ids is not None:
        inputs["decoder_input_ids"] = batch.decoder_input_ids
    tensors = {name: torch.from_numpy(array).to(device) for name, array in inputs.items()}  # (B, T) int64
    logits: Tensor = model(**tensors).logits
    return logits.float()


def takes_token_types(model: Any) -> bool:
    """Return whether the model tells a first from a second segment by token type (DistilBERT and RoBERTa do not)."""
    named = "token_type_ids" in inspect.signature(model.forward).parameters
    return named and getattr(model.config, "type_vocab_size", 2) > 1


def infer(model: Any, split: Split, rows: NDArray[np.int64], batch_size: int = 64) -> NDArray[np.float32]:
    """Return the logits (len(rows), C) of rows of a split, computed in batches of like length.

    Of rows of words: (V, C), one for each of the V words that begin in these rows, in their order. Of rows of text
    (len(rows), 3), see `tasks.texts.marks`. A record that is several windows goes by its first row; its logits are the
    mean of those of its windows.
    """
    takes_types, device = takes_token_types(model), next(model.parameters()).device
    was_training = model.training
    rows, windows = split.rows_of(rows)
    model.eval()
    words = split.numbers[rows] if split.numbers is not None else None
    classes = model.config.num_labels if split.decoder is None else 3
    logits = np.empty((len(rows) if words is None else len(words.values), classes), np.float32)
    with torch.inference_mode():
        order = length_order(split.lengths[rows], batch_size)
        for places, batch in zip(order, batches(split, (rows[places] for places in order)), strict=True):
            out = forward(model, batch, takes_types, device)
            if split.decoder is not None:
                out = marks(out, torch.from_numpy(batch.targets).to(device))
            made = out.cpu().numpy()
            if words is None:
                logits[places] = made
            else:
                logits[words.places(places)] = made[batch.begins]
    model.train(was_training)
    return logits if len(windows) == len(rows) else pooled(logits, windows)


def pooled(logits: NDArray[np.float32], windows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mean of the logits (W, C) of the windows of each record (R, C); it has so many of `windows` (R,)."""
    sums = np.add.reduceat(logits.astype(np.float64), np.cumsum(windows) - windows)
    return (sums / windows[:, None]).astype(np.float32)
