"""A trained model and the split it is asked about: opened, verified, and held against each other."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sftformat.diagnostics import clip
from sftformat.errors import FolderError, UsageError
from sftformat.folder.files import open_regular
from sftformat.folder.manifest import open_folder, read_manifest
from sftformat.loader import Split, open_split, texts_of
from sftformat.models import check_fit, load_model

_EMPTY = {"rows": 0, "pairs": 0}


@dataclass(frozen=True, slots=True)
class Opened:
    """A trained model and the split it is asked about."""

    model: Any
    run: dict[str, Any]
    run_fingerprint: str
    shards: Path
    manifest: dict[str, Any]
    split: Split


def open_run(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return run.json and the manifest of a run folder, every byte of which was checked."""
    manifest = open_folder(run, "run")
    with open_regular(run / "run.json") as file:
        return json.loads(file.read()), manifest


def open_model(
    run: Path,
    record: dict[str, Any],
    run_manifest: Mapping[str, Any],
    shards: Path,
    manifest: dict[str, Any],
    split: str,
) -> Opened:
    """Load the weights and open the split, both verified before."""
    opened = open_split(shards, manifest, split)
    model = load_model(str(run), record["task"], record["labels"], trained=True)
    for reason in check_fit(model, manifest, [split]):
        raise reason
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    return Opened(model, record, run_manifest["fingerprint"], shards, manifest, opened)


def check_same(record: Mapping[str, Any], manifest: Mapping[str, Any], shards: Path, split: str) -> None:
    """Refuse shards of another task, label map or tokenizer than the run's, and a split of pairs or of single texts
    where the run has seen only the other.

    Raises:
        UsageError: saying how they differ.
    """
    if record["task"] != manifest["task"]:
        raise UsageError(f"{shards}: task {manifest['task']!r}, the run was trained for {record['task']!r}")
    ours, theirs = record["labels"], manifest["labels"]
    if ours != theirs:
        raise UsageError(f"{shards}: another label map than the run's: {_difference(ours or [], theirs or [])}")
    for key in ("sha256", "vocab_size", "pad_id"):
        if record["tokenizer"].get(key) != manifest["tokenizer"].get(key):
            names = f"{manifest['tokenizer'].get('name')} there, {record['tokenizer'].get('name')} in the run"
            raise UsageError(f"{shards}: tokenized with another tokenizer than the run's: {key} differs ({names})")

    unseen = set(texts_of(manifest["splits"].get(split, _EMPTY))) - set(record["texts"])
    if unseen:
        found, known = ("pairs of texts", "single texts") if 2 in unseen else ("single texts", "pairs of texts")
        raise UsageError(f"{shards}: split {split!r} has {found}, the run was trained on {known}")


def _difference(ours: Sequence[str], theirs: Sequence[str]) -> str:
    extra, lost = [x for x in theirs if x not in ours], [x for x in ours if x not in theirs]
    parts = [f"{clip(repr(extra[0]), 40)} is unknown to the run"] if extra else []
    parts += [f"{clip(repr(lost[0]), 40)} is not in the shards"] if lost else []
    if not parts:
        place = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
        parts = [f"the same labels in another order (id {place} is {ours[place]!r} in the run, {theirs[place]!r} here)"]
    return "; ".join(parts) + "; tokenize with the run's label map (--labels)"


def shards_beside(run: Path, record: Mapping[str, Any]) -> Path:
    beside = Path(os.path.abspath(run)).parent / "shards"
    try:
        if read_manifest(beside, "shards")["fingerprint"] == record["shards"]:
            return beside
    except FolderError:
        pass
    raise UsageError(f"{run}: name the shard folder to evaluate on (there is no such folder beside the run)")
