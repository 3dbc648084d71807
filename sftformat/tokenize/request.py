"""What the user asks of the tokenize stage, held against the data set and the tokenizer before any work is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sftformat.diagnostics import Diagnostic, clip
from sftformat.errors import FolderError, ModelError, UsageError
from sftformat.folder.manifest import fingerprint, open_folder
from sftformat.tokenize.labels import label_map
from sftformat.tokenize.load import load_tokenizer
from sftformat.tokenize.unit import Setting, Unit

TASKS = ("classification", "multilabel", "regression", "token-classification")
SPLITS = ("train", "validation", "test")
TRUNCATIONS = ("truncate", "drop", "error")
#: The `max_length` taken where neither the user nor the tokenizer names a smaller one: BERT's positions.
DEFAULT_MAX_LENGTH = 512


@dataclass(frozen=True, slots=True)
class TokenizeOptions:
    """How canonical rows become tokens.

    tokenizer   a folder, or a name on the hub
    max_length  in tokens, special tokens included; None = what the tokenizer is made for, at most 512
    truncation  what happens to longer rows: "truncate", "drop" (to rejects.jsonl) or "error" (nothing is committed)
    labels      a label map that replaces the one of the data set
    limit       take only the first rows of each split; the label map is taken from all
    """

    tokenizer: str
    max_length: int | None = None
    truncation: str = "truncate"
    labels: tuple[str, ...] | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: the manifest of the data set, what all units share, the units in order, the fingerprint.

    `unknown` are the labels that the label map does not hold; with one of them nothing is made.
    """

    dataset: Path
    manifest: Mapping[str, Any]
    setting: Setting
    units: tuple[Unit, ...]
    fingerprint: str
    unknown: tuple[Diagnostic, ...]
    limit: int | None


def make_plan(dataset: Path, options: TokenizeOptions) -> Plan:
    """Check the data set folder, the tokenizer and the options against each other.

    Raises:
        UsageError: an option or a task that cannot be.
        FolderError: a data set folder that is damaged, unfinished or no data set.
        ModelError: a tokenizer that cannot be used.
        DataError: more labels than a label map is made for.
    """
    _check(options)
    manifest = open_folder(dataset, "dataset")
    if manifest["task"] not in TASKS:
        raise UsageError(f"task {manifest['task']} cannot be tokenized yet: {', '.join(TASKS)} can")
    files = _files(dataset, manifest)
    reference = load_tokenizer(options.tokenizer)
    if reference.pad_id is None:
        raise ModelError(f"{reference.name}: has no padding token, which an encoder needs")
    max_length = options.max_length or min(reference.model_max_length or DEFAULT_MAX_LENGTH, DEFAULT_MAX_LENGTH)
    if max_length <= reference.tokenizer.num_special_tokens_to_add(False):
        raise UsageError(f"--max-length {max_length}: leaves no room beside the special tokens")
    scored = manifest["task"] == "regression"
    locked = options.labels if options.labels is not None else manifest.get("labels")
    labels, unknown = (None, ()) if scored else label_map(files, locked, manifest["task"])
    inputs = tuple(entry["file"] for entry in manifest["inputs"])
    setting = Setting(reference, manifest["task"], labels, max_length, options.truncation, inputs)
    parts = {
        "kind": "shards",
        "dataset": manifest["sha256"],
        "tokenizer": reference.to_manifest(),
        "labels": labels,
        "max_length": max_length,
        "truncation": options.truncation,
        "limit": options.limit,
    }
    units = tuple(_units(files, options.limit))
    return Plan(dataset, manifest, setting, units, fingerprint(parts), unknown, options.limit)


def _check(options: TokenizeOptions) -> None:
    if options.truncation not in TRUNCATIONS:
        raise UsageError(f"--truncation {clip(options.truncation)}: {', '.join(TRUNCATIONS)} are possible")
    if options.max_length is not None and options.max_length < 1:
        raise UsageError(f"--max-length {options.max_length}: at least 1")
    if options.limit is not None and options.limit < 0:
        raise UsageError(f"--limit {options.limit}: at least 0")


def _files(dataset: Path, manifest: Mapping[str, Any]) -> dict[str, list[Path]]:
    strange = set(manifest["splits"]) - set(SPLITS)
    if strange:
        raise FolderError(f"{dataset}: unknown split {min(strange)!r}", "SFT903")
    listed = {entry["path"] for entry in manifest["files"]}
    for part in manifest["splits"].values():
        for name in part["files"]:
            if name not in listed:
                raise FolderError(f"{dataset}: {name}: not among the files of the manifest", "SFT903")
    splits = manifest["splits"]
    return {split: [dataset / name for name in splits[split]["files"]] for split in SPLITS if split in splits}


def _units(files: Mapping[str, Sequence[Path]], limit: int | None) -> Iterator[Unit]:
    for split, paths in files.items():
        left = limit
        for index, path in enumerate(paths):
            yield Unit(path, split, index, len(paths), left)
            if left is not None:
                left -= min(left, pq.read_metadata(path).num_rows)
