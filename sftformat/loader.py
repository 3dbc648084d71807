"""Load: shard folder (Arrow, memory-mapped) to padded NumPy arrays (B, T), without a Python loop over rows.

A split is opened once: every file is mapped, checked (schema, offsets, row count, id and label ranges) and kept as
views of values and offsets. A batch is then a gather: rows, in any order, into one padded array.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sftformat.errors import FolderError, UsageError
from sftformat.mapped import Chunk, Split, flat_of, open_file
from sftformat.targets import check_targets, read_tags, read_targets, read_texts
from sftformat.tasks import task_of
from sftformat.tasks.ragged import Ragged
from sftformat.tasks.task import IGNORED, Task

__all__ = [
    "IGNORED",
    "Chunk",
    "Padded",
    "Split",
    "batches",
    "epoch_order",
    "gather",
    "length_order",
    "open_split",
    "texts_of",
]

POOL = 16  # batches shuffled together before rows of like length are put side by side

_COLUMNS: Mapping[str, pa.DataType] = {
    "input_ids": pa.list_(pa.int32()),
    "attention_mask": pa.list_(pa.int8()),
    "token_type_ids": pa.list_(pa.int8()),
    "length": pa.int32(),
    "weight": pa.float32(),
    "id": pa.string(),
    "file": pa.int32(),
    "line": pa.int64(),
}
#: Columns that rows of words have beside.
_OF_WORDS: Mapping[str, pa.DataType] = {"word_index": pa.list_(pa.int32()), "words": pa.list_(pa.string())}
#: The same of rows whose target is text.
_OF_TEXTS: Mapping[str, pa.DataType] = {
    "decoder_input_ids": pa.list_(pa.int32()),
    "source_text": pa.string(),
    "target_text": pa.string(),
    "references": pa.list_(pa.string()),
}
_MORE = {"word": _OF_WORDS, "text": _OF_TEXTS}
#: A column that the rows have where long records are several of them.
_OF_WINDOWS: Mapping[str, pa.DataType] = {"window": pa.int32()}
#: Columns that may hold null: rows that are not labelled.
_NULLABLE = ("labels", "target_text")


@dataclass(frozen=True, slots=True)
class Padded:
    """Rows padded on the right to the longest of them."""

    rows: NDArray[np.int64]  # (B,) row numbers in the split
    input_ids: NDArray[np.int64]  # (B, T) padded with pad_id
    attention_mask: NDArray[np.int64]  # (B, T) 1 for tokens, 0 for padding
    token_type_ids: NDArray[np.int64]  # (B, T) 0 for padding
    targets: NDArray[Any]  # (B,) or (B, C), of words (B, T) with IGNORED where no word begins, of text (B, U)
    weights: NDArray[np.float32]  # (B,)
    begins: NDArray[np.bool_] | None = None  # (B, T) whether a word begins here
    decoder_input_ids: NDArray[np.int64] | None = None  # (B, U) padded with pad_id


def open_split(shards: Path, manifest: Mapping[str, Any], split: str) -> Split:
    """Map one split of a shard folder whose manifest was verified (`folder.manifest.open_folder`).

    Raises:
        UsageError: no such split, an empty one, or a task the model half does not train.
        FolderError: a file that is not what the manifest says: schema, rows, ids, labels, lengths.
    """
    if manifest.get("objective") == "causal":
        raise UsageError(f"{shards}: was made for a causal model: train that with transformers or TRL; see README.md")
    task, splits = task_of(manifest["task"], manifest["labels"]), manifest["splits"]
    if split not in splits:
        raise UsageError(f"{shards}: no split {split!r}; it has {', '.join(sorted(splits)) or 'none'}")
    columns = {**_COLUMNS, "labels": task.column, **_MORE.get(task.unit, {})}
    columns |= _OF_WINDOWS if "stride" in manifest else {}
    files = [open_file(shards / name, columns, _NULLABLE, shards) for name in splits[split]["files"]]
    tables, chunks = [file.table for file in files], tuple(chunk for file in files for chunk in file.chunks)
    firsts = _firsts(tables, shards, manifest, split)
    whole = pa.concat_tables(tables)
    labels = tuple(manifest["labels"]) if manifest["labels"] is not None else None
    targets, numbers, decoder, labelled = _targets(task, whole, chunks, len(labels or ()))
    opened = Split(
        name=split,
        task=task.name,
        labels=labels,
        inputs=tuple(entry["file"] for entry in manifest["inputs"]),
        pad_id=manifest["tokenizer"]["pad_id"],
        chunks=chunks,
        bounds=np.cumsum([0, *(len(chunk.offsets) - 1 for chunk in chunks)]),
        tokens=flat_of(files, "ids"),
        types=flat_of(files, "types") if any(chunk.types.any() for chunk in chunks) else None,
        tags=flat_of(files, "labels") if numbers is not None else None,
        begins=flat_of(files, "begins") if numbers is not None else None,
        lengths=whole["length"].to_numpy(),
        targets=targets,
        labelled=labelled,
        weights=whole["weight"].to_numpy(),
        ids=whole["id"],
        files=whole["file"].to_numpy(),
        lines=whole["line"].to_numpy(),
        firsts=firsts,
        words=whole["words"] if numbers is not None else None,
        numbers=numbers,
        decoder=decoder,
        sides=whole.select(["source_text", "target_text", "references"]) if decoder is not None else None,
        tokenizer=_tokenizer(shards) if decoder is not None else None,
    )
    _check(opened, manifest, shards)
    return opened


def _targets(
    task: Task, whole: pa.Table, chunks: Sequence[Chunk], classes: int
) -> tuple[Any, Ragged | None, Ragged | None, NDArray[np.bool_]]:
    """Return `targets`, `numbers`, `decoder` and `labelled` of a split."""
    if task.unit == "word":
        tags, numbers, labelled = read_tags(chunks)
        return tags, numbers, None, labelled
    if task.unit == "text":
        written, given, labelled = read_texts(whole)
        return written, None, given, labelled
    targets, labelled = read_targets(whole["labels"], task.name, classes)
    return targets, None, None, labelled


def _firsts(tables: Sequence[pa.Table], shards: Path, manifest: Mapping[str, Any], split: str) -> NDArray[np.int64]:
    """Return the first row of each record: all rows, unless they are windows.

    Raises:
        FolderError: windows that do not follow one another in their records, or another number of rows than is told.
        UsageError: there are none.
    """
    told, rows = manifest["splits"][split], sum(len(table) for table in tables)
    firsts = _begins(tables, shards, split) if "stride" in manifest else np.arange(rows)
    for what, found, wanted in (("windows", rows, told.get("windows", rows)), ("rows", len(firsts), told["rows"])):
        if found != wanted:
            raise FolderError(f"{shards}: split {split!r} has {found} {what}, the manifest says {wanted}")
    if not rows:
        raise UsageError(f"{shards}: split {split!r} is empty")
    return firsts


def _begins(tables: Sequence[pa.Table], shards: Path, split: str) -> NDArray[np.int64]:
    """Return the rows that are the first window of a record."""
    numbers = np.concatenate([np.zeros(0, np.int32), *(table["window"].to_numpy() for table in tables)])
    bad = (numbers != 0) & (numbers != np.concatenate(([-1], numbers[:-1])) + 1)
    if bad.any():
        row = int(bad.argmax())
        raise FolderError(f"{shards}: split {split!r} row {row}: window {numbers[row]} follows none of its record")
    return np.flatnonzero(numbers == 0)


def texts_of(split: Mapping[str, Any]) -> list[int]:
    """Return how many texts the rows of a split of the shards have: [1], [2] for pairs, or both."""
    return [count for count, rows in ((1, split["rows"] - split["pairs"]), (2, split["pairs"])) if rows]


def _tokenizer(shards: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_buffer((shards / "tokenizer" / "tokenizer.json").read_bytes())


def _check(split: Split, manifest: Mapping[str, Any], shards: Path) -> None:
    """Hold the rows against what the manifest promises, naming the first row that breaks it."""

    def refuse(bad: NDArray[np.bool_], what: str, values: NDArray[Any], limit: object) -> None:
        if bad.any():
            row = int(bad.argmax())
            raise FolderError(f"{shards}: {split.name} row {row} ({split.place(row)}): {what} {values[row]} {limit}")

    if split.files.min() < 0 or split.files.max() >= len(split.inputs):
        raise FolderError(f"{shards}: split {split.name!r} names a source file that the manifest does not list")
    refuse(split.lengths < 1, "has no token: length", split.lengths, "")
    weights = split.weights
    refuse(~np.isfinite(weights) | (weights < 0), "weight", weights, "is not a number of 0 or more")
    size = manifest["tokenizer"]["vocab_size"]
    check_targets(split, refuse, size)
    for chunk, first in zip(split.chunks, split.bounds, strict=False):
        if chunk.types.min() < 0 or chunk.types.max() > 1:
            raise FolderError(f"{shards}: {split.name}: a token type that is neither 0 nor 1")
        if chunk.ids.min() < 0 or chunk.ids.max() >= size:
            where = int(((chunk.ids < 0) | (chunk.ids >= size)).argmax())
            row = int(first + np.searchsorted(chunk.offsets, where, side="right") - 1)
            found = f"token id {chunk.ids[where]}, the tokenizer has {size} ids"
            raise FolderError(f"{shards}: {split.name} row {row} ({split.place(row)}): {found}")


def gather(split: Split, rows: NDArray[np.int64]) -> Padded:
    """Pad the rows numbered `rows` (B,) to the longest of them: (B, T)."""
    lengths = split.lengths[rows]  # (B,)
    width = int(lengths.max())
    there = np.arange(width) < lengths[:, None]  # (B, T)
    input_ids = np.where(there, split.tokens.block(rows, width), split.pad_id).astype(np.int64)
    token_type_ids = np.zeros(there.shape, np.int64)
    if split.types is not None:
        np.copyto(token_type_ids, split.types.block(rows, width), where=there)
    attention_mask = there.astype(np.int64)
    padded = rows, input_ids, attention_mask, token_type_ids
    if split.decoder is not None:
        given = split.decoder.padded(rows, split.pad_id)
        return Padded(*padded, split.targets.padded(rows, IGNORED), split.weights[rows], decoder_input_ids=given)
    if split.tags is not None and split.begins is not None:
        labels = np.where(there, split.tags.block(rows, width), IGNORED)
        return Padded(*padded, labels, split.weights[rows], (split.begins.block(rows, width) >= 0) & there)
    return Padded(*padded, split.targets[rows], split.weights[rows])


def batches(split: Split, order: Iterable[NDArray[np.int64]]) -> Iterator[Padded]:
    """Yield each array of row numbers as one padded batch."""
    return (gather(split, rows) for rows in order)


def epoch_order(lengths: NDArray[Any], batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Return the batches of one epoch as arrays of row numbers; it depends on nothing but the arguments.

    Rows are shuffled, cut into pools of `POOL` batches, sorted by length inside each pool and cut into batches; then
    the batches are shuffled. So a batch holds rows of like length (little padding), yet another mix every epoch.
    """
    random = np.random.default_rng([seed, epoch])
    shuffled = random.permutation(len(lengths))
    size = batch_size * POOL
    pools = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
    pools = [pool[np.argsort(lengths[pool], kind="stable")] for pool in pools]
    cut = [pool[start : start + batch_size] for pool in pools for start in range(0, len(pool), batch_size)]
    return [cut[place] for place in random.permutation(len(cut))]


def length_order(lengths: NDArray[Any], batch_size: int) -> Sequence[NDArray[np.int64]]:
    """Return all rows as batches of like length, the longest first: the order of evaluation."""
    by_length = np.argsort(-lengths.astype(np.int64), kind="stable")
    return [by_length[start : start + batch_size] for start in range(0, len(by_length), batch_size)]
