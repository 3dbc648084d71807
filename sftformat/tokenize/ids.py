"""Ids of texts, the bytes of texts, and the reference library asked for the one with the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Union

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer

from sftformat.tokenize.added import Ints
from sftformat.tokenize.proof import Bytes

Tokens = npt.NDArray[np.int32]
#: Texts as str, or as a column of Arrow strings without nulls.
Texts = Union[Sequence[str], "pa.Array[Any]"]

#: Texts are worked on in slices of at least and at most so many bytes, or one text where that is longer.
SLICE, MAX_SLICE = 1 << 20, 4 << 20
#: Slices for each thread, if they are large enough: the threads should come to an end together.
_EACH = 8


@dataclass(frozen=True, slots=True)
class Ids:
    """Tokens of N texts, T in all, without special tokens.

    tokens   (T,)   int32
    lengths  (N,)   int64, how many of them each text has, in order
    """

    tokens: Tokens
    lengths: Ints

    def to_arrow(self) -> pa.Array[Any]:
        """Return them as list<int32>, large_list<int32> from 2^31 tokens on."""
        offsets = np.concatenate(([0], np.cumsum(self.lengths)))
        tokens: Any = pa.array(self.tokens)
        if offsets[-1] > np.iinfo(np.int32).max:
            wide: Any = pa.array(offsets)
            return pa.LargeListArray.from_arrays(wide, tokens)
        narrow: Any = pa.array(offsets.astype(np.int32))
        return pa.ListArray.from_arrays(narrow, tokens)


def listed(texts: Texts) -> list[str]:
    """Return texts as str."""
    found: Any = texts.to_pylist() if isinstance(texts, pa.Array) else texts
    return list(found)


def by_library(tokenizer: Tokenizer, texts: Sequence[str]) -> Ids:
    """Tokenize with the reference library alone, whole texts at once."""
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False) if texts else []
    lengths = np.array([len(encoding) for encoding in encodings], np.int64)
    tokens = np.fromiter(chain.from_iterable(encoding.ids for encoding in encodings), np.int32, int(lengths.sum()))
    return Ids(tokens, lengths)


def joined(made: Sequence[Ids]) -> Ids:
    if len(made) == 1:
        return made[0]
    tokens = np.concatenate([np.zeros(0, np.int32), *(each.tokens for each in made)])
    return Ids(tokens, np.concatenate([np.zeros(0, np.int64), *(each.lengths for each in made)]))


def buffers_of(texts: Texts) -> tuple[Bytes, Ints]:
    """Return the bytes of texts and where each begins and ends in them: (N+1) int64."""
    array: Any = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())
    wide = pa.types.is_large_string(array.type)
    _, offsets, content = array.buffers()
    rows: Any = np.zeros(1, np.int64)
    if len(array):
        rows = np.frombuffer(offsets, np.int64 if wide else np.int32)[array.offset : array.offset + len(array) + 1]
    raw = np.frombuffer(content, np.uint8) if content is not None and content.size else np.zeros(0, np.uint8)
    return raw, rows.astype(np.int64)


def slices(rows: Ints, threads: int = 1) -> list[tuple[int, int]]:
    """Return runs of texts, as first and one past the last, that are slices or one text."""
    size = max(SLICE, min(MAX_SLICE, int(rows[-1] - rows[0]) // (_EACH * threads)))
    found, low, count = [], 0, len(rows) - 1
    while low < count:
        high = max(low + 1, int(np.searchsorted(rows, rows[low] + size, "right")) - 1)
        found.append((low, min(high, count)))
        low = found[-1][1]
    return found


def stretches(starts: Ints | Tokens, counts: Ints | Tokens) -> Ints:
    """Return the positions start, start + 1, … of every stretch, one after the other."""
    if counts.size and not counts.all():
        starts, counts = starts[counts > 0], counts[counts > 0]
    ends = np.cumsum(counts, dtype=np.int64)
    found: Ints = np.ones(ends[-1] if ends.size else 0, np.int64)
    if ends.size:
        found[0] = starts[0]
        found[ends[:-1]] = starts[1:] - starts[:-1] - counts[:-1] + 1  # from the last of a stretch to the next
    return np.cumsum(found, out=found)


def strings_of(kind: pa.DataType, offsets: Any, content: Any) -> Any:
    """Return an Arrow array of strings over bytes that are there already."""
    return pa.Array.from_buffers(kind, len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(content)])
