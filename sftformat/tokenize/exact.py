"""The reference library as judge of `encode.encode`, and as its replacement for a tokenizer it cannot be used for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import numpy as np
from tokenizers import Encoding

from sftformat.tokenize.encode import Encoded, require_room
from sftformat.tokenize.ids import Ids, Texts, by_library, listed, stretches
from sftformat.tokenize.load import Reference
from sftformat.tokenize.pieces import ids_of

#: Rows of a file that are compared with the reference: spread over its first rows, and the first that were cut.
_SPREAD, _CUT = 64, 16
#: Longer texts (in characters) are not compared: the reference library takes some 100 bytes a byte for each look.
_COMPARED = 1 << 16


def by_reference(reference: Reference, texts: Texts, pairs: Sequence[str | None] | None, max_length: int) -> Encoded:
    """Encode as `encode.encode` does, with the reference library alone: truncation and special tokens are its own.

    Raises:
        UsageError: `max_length` leaves no room beside the special tokens.
    """
    inputs = _inputs(listed(texts), pairs)
    special = [reference.tokenizer.num_special_tokens_to_add(isinstance(row, tuple)) for row in inputs]
    require_room(max_length - np.array(special, np.int64), max_length)
    whole = reference.tokenizer.encode_batch(inputs)
    full, cut = _lengths(whole), whole
    if full.size and full.max() > max_length:
        with _truncating(reference, max_length):
            cut = reference.tokenizer.encode_batch(inputs)
    kept = _lengths(cut)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept)))
    total = int(offsets[-1])
    marks = [np.array(row.special_tokens_mask, bool) for row in whole]
    unknown = [
        int(((np.array(row.ids, np.int64) == reference.unk_id) & ~mark).sum()) if reference.unk_id is not None else 0
        for row, mark in zip(whole, marks, strict=True)
    ]
    return Encoded(
        np.fromiter(chain.from_iterable(row.ids for row in cut), np.int32, total),
        np.fromiter(chain.from_iterable(row.type_ids for row in cut), np.int8, total),
        offsets,
        full,
        full - kept,
        np.array([int((~mark).sum()) for mark in marks], np.int64),
        np.array(unknown, np.int64),
        np.array([row.sequence_ids.count(0) for row in whole], np.int64),
    )


def differing(
    reference: Reference,
    encoded: Encoded,
    texts: Sequence[str],
    pairs: Sequence[str | None] | None,
    max_length: int,
) -> int | None:
    """Compare a sample of rows with the reference; return the first row that differs in ids, types or tokens lost."""
    sizes = np.array([len(text) for text in texts], np.int64)
    if pairs:
        sizes += np.array([len(pair or "") for pair in pairs], np.int64)
    small = np.flatnonzero(sizes <= _COMPARED)
    spread = small[np.linspace(0, len(small) - 1, min(_SPREAD, len(small))).astype(np.int64)]
    sample: list[int] = sorted({*spread.tolist(), *small[encoded.lost[small] > 0][:_CUT].tolist()})
    expected = by_reference(
        reference, [texts[row] for row in sample], [pairs[row] for row in sample] if pairs else None, max_length
    )
    for place, row in enumerate(sample):
        if _row(expected, place) != _row(encoded, row):
            return row
    return None


def checked_ids(reference: Reference, texts: Sequence[str]) -> Ids:
    """Tokenize N texts fast, without special tokens; where any that is compared comes out differently, by the library.

    Compared are some texts, spread over all.
    """
    made = ids_of(reference, texts)
    small = np.array([row for row, text in enumerate(texts) if len(text) <= _COMPARED], np.int64)
    sample = small[np.linspace(0, len(small) - 1, min(_SPREAD, len(small))).astype(np.int64)]
    expected = by_library(reference.tokenizer, [texts[row] for row in sample.tolist()])
    starts = (np.cumsum(made.lengths) - made.lengths)[sample]
    tokens = made.tokens[stretches(starts, made.lengths[sample])]
    same = np.array_equal(made.lengths[sample], expected.lengths) and np.array_equal(tokens, expected.tokens)
    return made if same else by_library(reference.tokenizer, texts)


def _row(encoded: Encoded, row: int) -> tuple[bytes, bytes, int, int, int]:
    stretch = slice(encoded.offsets[row], encoded.offsets[row + 1])
    counts = int(encoded.lost[row]), int(encoded.content[row]), int(encoded.unknown[row])
    return (encoded.input_ids[stretch].tobytes(), encoded.token_type_ids[stretch].tobytes(), *counts)


def _inputs(texts: Sequence[str], pairs: Sequence[str | None] | None) -> list[str | tuple[str, str]]:
    if not pairs:
        return [*texts]
    return [text if pair is None else (text, pair) for text, pair in zip(texts, pairs, strict=True)]


def _lengths(encodings: Sequence[Encoding]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([len(row) for row in encodings], np.int64)


@contextmanager
def _truncating(reference: Reference, max_length: int) -> Iterator[None]:
    reference.tokenizer.enable_truncation(max_length, strategy="longest_first", direction=reference.side)
    try:
        yield
    finally:
        reference.tokenizer.no_truncation()
