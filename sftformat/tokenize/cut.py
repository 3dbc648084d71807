"""Texts to pieces: cut where the tokenizer itself always cuts, on the bytes of all texts at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sftformat.tokenize.added import Ints, around, inside, merged, occurrences
from sftformat.tokenize.ids import strings_of
from sftformat.tokenize.proof import ALONE, BLANK, CLOSED, IDEOGRAPH, WORD, Bytes, Cutting

#: Bytes that do not lead in a blank beyond ASCII (U+0085, U+00A0, U+1680, U+2000 and on, U+3000).
_NO_BLANK = np.ones(256, bool)
_NO_BLANK[[0xC2, 0xE1, 0xE2, 0xE3]] = False


@dataclass(frozen=True, slots=True)
class Cut:
    """The pieces of N texts, P in all.

    text     (B,)   uint8, the pieces one behind the other
    offsets  (P+1,) int32, piece i is `text[offsets[i]:offsets[i + 1]]`
    bounds   (N+1,) int64, text t has the pieces `bounds[t]` to `bounds[t + 1]`
    """

    text: Bytes
    offsets: npt.NDArray[np.int32]
    bounds: Ints


def distinct(made: Cut) -> tuple[list[bytes], npt.NDArray[np.int32]]:
    """Return the distinct pieces, and for every piece which of them it is."""
    coded = strings_of(pa.binary(), made.offsets, made.text).dictionary_encode()
    return coded.dictionary.to_numpy(zero_copy_only=False).tolist(), coded.indices.to_numpy()


def cut(cutting: Cutting, raw: Bytes, rows: Ints) -> Cut:
    """Cut N texts, which lie in `raw` with the bounds `rows` (N+1), into pieces; at most 2 GiB.

    The tokens of a text are those of its pieces, each tokenized by itself, one behind the other.
    """
    return _words(cutting, raw, rows) if cutting.words else _by_blanks(cutting, raw, rows)


def blank_cuts(cutting: Cutting, raw: Bytes, rows: Ints) -> Ints:
    """Return where a text may be cut beside blanks, with the bounds of the texts; sorted, none twice."""
    if cutting.words:
        text = np.take(cutting.table, raw)
        kinds = np.take(cutting.kinds, text)
        return _uncovered(_chunks(kinds, rows), _stretches(cutting, text, kinds, rows))
    cuts = _spaces(cutting, raw, rows)
    return _uncovered(cuts, around(*occurrences(raw, cutting.patterns), cuts, rows))


def _uncovered(cuts: Ints, stretches: tuple[Ints, Ints]) -> Ints:
    """Take out the cuts that lie inside a stretch."""
    low, high = stretches
    if not low.size:
        return cuts
    at = np.searchsorted(low, cuts) - 1
    kept: Ints = cuts[(at < 0) | (cuts >= high[at])]
    return kept


def _words(cutting: Cutting, raw: Bytes, rows: Ints) -> Cut:
    text = np.take(cutting.table, raw)
    kinds = np.take(cutting.kinds, text)
    low, high = _stretches(cutting, text, kinds, rows)
    if cutting.kinds[0xE4] == IDEOGRAPH:
        _close_ideographs(kinds, raw)
    start = kinds >= ALONE
    word = kinds == WORD
    start[1:] |= word[1:] & (kinds[:-1] != WORD)
    keep = kinds != BLANK
    first = rows[:-1][np.diff(rows) > 0]
    start[first] |= keep[first]
    if low.size:
        held = inside(low, high, len(raw))
        text, keep, start = np.where(held, raw, text), keep | held, start & ~held
        start[low] = True
    places = np.flatnonzero(start)
    offsets = np.append(np.flatnonzero(start[keep]), np.count_nonzero(keep)).astype(np.int32)
    return Cut(text[keep], offsets, np.searchsorted(places, rows))


def _close_ideographs(kinds: Bytes, raw: Bytes) -> None:
    """Mark U+4E00 to U+9FFF, which stand alone; what else begins with their lead bytes belongs to words."""
    leads = np.flatnonzero(kinds == IDEOGRAPH)
    if not leads.size:
        return
    early = (raw[leads] == 0xE4) & (raw[leads + 1] < 0xB8)
    kinds[leads[early]] = WORD
    leads = leads[~early]
    kinds[leads + 1], kinds[leads + 2] = CLOSED, CLOSED


def _chunks(kinds: Bytes, rows: Ints) -> Ints:
    """Return where something begins behind blanks, with the bounds of the texts."""
    keep = kinds != BLANK
    begins = np.zeros(len(kinds) + 1, bool)
    begins[1:-1] = keep[1:] & ~keep[:-1]
    begins[rows] = True
    return np.flatnonzero(begins)


def _stretches(cutting: Cutting, text: Bytes, kinds: Bytes, rows: Ints) -> tuple[Ints, Ints]:
    """Return the stretches to which no cut may come: around added tokens, and where one may appear by normalization."""
    starts, ends = occurrences(text, cutting.patterns)
    changing = np.zeros(0, np.int64)
    if cutting.closed:
        changing = np.flatnonzero((text >= 0x7F) | ((text < 0x20) & (kinds != BLANK)))
    if not starts.size and not changing.size:
        return starts, ends
    cuts = _chunks(kinds, rows)
    low, high = around(starts, ends, cuts, rows)
    at = np.searchsorted(cuts, changing, "right")
    return merged(np.concatenate((low, cuts[at - 1])), np.concatenate((high, cuts[at])))


def _by_blanks(cutting: Cutting, raw: Bytes, rows: Ints) -> Cut:
    offsets = blank_cuts(cutting, raw, rows)
    return Cut(raw, offsets.astype(np.int32), np.searchsorted(offsets, rows))


def _spaces(cutting: Cutting, raw: Bytes, rows: Ints) -> Ints:
    """Return the places of spaces behind a character that is surely no blank, with the bounds of the texts."""
    spaces = np.flatnonzero(raw[1:] == 0x20) + 1
    before = raw[spaces - 1]
    behind = (before > 0x20) & (before < 0x7F)
    if cutting.wide:
        known = _NO_BLANK[raw[np.maximum(spaces - 2, 0)]] & _NO_BLANK[raw[np.maximum(spaces - 3, 0)]]
        behind |= (before > 0x7F) & known
    begins = np.zeros(len(raw) + 1, bool)
    begins[spaces[behind]] = True
    begins[rows] = True
    return np.flatnonzero(begins)
