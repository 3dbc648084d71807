"""What the user asks of the tokenize stage, held against the data set and the tokenizer before any work is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sftformat.diagnostics import Diagnostic, clip
from sftformat.errors import FolderError, ModelError, UsageError
from sftformat.folder.manifest import fingerprint, open_folder
from sftformat.record import SPLITS
from sftformat.tokenize.conversation import TEXT_TASKS
from sftformat.tokenize.decoded import closing
from sftformat.tokenize.labels import label_map
from sftformat.tokenize.load import Reference, load_tokenizer
from sftformat.tokenize.maker import WORD_TASKS
from sftformat.tokenize.pieces import is_cut
from sftformat.tokenize.templates import PLAIN, find_template, from_manifest
from sftformat.tokenize.unit import Setting, Unit

#: The objectives of each task, its usual one first.
OBJECTIVES: Mapping[str, tuple[str, ...]] = {
    "classification": ("encoder",),
    "multilabel": ("encoder",),
    "regression": ("encoder",),
    "token-classification": ("encoder",),
    "text-to-text": ("encoder-decoder", "causal"),
    "chat": ("encoder-decoder", "causal"),
}
TASKS = tuple(OBJECTIVES)
TRUNCATIONS = ("truncate", "drop", "error")
#: The `max_length` taken where neither the user nor the tokenizer names a smaller one: BERT's positions.
DEFAULT_MAX_LENGTH = 512
#: The same for a causal model.
DEFAULT_CAUSAL_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class TokenizeOptions:
    """How canonical rows become tokens.

    tokenizer   a folder, or a name on the hub
    max_length  in tokens, special tokens included; None = what the tokenizer is made for, at most 512
    truncation  what happens to longer rows: "truncate", "drop" (to rejects.jsonl) or "error" (nothing is committed)
    labels      a label map that replaces the one of the data set
    limit       take only the first rows of each split; the label map is taken from all
    objective   "encoder", "encoder-decoder" or "causal"; None = what is usual for the task
    template    a chat template: a file, or the name of a built-in one; None = the tokenizer's own (causal), or the
                texts joined by line feeds (encoder-decoder)
    day         what the template's `strftime_now` tells
    held        a template as a manifest tells it, instead of `template`
    window      instead of `max_length`: longer rows become windows of so many tokens, and nothing is cut off
    stride      the windows of a row begin so many tokens apart; None = half of `window`
    max_target_length   in tokens, of the targets of an encoder-decoder; None = `max_length`
    pack        put several rows of a causal model into one of at most `max_length` tokens
    """

    tokenizer: str
    max_length: int | None = None
    truncation: str = "truncate"
    labels: tuple[str, ...] | None = None
    limit: int | None = None
    objective: str | None = None
    template: str | None = None
    day: date | None = None
    max_target_length: int | None = None
    held: Mapping[str, Any] | None = None
    window: int | None = None
    stride: int | None = None
    pack: bool = False


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
    objective = _objective(manifest["task"], options)
    files = _files(dataset, manifest)
    reference = load_tokenizer(options.tokenizer)
    if reference.pad_id is None and objective != "causal":
        raise ModelError(f"{reference.name}: has no padding token, which an encoder needs")
    max_length = options.window or options.max_length or usual_length(reference, objective)
    if max_length <= reference.tokenizer.num_special_tokens_to_add(False):
        option = "--window" if options.window else "--max-length"
        raise UsageError(f"{option} {max_length}: leaves no room beside the special tokens")
    labels, unknown = _label_map(manifest, files, options)
    inputs = tuple(entry["file"] for entry in manifest["inputs"])
    setting = Setting(reference, manifest["task"], labels, max_length, options.truncation, inputs)
    setting = _of_windows(_of_texts(setting, objective, options), options)
    parts = {
        "kind": "shards",
        "dataset": manifest["sha256"],
        "tokenizer": reference.to_manifest(),
        "labels": labels,
        "max_length": max_length,
        "truncation": options.truncation,
        "limit": options.limit,
    }
    if objective != "encoder":
        template = setting.template.to_manifest() if setting.template is not None else None
        parts |= {"objective": objective, "template": template, "max_target_length": setting.max_target_length}
    if setting.stride:
        parts["stride"] = setting.stride
    if setting.pack:
        parts["pack"] = True
    hashes = {dataset / entry["path"]: entry["sha256"] for entry in manifest["files"]}
    units = tuple(
        replace(unit, key=fingerprint({**parts, "dataset": hashes[unit.path], "limit": unit.rows}))
        for unit in _units(files, options.limit)
    )
    return Plan(dataset, manifest, setting, units, fingerprint(parts), unknown, options.limit)


def refuse_early(options: TokenizeOptions) -> None:
    """Check what can be checked before there is a data set: the numbers, the tokenizer, the template of causal rows.

    The tokenizer is then ready to work, here and in the copies of this process that are made later.

    Raises:
        UsageError, ModelError: as `make_plan`.
    """
    _check(options)
    reference = load_tokenizer(options.tokenizer)
    is_cut(reference)
    if options.objective == "causal":
        find_template(reference, options.template, options.day)


def usual_length(reference: Reference, objective: str) -> int:
    """Return the `max_length` that is taken where the user names none."""
    most = DEFAULT_CAUSAL_LENGTH if objective == "causal" else DEFAULT_MAX_LENGTH
    return min(reference.model_max_length or most, most)


def _label_map(
    manifest: Mapping[str, Any], files: Mapping[str, Sequence[Path]], options: TokenizeOptions
) -> tuple[tuple[str, ...] | None, tuple[Diagnostic, ...]]:
    if manifest["task"] in TEXT_TASKS | {"regression"}:
        return None, ()
    locked = options.labels if options.labels is not None else manifest.get("labels")
    return label_map(files, locked, manifest["task"])


def _objective(task: str, options: TokenizeOptions) -> str:
    """Return the objective, and refuse options that are of another one."""
    able = OBJECTIVES[task]
    objective = options.objective or able[0]
    if objective not in able:
        raise UsageError(f"--for {clip(objective)}: rows of task {task} are tokenized for {' or '.join(able)}")
    given = {"--template": options.template, "--template-day": options.day}
    wrong = [name for name, value in given.items() if value is not None and objective == "encoder"]
    if options.window is None and options.stride is not None:
        raise UsageError(f"--stride {options.stride}: is for windows; give --window too")
    if options.window is not None and options.max_length is not None:
        raise UsageError("--window and --max-length both say how long a row is: give one of them")
    if options.window is not None and options.truncation != "truncate":
        raise UsageError(f"--truncation {options.truncation}: with --window no row is too long")
    if min(options.window or 1, options.stride or 1) < 1:
        raise UsageError(f"--window {options.window}, --stride {options.stride}: at least 1")
    if options.max_target_length is not None and objective != "encoder-decoder":
        wrong.append("--max-target-length")
    if wrong:
        raise UsageError(f"{wrong[0]}: rows of task {task} for {objective} have none")
    if options.pack and objective != "causal":
        raise UsageError(f"--pack: rows of task {task} for {objective} stay rows; --for causal packs them")
    return objective


def _of_texts(setting: Setting, objective: str, options: TokenizeOptions) -> Setting:
    """Add what is needed where targets are texts."""
    if objective == "encoder":
        return setting
    reference = setting.reference
    if objective == "causal":
        template = find_template(reference, options.template, options.day)
        return replace(setting, objective=objective, template=template, pack=options.pack)
    closing(reference)
    plain = options.template in (None, PLAIN)
    found = None if plain else find_template(reference, options.template, options.day)
    if options.held is not None:
        found = from_manifest(reference, options.held)
    most = options.max_target_length or setting.max_length
    return replace(setting, objective=objective, template=found, max_target_length=most)


def _of_windows(setting: Setting, options: TokenizeOptions) -> Setting:
    """Add how far apart windows begin, where they are made."""
    if options.window is None:
        return setting
    if setting.objective != "encoder":
        raise UsageError(f"--window: a row of {setting.task} is read as one; it is for labels of whole texts")
    if setting.task in WORD_TASKS:
        raise UsageError(f"--window: in {setting.task} each word has a label of its own; make the sentences shorter")
    reference = setting.reference
    if reference.single is None or reference.pair is None:
        raise ModelError(f"{reference.name}: its special tokens follow no template: it makes no windows")
    room, stride = options.window - reference.single.special, options.stride or max(1, options.window // 2)
    if stride > room:
        reason = "what stands between two windows would be lost"
        raise UsageError(f"--stride {stride}: at most {room} with --window {options.window}, or {reason}")
    return replace(setting, stride=stride)


def _check(options: TokenizeOptions) -> None:
    if options.truncation not in TRUNCATIONS:
        raise UsageError(f"--truncation {clip(options.truncation)}: {', '.join(TRUNCATIONS)} are possible")
    if options.pack and options.window is not None:
        raise UsageError(
            "--pack and --window: packs are for a causal model, windows for labels of whole texts; give one"
        )
    if options.max_length is not None and options.max_length < 1:
        raise UsageError(f"--max-length {options.max_length}: at least 1")
    if options.max_target_length is not None and options.max_target_length < 2:
        raise UsageError(f"--max-target-length {options.max_target_length}: at least 2")
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
