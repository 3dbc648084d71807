"""Load: the memory-mapped files of a split, and the split as views of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sftformat.errors import FolderError
from sftformat.tasks.ragged import Ragged


@dataclass(frozen=True, slots=True)
class Chunk:
    """One record batch: the tokens of row i are `ids[offsets[i]:offsets[i + 1]]`; views of the mapped file.

    Rows of words have a label for each token, and the number of the word that begins there (−1: none does).
    """

    offsets: NDArray[np.int32]  # (rows + 1,)
    ids: NDArray[np.int32]  # (tokens,)
    types: NDArray[np.int8]  # (tokens,)
    labels: NDArray[np.int64] | None = None  # (tokens,)
    begins: NDArray[np.int32] | None = None  # (tokens,)


@dataclass(frozen=True, slots=True)
class File:
    """One shard: its columns, its record batches, and all of it as bytes."""

    table: pa.Table
    chunks: tuple[Chunk, ...]
    content: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Flat:
    """A column of lists over all files: those of row i are in `files[file[i]]`, from `starts[i]` on."""

    files: tuple[NDArray[Any], ...]
    file: NDArray[np.int32]  # (N,)
    starts: NDArray[np.int64]  # (N,)

    def block(self, rows: NDArray[np.int64], width: int) -> NDArray[Any]:
        """Return `width` values of each of the rows numbered: (B, width). Beyond a row stands what follows it there."""
        places = self.starts[rows][:, None] + np.arange(width)
        if len(self.files) == 1:
            return self.files[0].take(places, mode="clip")
        made, file = np.empty(places.shape, self.files[0].dtype), self.file[rows]
        for number in np.unique(file).tolist():
            mine = file == number
            made[mine] = self.files[number].take(places[mine], mode="clip")
        return made


@dataclass(frozen=True, slots=True)
class Split:
    """One split of a shard folder, N rows.

    `targets` is (N,) int64 class ids (−100 = unlabelled), (N, C) float32 multi-hot, (N,) float32, or of rows of words
    `Ragged`: the tag id of each word that begins before the row was cut. Where `labelled` is false the target means
    nothing. `files` are positions in `inputs`, the names of the source files. Rows of words have `words`, all of a row,
    and `numbers`, which of them the targets are of. Rows of text have as targets `Ragged` tokens (IGNORED = not
    trained on), `decoder`, as many tokens that the decoder is given, and `sides`, the columns with their texts.

    A long record may be several rows, its windows, one after the other: it goes by the number of the first, which is
    in `firsts`, and what is not of tokens is the same in all of them.
    """

    name: str
    task: str
    labels: tuple[str, ...] | None
    inputs: tuple[str, ...]
    pad_id: int
    chunks: tuple[Chunk, ...]
    bounds: NDArray[np.int64]  # (chunks + 1,) first row of each chunk
    tokens: Flat
    types: Flat | None  # of the tokens; None where all are 0
    tags: Flat | None  # of rows of words: as `Chunk.labels`, `Chunk.begins`
    begins: Flat | None
    lengths: NDArray[np.int32]  # (N,) tokens
    targets: Any
    labelled: NDArray[np.bool_]  # (N,)
    weights: NDArray[np.float32]  # (N,)
    ids: pa.ChunkedArray[Any]  # (N,) string
    files: NDArray[np.int32]  # (N,)
    lines: NDArray[np.int64]  # (N,)
    firsts: NDArray[np.int64]  # (R,) the first row of each record; all rows where none is a window
    words: pa.ChunkedArray[Any] | None = None  # (N,) list<string>
    numbers: Ragged | None = None
    decoder: Ragged | None = None
    sides: pa.Table | None = None
    tokenizer: Any = None  # of the reference library; turns tokens of text back

    @property
    def lowercase(self) -> bool:
        """Whether the tokenizer knows no capitals."""
        normalizer = self.tokenizer.normalizer if self.tokenizer is not None else None
        return normalizer is not None and normalizer.normalize_str("A") == "a"

    @property
    def windows(self) -> NDArray[np.int64]:
        """How many rows each record is: (R,)."""
        return np.diff(self.firsts, append=len(self))

    @property
    def answerable(self) -> NDArray[np.int64]:
        """The records with a label, by their first rows."""
        return self.firsts[self.labelled[self.firsts]]

    def rows_of(self, records: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all rows of records, which go by their first rows, and how many each has."""
        if len(self.firsts) == len(self):
            return records, np.ones(len(records), np.int64)
        counts = self.windows[np.searchsorted(self.firsts, records)]
        ends = np.cumsum(counts)
        return np.repeat(records - (ends - counts), counts) + np.arange(counts.sum()), counts

    def shares(self) -> NDArray[np.float32]:
        """Return how much of its record each row is, so that a record counts once: (N,)."""
        windows = self.windows
        return np.repeat(1 / windows.astype(np.float32), windows)

    def __len__(self) -> int:
        return len(self.lengths)

    def place(self, row: int) -> str:
        """Return `file:line` of a row in the source."""
        return f"{self.inputs[self.files[row]]}:{self.lines[row]}"


def open_file(path: Path, columns: Mapping[str, pa.DataType], nullable: Collection[str], shards: Path) -> File:
    """Map a shard, and hold its columns against what they should be.

    Raises:
        FolderError: another schema, null where none belongs, or lists of a row that differ in length.
    """
    try:
        with pa.memory_map(str(path)) as source:
            buffer = source.read_buffer()
        table = pa.ipc.open_stream(buffer).read_all()
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OSError) as error:
        raise FolderError(f"{path}: not a shard: {str(error).splitlines()[0]}") from None
    for name, kind in columns.items():
        found = table.schema.field(name).type if name in table.schema.names else "nothing"
        if found != kind:
            raise FolderError(f"{path}: column {name!r} should be {kind}, it is {found}")
        if name not in nullable and table[name].null_count:
            raise FolderError(f"{path}: column {name!r} holds null")
    table = table.select(list(columns))
    chunks = tuple(_chunk(batch, shards) for batch in table.to_batches() if len(batch))
    return File(table, chunks, np.frombuffer(memoryview(buffer), np.uint8))


def _chunk(batch: pa.RecordBatch, shards: Path) -> Chunk:
    columns: Any = batch
    ids, mask, types = (columns.column(name) for name in ("input_ids", "attention_mask", "token_type_ids"))
    counts = np.diff(ids.offsets.to_numpy())
    for other in (mask, types):
        if not np.array_equal(counts, np.diff(other.offsets.to_numpy())):
            raise FolderError(f"{shards}: input_ids, attention_mask and token_type_ids differ in length")
    if not np.array_equal(counts, batch.column("length").to_numpy()):
        raise FolderError(f"{shards}: column 'length' is not the number of input_ids")
    if len(mask.flatten()) and mask.flatten().to_numpy().min() != 1:
        raise FolderError(f"{shards}: attention_mask hides tokens; shards hold rows without padding")
    if ids.values.null_count or types.values.null_count:
        raise FolderError(f"{shards}: null among the tokens")
    # both lists have the same counts; flattened values start at 0, so one set of offsets fits both
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    flat = ids.flatten().to_numpy(), types.flatten().to_numpy()
    if "word_index" not in batch.schema.names:
        return Chunk(offsets, *flat)
    labels, begins = columns.column("labels"), columns.column("word_index")
    for name, other in (("labels", labels), ("word_index", begins)):
        if other.null_count or other.values.null_count:
            raise FolderError(f"{shards}: null in column {name!r}")
        if not np.array_equal(counts, np.diff(other.offsets.to_numpy())):
            raise FolderError(f"{shards}: input_ids and {name} differ in length")
    return Chunk(offsets, *flat, labels.flatten().to_numpy(), begins.flatten().to_numpy())


def flat_of(files: Sequence[File], name: str) -> Flat:
    """Return a list column of all files, `name` being that of its values in chunks, without a copy."""
    views, file, starts = [], [], []
    for number, each in enumerate(file for file in files if file.chunks):
        view, firsts = _view([getattr(chunk, name) for chunk in each.chunks], each.content)
        views.append(view)
        starts += [
            chunk.offsets[:-1].astype(np.int64) + first
            for chunk, first in zip(each.chunks, firsts.tolist(), strict=True)
        ]
        file.append(np.full(len(each.table), number, np.int32))
    return Flat(tuple(views), np.concatenate(file), np.concatenate(starts))


def _view(arrays: Sequence[NDArray[Any]], content: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return one array that holds all of these, and where in it each begins: the file itself where they are in it."""
    kind = arrays[0].dtype
    places = np.array([array.ctypes.data - content.ctypes.data for array in arrays], np.int64)
    sizes = np.array([array.nbytes for array in arrays], np.int64)
    if (places >= 0).all() and (places + sizes <= len(content)).all() and not (places % kind.itemsize).any():
        return content[: len(content) // kind.itemsize * kind.itemsize].view(kind), places // kind.itemsize
    return np.concatenate(arrays), (np.cumsum(sizes) - sizes) // kind.itemsize
