"""Rows of words to token ids: what the reference library gives with `is_pretokenized=True`, and where words begin.

Every word is tokenized by itself there, so each distinct word is tokenized once and rows are gathered from the words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Encoding

from sftformat.tokenize.encode import Encoded, Ints, require_room
from sftformat.tokenize.ids import stretches
from sftformat.tokenize.labels import Column
from sftformat.tokenize.load import Reference
from sftformat.tokenize.template import Template

#: What `begins` says of a token that is not the first of a word.
WITHIN = -1
#: Rows of a file that are compared with the reference: spread over its first rows, and the first that were cut.
_SPREAD, _CUT = 64, 16
#: Longer rows (in bytes) are not compared: the reference library takes some 100 bytes a byte for each look.
_COMPARED = 1 << 16


@dataclass(frozen=True, slots=True)
class Words:
    """N rows of words as ids, special tokens and truncation included; T tokens in all.

    begins  (T,) int32, the number of the word in its row, from 0, that begins with this token; WITHIN elsewhere
    bare    (N,) int64, the first word of a row of which no token comes; -1 where each word gives one
    """

    encoded: Encoded
    begins: npt.NDArray[np.int32]
    bare: Ints


WordEncoder = Callable[[Reference, Column, int], Words]


@dataclass(frozen=True, slots=True)
class _Rows:
    """W words of N rows: row i has the words `offsets[i]:offsets[i + 1]`, `sizes` (W,) are their numbers of tokens."""

    offsets: Ints
    sizes: Ints

    def sums(self, values: Ints) -> Ints:
        """Return the sum of a value of the words over each row: (N,)."""
        below = np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
        return below[self.offsets[1:]] - below[self.offsets[:-1]]

    def bare(self) -> Ints:
        """Return the first word of each row that has no token, or -1."""
        empty = np.flatnonzero(self.sizes == 0)
        rows = np.searchsorted(self.offsets, empty, side="right") - 1
        found = np.full(len(self.offsets) - 1, -1, np.int64)
        found[rows[::-1]] = (empty - self.offsets[rows])[::-1]  # the first of a row is written last
        return found

    def begins(self) -> npt.NDArray[np.int32]:
        """Return for each token, special ones aside, the number of the word that begins there, or WITHIN."""
        made = np.full(int(self.sizes.sum()), WITHIN, np.int32)
        there = np.flatnonzero(self.sizes)
        numbers = np.arange(len(self.sizes)) - np.repeat(self.offsets[:-1], np.diff(self.offsets))
        made[(np.cumsum(self.sizes) - self.sizes)[there]] = numbers[there]
        return made


def words_of(rows: Column) -> tuple[Column, Ints]:
    """Return the words of a column of lists, one after the other, and where each row begins: (N + 1,).

    A word that is null is an empty one, and a row that is null has no words.
    """
    lengths: Column = pc.list_value_length(rows)
    sizes = np.asarray(pc.fill_null(lengths, 0)).astype(np.int64)
    flat: Column = pc.list_flatten(rows).cast(pa.string())
    return pc.fill_null(flat, ""), np.concatenate(([0], np.cumsum(sizes)))


def encode_words(reference: Reference, rows: Column, max_length: int) -> Words:
    """Encode rows of words (list<string>), cut to `max_length` tokens. Needs `reference.single`.

    Raises:
        UsageError: `max_length` leaves no room beside the special tokens.
    """
    template = reference.single
    if template is None:
        raise ValueError("this tokenizer follows no template: use words_by_reference")
    require_room(np.full(len(rows), max_length - template.special), max_length)
    flat, offsets = words_of(rows)
    coded = flat.dictionary_encode()
    codes = np.asarray(coded.indices).astype(np.int64)
    pieces, sizes = _distinct(reference, coded.dictionary)
    starts = np.cumsum(sizes) - sizes
    words = _Rows(offsets, sizes[codes])
    tokens = pieces[stretches(starts[codes], sizes[codes])]
    content = words.sums(words.sizes)
    keep = np.minimum(content, max_length - template.special)
    ends = np.cumsum(content)
    first = ends - keep if reference.side == "left" else ends - content
    source, unknown = stretches(first, keep), np.zeros(len(rows), np.int64)
    if reference.unk_id is not None:
        unknown = words.sums(_unknown(pieces, sizes, reference.unk_id)[codes])
    ids, types, begins = _lay(template, keep, tokens[source], words.begins()[source])
    full, lost = content + template.special, content - keep
    made = Encoded(ids, types, np.concatenate(([0], np.cumsum(full - lost))), full, lost, content, unknown)
    return Words(made, begins, words.bare())


def _distinct(reference: Reference, words: Column) -> tuple[npt.NDArray[np.int32], Ints]:
    """Tokenize each word by itself: the tokens of all, one after the other, and how many each has."""
    inputs = [[word] for word in words.to_pylist()]
    made = reference.tokenizer.encode_batch_fast(inputs, is_pretokenized=True, add_special_tokens=False)
    sizes = np.array([len(each) for each in made], np.int64)
    return np.fromiter(chain.from_iterable(each.ids for each in made), np.int32, int(sizes.sum())), sizes


def _unknown(pieces: npt.NDArray[np.int32], sizes: Ints, unknown: int) -> Ints:
    below = np.concatenate((np.zeros(1, np.int64), np.cumsum(pieces == unknown)))
    ends = np.cumsum(sizes)
    counts: Ints = below[ends] - below[ends - sizes]
    return counts


def _lay(
    template: Template, keep: Ints, tokens: npt.NDArray[np.int32], begins: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8], npt.NDArray[np.int32]]:
    """Put the special tokens around the `keep` tokens of each row: ids, type ids and begins."""
    sizes = keep + template.special
    at, total = np.cumsum(sizes) - sizes, int(sizes.sum())
    ids, types = np.zeros(total, np.int32), np.zeros(total, np.int8)
    laid = np.full(total, WITHIN, np.int32)
    for part in template.parts:
        if part.sequence is None:
            ids[at], types[at] = part.token, part.type_id
            at = at + 1
            continue
        target = stretches(at, keep)
        ids[target], types[target], laid[target] = tokens, part.type_id, begins
        at = at + keep
    return ids, types, laid


def words_by_reference(reference: Reference, rows: Column, max_length: int) -> Words:
    """Encode as `encode_words` does, with the reference library alone: truncation and special tokens are its own.

    Raises:
        UsageError: `max_length` leaves no room beside the special tokens.
    """
    tokenizer = reference.tokenizer
    require_room(np.full(len(rows), max_length - tokenizer.num_special_tokens_to_add(False)), max_length)
    flat, offsets = words_of(rows)
    texts = flat.to_pylist()
    inputs = [texts[start:stop] for start, stop in pairwise(offsets)]
    whole = tokenizer.encode_batch(inputs, is_pretokenized=True)
    tokenizer.enable_truncation(max_length, strategy="longest_first", direction=reference.side)
    try:
        cut = tokenizer.encode_batch(inputs, is_pretokenized=True)
    finally:
        tokenizer.no_truncation()
    found = [_word_numbers(each) for each in whole]
    words = _Rows(offsets, _sizes(found, offsets))
    begins, start = [], 0
    every = words.begins()
    for each, numbers in zip(cut, found, strict=True):
        begins.append(_begins_kept(each, every[start : start + len(numbers)], reference.side))
        start += len(numbers)
    full, kept = np.array([len(each) for each in whole], np.int64), np.array([len(each) for each in cut], np.int64)
    made = Encoded(
        np.fromiter(chain.from_iterable(each.ids for each in cut), np.int32, int(kept.sum())),
        np.fromiter(chain.from_iterable(each.type_ids for each in cut), np.int8, int(kept.sum())),
        np.concatenate((np.zeros(1, np.int64), np.cumsum(kept))),
        full,
        full - kept,
        np.array([len(numbers) for numbers in found], np.int64),
        np.array([_count_unknown(each, reference.unk_id) for each in whole], np.int64),
    )
    return Words(made, np.concatenate([np.empty(0, np.int32), *begins]).astype(np.int32), words.bare())


def _word_numbers(encoding: Encoding) -> list[int]:
    """Return the number of the word of each token that is not special."""
    return [number for number in encoding.word_ids if number is not None]


def _sizes(found: Sequence[Sequence[int]], offsets: Ints) -> Ints:
    """Count the tokens of every word of all rows: (W,)."""
    places = [np.array(numbers, np.int64) + start for numbers, start in zip(found, offsets[:-1], strict=True)]
    flat = np.concatenate([np.empty(0, np.int64), *places])
    return np.bincount(flat, minlength=int(offsets[-1])).astype(np.int64)


def _begins_kept(encoding: Encoding, begins: npt.NDArray[np.int32], side: str) -> npt.NDArray[np.int32]:
    """Return the begins of a row that was cut, special tokens included, from those of the whole row."""
    content = np.array([number is not None for number in encoding.word_ids], bool)
    keep, made = int(content.sum()), np.full(len(content), WITHIN, np.int32)
    made[content] = begins[len(begins) - keep :] if side == "left" else begins[:keep]
    return made


def _count_unknown(encoding: Encoding, unknown: int | None) -> int:
    if unknown is None:
        return 0
    pairs = zip(encoding.ids, encoding.word_ids, strict=True)
    return sum(token == unknown and number is not None for token, number in pairs)


def choose_words(reference: Reference, rows: Column, max_length: int) -> tuple[WordEncoder, str, Words]:
    """Return `encode_words` if it agrees with the reference library on these rows, else the library and why.

    With it comes what it makes of these rows.
    """
    why = "its special tokens follow no template"
    if reference.single is not None:
        made = encode_words(reference, rows, max_length)
        row = differing_words(reference, made, rows, max_length)
        if row is None:
            return encode_words, "", made
        why = f"row {row + 1} came out differently"
    return words_by_reference, why, words_by_reference(reference, rows, max_length)


def words_checked(reference: Reference, rows: Column, max_length: int) -> Words:
    """Encode fast; rows of which any that is compared comes out differently go through the reference library."""
    return choose_words(reference, rows, max_length)[2]


def differing_words(reference: Reference, words: Words, rows: Column, max_length: int) -> int | None:
    """Compare a sample of rows with the reference; return the first row that differs in any number."""
    flat, offsets = words_of(rows)
    below = np.concatenate(([0], np.cumsum(np.asarray(pc.binary_length(flat)).astype(np.int64))))
    small = np.flatnonzero(below[offsets[1:]] - below[offsets[:-1]] <= _COMPARED)
    spread = small[np.linspace(0, len(small) - 1, min(_SPREAD, len(small))).astype(np.int64)]
    sample = sorted({*spread.tolist(), *small[words.encoded.lost[small] > 0][:_CUT].tolist()})
    expected = words_by_reference(reference, rows.take(pa.array(sample, pa.int64())), max_length)
    for place, row in enumerate(sample):
        if _row(expected, place) != _row(words, row):
            return int(row)
    return None


def _row(words: Words, row: int) -> tuple[bytes, bytes, bytes, int, int, int, int]:
    made = words.encoded
    stretch = slice(made.offsets[row], made.offsets[row + 1])
    counts = int(made.lost[row]), int(made.content[row]), int(made.unknown[row]), int(words.bare[row])
    ids, types = made.input_ids[stretch].tobytes(), made.token_type_ids[stretch].tobytes()
    return (ids, types, words.begins[stretch].tobytes(), *counts)
