"""Texts to token ids: exactly what the reference library gives, laid out in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sftformat.errors import UsageError
from sftformat.tokenize.ids import Texts, stretches
from sftformat.tokenize.load import Reference
from sftformat.tokenize.pieces import ids_of
from sftformat.tokenize.template import Template

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """N texts (or pairs) as ids, special tokens and truncation included; T is the sum of their lengths.

    input_ids       (T,)   int32
    token_type_ids  (T,)   int8
    offsets         (N+1,) int64, row i is `input_ids[offsets[i]:offsets[i + 1]]`
    full            (N,)   int64, tokens before truncation, special tokens included
    lost            (N,)   int64, tokens cut off
    content         (N,)   int64, tokens before truncation that come from the text
    unknown         (N,)   int64, how many of `content` are the unknown token
    first           (N,)   int64, how many of `content` are of the first text; None where rows are no texts
    """

    input_ids: npt.NDArray[np.int32]
    token_type_ids: npt.NDArray[np.int8]
    offsets: Ints
    full: Ints
    lost: Ints
    content: Ints
    unknown: Ints
    first: Ints | None = None

    def __len__(self) -> int:
        return len(self.full)


@dataclass(frozen=True, slots=True)
class _Flat:
    """Tokens of one text a row, without special tokens: row i is `tokens[starts[i]:starts[i] + lengths[i]]`."""

    tokens: npt.NDArray[np.int32]
    starts: Ints
    lengths: Ints
    unknown: Ints


def encode(reference: Reference, texts: Texts, pairs: Sequence[str | None] | None, max_length: int) -> Encoded:
    """Encode texts, each with its pair where that is not None, cut to `max_length` tokens, longest text first.

    Tokens come from `pieces`, without special tokens; truncation and special tokens are done here, for all rows at
    once. Needs `reference.single` and `reference.pair` (`exact.by_reference` needs neither).

    Raises:
        UsageError: `max_length` leaves no room beside the special tokens.
    """
    single, double = reference.single, reference.pair
    if single is None or double is None:
        raise ValueError("this tokenizer follows no template: use exact.by_reference")
    paired = np.array([pair is not None for pair in pairs], bool) if pairs else np.zeros(len(texts), bool)
    room = np.where(paired, max_length - double.special, max_length - single.special)
    require_room(room, max_length)
    first = _flat(reference, texts, np.arange(len(texts)), len(texts))
    second = _flat(reference, [p for p in pairs or () if p is not None], np.flatnonzero(paired), len(texts))
    keep = truncate(first.lengths, second.lengths, room, paired)
    content = first.lengths + second.lengths
    full = content + np.where(paired, double.special, single.special)
    lost = content - keep[0] - keep[1]
    offsets = np.concatenate(([0], np.cumsum(full - lost)))
    ids, types = np.zeros(offsets[-1], np.int32), np.zeros(offsets[-1], np.int8)
    for rows, template in ((np.flatnonzero(~paired), single), (np.flatnonzero(paired), double)):
        _lay(ids, types, offsets[rows], template, rows, (first, second), keep, reference.side)
    return Encoded(ids, types, offsets, full, lost, content, first.unknown + second.unknown, first.lengths)


def require_room(room: Ints, max_length: int) -> None:
    """Refuse a `max_length` that leaves no token of some row's text; `room` is what it leaves in each row.

    Raises:
        UsageError: no room.
    """
    if room.size and room.min() < 1:
        raise UsageError(f"--max-length {max_length}: leaves no room beside the special tokens")


def _flat(reference: Reference, texts: Texts, rows: Ints, count: int) -> _Flat:
    """Tokenize texts that stand in `rows` of `count` rows; the other rows have no tokens."""
    found = ids_of(reference, texts)
    tokens, lengths = found.tokens, found.lengths
    ends = np.cumsum(lengths)
    unknown = np.flatnonzero(tokens == reference.unk_id) if reference.unk_id is not None else np.zeros(0, np.int64)
    flat = _Flat(tokens, np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64))
    flat.starts[rows], flat.lengths[rows] = ends - lengths, lengths
    flat.unknown[rows] = np.searchsorted(unknown, ends) - np.searchsorted(unknown, ends - lengths)
    return flat


def truncate(first: Ints, second: Ints, room: Ints, paired: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return how many tokens of both texts are kept so that their sum fits `room`: `longest_first`.

    As `tokenizers` does it (`truncate_encodings` in utils/truncation.rs): the longer gives first; once both are equal
    the first text keeps `room // 2` and the second the rest, or the reverse if the first was the longer.
    """
    short, long = np.minimum(first, second), np.maximum(first, second)
    long = np.where(short > room, short, np.maximum(short, room - short))
    halve = short + long > room
    short, long = np.where(halve, room // 2, short), np.where(halve, room // 2 + room % 2, long)
    swapped = first > second
    kept = np.where(swapped, long, short), np.where(swapped, short, long)
    over = first + second > room
    alone = np.where(over, np.minimum(first, room), first)
    return np.where(paired & over, kept[0], alone), np.where(paired & over, kept[1], second)


def _lay(
    ids: npt.NDArray[np.int32],
    types: npt.NDArray[np.int8],
    at: Ints,
    template: Template,
    rows: Ints,
    texts: tuple[_Flat, _Flat],
    keep: tuple[Ints, Ints],
    side: str,
) -> None:
    """Write the rows of one template into the output, each beginning at its place in `at`."""
    if not rows.size:
        return
    for part in template.parts:
        if part.sequence is None:
            ids[at], types[at] = part.token, part.type_id
            at = at + 1
            continue
        text, count = texts[part.sequence], keep[part.sequence][rows]
        start = text.starts[rows] + (text.lengths[rows] - count if side == "left" else 0)
        tokens = text.tokens[stretches(start, count)]
        target = stretches(at, count)
        ids[target], types[target] = tokens, part.type_id
        at = at + count
