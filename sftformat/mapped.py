"""Load: one split of a shard folder, as views of its memory-mapped files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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
