"""Checkpoints: weights and optimizer as safetensors, everything else as JSON, a sha256 for each; never pickle.

    checkpoints/step-00000500/   model.safetensors  optimizer.safetensors  state.json (last; its own sha256 in it)
    checkpoints/best-00000630/   model.safetensors  state.json

The newest valid one wins; a broken one is passed over with a warning that names it. Nothing random is stored: the
generators are seeded from (seed, step), so the step number is their state (see `train.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sftformat.errors import TrainingError
from sftformat.folder.files import dump_json, open_regular, remove, sha256_file, sync
from sftformat.models import writing

FOLDER = "checkpoints"
_STATE = "state.json"


def save(folder: Path, name: str, tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> None:
    """Write one checkpoint `folder/checkpoints/NAME`, whole or not at all: a safetensors file for each of `tensors`.

    Raises:
        OSError: the disk did not take it; what stood there before still stands.
    """
    final = folder / FOLDER / name
    beside = final.with_name(f".{name}.tmp")
    remove(beside)
    beside.mkdir(parents=True)
    try:
        files = {}
        for stem, group in tensors.items():
            path = beside / f"{stem}.safetensors"
            with writing(path):
                save_file(apart(group), path, {"format": "pt"})
            sync(path)
            files[path.name] = sha256_file(path)
        content = {**state, "files": files}
        (beside / _STATE).write_bytes(dump_json({**content, "sha256": _hash(content)}))
        sync(beside / _STATE)
        sync(beside)
        remove(final)
        os.replace(beside, final)
        sync(final.parent)
    except BaseException:
        remove(beside)
        raise


def apart(group: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors that share no memory, as safetensors want them: those of tied weights are copied."""
    made: dict[str, Tensor] = {}
    seen: set[int] = set()
    for key, tensor in group.items():
        whole = tensor.detach().contiguous()
        made[key] = whole.clone() if whole.data_ptr() in seen else whole
        seen.add(whole.data_ptr())
    return made


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(dump_json(content)).hexdigest()


def read_state(folder: Path, name: str) -> dict[str, Any]:
    """Return the state of a checkpoint after every byte of it was checked.

    Raises:
        ValueError, OSError: it is not whole; the text says what is wrong.
    """
    path = folder / FOLDER / name
    with open_regular(path / _STATE) as file:
        content = json.loads(file.read())
    if not isinstance(content, dict) or content.pop("sha256", None) != _hash(content):
        raise ValueError(f"{_STATE} does not have its own sha256")
    for stem, digest in content["files"].items():
        if sha256_file(path / stem) != digest:
            raise ValueError(f"{stem} does not have its sha256")
    return content


def read_tensors(folder: Path, name: str, stem: str) -> dict[str, Tensor]:
    """Return one group of tensors of a checkpoint."""
    return load_file(folder / FOLDER / name / f"{stem}.safetensors")


def newest(folder: Path, warn: Callable[[str], None]) -> tuple[str, dict[str, Any]] | None:
    """Return name and state of the newest valid checkpoint, warning of each broken one passed over."""
    for name in sorted(_names(folder, "step-"), reverse=True):
        try:
            state = read_state(folder, name)
            if state["best"] is not None:
                read_state(folder, state["best"]["name"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            warn(f"checkpoint {name} is broken and passed over: {error}")
            continue
        return name, state
    return None


def standing(folder: Path) -> str:
    """Say which checkpoint is the newest, without a look into it."""
    names = sorted(_names(folder, "step-"))
    return f"checkpoint {names[-1]} stands" if names else "there is no checkpoint yet"


def _names(folder: Path, prefix: str) -> Iterator[str]:
    root = folder / FOLDER
    return (name for name in (os.listdir(root) if root.is_dir() else ()) if name.startswith(prefix))


def prune(folder: Path, best: str | None, keep: int = 2) -> None:
    """Remove all but the `keep` newest checkpoints and the best weights that they or the run still need."""
    steps = sorted(_names(folder, "step-"))
    needed = {best}
    for name in steps[-keep:]:
        try:
            state = json.loads((folder / FOLDER / name / _STATE).read_bytes())
            needed.add((state["best"] or {}).get("name"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    for name in steps[:-keep]:
        remove(folder / FOLDER / name)
    for name in list(_names(folder, "best-")):
        if name not in needed:
            remove(folder / FOLDER / name)


def check_identity(
    found: Mapping[str, Any], expected: Mapping[str, Any], name: str, warn: Callable[[str], None] | None = None
) -> None:
    """Refuse to go on from a checkpoint that another run made; with `warn`, say so and go on.

    Raises:
        TrainingError: naming what differs and both values.
    """
    keys = [key for key in sorted({*found, *expected}) if found.get(key) != expected.get(key)]
    if not keys:
        return
    differ = ", ".join(f"{key} {found.get(key)} there and {expected.get(key)} here" for key in keys)
    if warn is None:
        how = f" (OMP_NUM_THREADS={found.get('threads')})" if "threads" in keys else ""
        raise TrainingError(f"cannot go on from {name}: {differ}; use the same{how}, or start again with --overwrite")
    warn(f"went on from {name} although it has {differ}")


def optimizer_tensors(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's moments as `PARAMETER.MOMENT`: tensors."""
    return {
        f"{name}.{key}": tensor
        for name, parameter in model.named_parameters()
        for key, tensor in optimizer.state[parameter].items()
    }


def restore(folder: Path, name: str, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put weights and moments of a checkpoint back; keys, shapes and dtypes must fit exactly.

    Raises:
        TrainingError: they do not.
    """
    restore_weights(folder, name, model)
    moments = read_tensors(folder, name, "optimizer")
    groups = optimizer.state_dict()["param_groups"]
    order = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    names = {id(parameter): key for key, parameter in model.named_parameters()}
    state: dict[int, dict[str, Tensor]] = {}
    for number, parameter in enumerate(order):
        prefix = f"{names[id(parameter)]}."
        keys = [key for key in ("step", "exp_avg", "exp_avg_sq") if prefix + key in moments]
        state[number] = {key: moments.pop(prefix + key) for key in keys}
        if any(state[number][key].shape != parameter.shape for key in keys if key != "step"):
            raise TrainingError(f"cannot go on from {name}: the moments of {prefix[:-1]} have another shape")
    if moments:
        raise TrainingError(f"cannot go on from {name}: it holds {min(moments)}, which this run has not")
    optimizer.load_state_dict({"state": {key: value for key, value in state.items() if value}, "param_groups": groups})


def restore_weights(folder: Path, name: str, model: torch.nn.Module) -> None:
    """Put the weights of a checkpoint back into the model.

    Raises:
        TrainingError: a key, shape or dtype differs.
    """
    weights, own = read_tensors(folder, name, "model"), model.state_dict()
    for key in sorted({*weights, *own}):
        new, old = weights.get(key), own.get(key)
        if new is None or old is None or new.shape != old.shape or new.dtype != old.dtype:
            raise TrainingError(f"cannot go on from {name}: {key} does not fit the model")
    model.load_state_dict(weights)
