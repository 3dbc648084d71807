"""Ids of texts by their pieces: each distinct piece is tokenized once, by the reference library or as it does it.

Where pieces do not repeat (random words) this has nothing to gain, so such texts go to the library as they are. Every
slice is judged by a sample of itself, which costs next to nothing, so both ways are taken wherever they are the better.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import compress, repeat
from multiprocessing import parent_process
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer

from sftformat.tokenize.added import Ints
from sftformat.tokenize.cut import Cut, blank_cuts, cut, distinct
from sftformat.tokenize.greedy import Tree, tree_of
from sftformat.tokenize.ids import (
    Ids,
    Texts,
    Tokens,
    buffers_of,
    by_library,
    joined,
    listed,
    slices,
    stretches,
    strings_of,
)
from sftformat.tokenize.load import Reference
from sftformat.tokenize.proof import IDEOGRAPH, Bytes, Cutting, prove
from sftformat.tokenize.sampling import share_of_new

#: A text that goes to the library as it is goes in parts of so many bytes: the library takes some 100 bytes a byte.
_PART = 16 << 10
#: More threads would only wait for each other.
_MOST_THREADS = 8
#: Most pieces that are kept beside the vocabulary, and the most tokens; beyond them, pieces are forgotten.
_MOST, _MOST_TOKENS = 1 << 15, 1 << 20
#: A slice in which more than this share of the bytes is in new pieces is not worth cutting; small slices always are.
_MOST_NEW, _SMALL = 0.3, 64 << 10
#: No sample is looked at behind a slice in which only so little was new: the next is most likely of the same kind.
_LITTLE_NEW = 0.1
#: So many new words at once are worth the tree of the vocabulary.
_MANY = 1000
#: Longer pieces (in bytes) are not kept, and are looked at before the library gets them.
_LONG = 256
#: Letters that any normalizer of BERT makes at least one letter of, and that end no word.
_SURE = "0-9A-Za-zÀ-ÖØ-öø-ÿΑ-ΡΣ-Ωα-ωА-яא-תء-غぁ-ゖァ-ヺ가-힣ก-ะ😀-🙏"
#: What ends a word of ASCII; what is a piece by itself.
_ENDS = bytes(byte for byte in range(0x80) if not chr(byte).isalnum())
_MARK, _ALONE = re.compile("[!-/:-@[-`{-~]"), re.compile("[!-/:-@[-`{-~一-\u9fff]")


@dataclass(slots=True)
class Pieces:
    """What is known of the pieces of one tokenizer: piece s has `counts[s]` ids from `starts[s]` on in `flat`.

    `again` marks those that came in more than one slice. The first `vocabulary` are entries of the tokenizer's own.
    `tree` tokenizes words of ASCII letters and digits, once there were many at a time. `familiar` says that the last
    slice that was cut held little that was new, `in_vain` that it held too much. The only thing here that changes: it
    is filled by one thread at a time and holds a bounded number of pieces.
    """

    tokenizer: Tokenizer
    cutting: Cutting
    slots: dict[bytes, int] = field(default_factory=dict)
    starts: Tokens = field(default_factory=lambda: np.zeros(0, np.int32))
    counts: Tokens = field(default_factory=lambda: np.zeros(0, np.int32))
    again: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    flat: Tokens = field(default_factory=lambda: np.zeros(0, np.int32))
    tree: Tree | None = None
    vocabulary: int = 0
    familiar: bool = False
    in_vain: bool = False
    lock: Lock = field(default_factory=Lock)

    def slice(self, raw: Bytes, rows: Ints) -> Ids:
        """Tokenize texts that lie in `raw` with the bounds `rows`."""
        raw, rows = raw[rows[0] : rows[-1]], rows - rows[0]
        if len(raw) > _SMALL and not self.familiar and self._is_mostly_new(raw):
            return self._as_they_are(raw, rows)
        made = cut(self.cutting, raw, rows)
        keys, codes = distinct(made)
        found = self._look_up(keys, len(raw))
        if found is None:
            return self._as_they_are(raw, rows)
        return _gather(made, codes, *found)

    def _look_up(self, keys: list[bytes], size: int) -> tuple[Tokens, Tokens, Tokens] | None:
        """Return start and count of the ids of pieces, and the ids; None where too much of `size` bytes is new."""
        with self.lock:
            if len(self.slots) - self.vocabulary > _MOST or len(self.flat) > _MOST_TOKENS:
                self._forget()
            slots = self._slots(keys)
            self.again[slots[slots >= 0]] = True
            places = np.flatnonzero(slots < 0)
            new = [keys[place] for place in places.tolist()]
            share = _bytes_of(new) / max(1, size)
            self.familiar = share < _LITTLE_NEW
            self.in_vain = size > _SMALL and share > _MOST_NEW
            if self.in_vain:
                return None
            self._learn(new)
            slots[places] = self._slots(new)
            for piece in new:
                if len(piece) > _LONG:
                    del self.slots[piece]
            return self.starts[slots], self.counts[slots], self.flat

    def _is_mostly_new(self, raw: Bytes) -> bool:
        return share_of_new(self.cutting, self.slots, raw, _LONG, self.in_vain) > _MOST_NEW

    def _slots(self, keys: list[bytes]) -> Tokens:
        return np.fromiter(map(self.slots.get, keys, repeat(-1)), np.int32, len(keys))

    def _learn(self, new: list[bytes]) -> None:
        """Have new pieces tokenized, all but plain words by the library, and keep what comes of it."""
        words = [piece for piece in filter(bytes.isalnum, new) if len(piece) <= _LONG]
        tree = self._tree_for(len(words))
        if tree is not None:
            self.add(words, tree.ids(words))
            new = [piece for piece in new if len(piece) > _LONG or not piece.isalnum()]
        self.add(new, by_library(self.tokenizer, [self._text(piece) for piece in new]))

    def _tree_for(self, words: int) -> Tree | None:
        """Return the tree that tokenizes words of ASCII letters and digits; None where the library is to do it."""
        marks, longest = self.cutting.marks, self.cutting.longest
        if self.tree is None and words >= _MANY and marks is not None and longest is not None:
            self.tree = tree_of(self.tokenizer.get_vocab(with_added_tokens=False), *marks, longest)
        return self.tree

    def _text(self, piece: bytes) -> str:
        """Return the text of a piece; one too long to be a word is cut down to one that is still too long.

        Such a word is the unknown token whatever it holds. Not done where an added token could be in it.
        """
        text, longest = piece.decode(), self.cutting.longest
        if len(piece) <= _LONG or longest is None or self.cutting.closed or piece.translate(None, _ENDS) != piece:
            return text
        if any(pattern.translate(None, _ENDS) == pattern for pattern in self.cutting.patterns):
            return text
        return re.sub(f"[{_SURE}]{{{longest + 1},}}", lambda run: run[0][: longest + 1], text)

    def add(self, new: list[bytes], made: Ids) -> None:
        """Keep pieces that are not known yet, with their ids."""
        self.slots.update(zip(new, range(len(self.starts), len(self.starts) + len(new)), strict=True))
        counts = made.lengths.astype(np.int32)
        starts = len(self.flat) + np.cumsum(counts, dtype=np.int32) - counts
        self.starts = np.concatenate((self.starts, starts))
        self.counts = np.concatenate((self.counts, counts))
        self.again = np.concatenate((self.again, np.zeros(len(new), bool)))
        self.flat = np.concatenate((self.flat, made.tokens))

    def _forget(self) -> None:
        """Forget the pieces that came in no more than one slice; all but the vocabulary, if that is not enough."""
        kept = self.again.copy()
        kept[: self.vocabulary] = True
        if np.count_nonzero(kept) - self.vocabulary > _MOST // 2:
            kept[self.vocabulary :] = False
        held = np.fromiter(self.slots.values(), np.int32, len(self.slots))  # ascending
        stays = kept[held]
        kept[:] = False
        kept[held[stays]] = True
        self.slots = dict(zip(compress(self.slots, stays.tobytes()), range(np.count_nonzero(stays)), strict=True))
        self.flat = self.flat[stretches(self.starts[kept], self.counts[kept])]
        self.counts, self.again = self.counts[kept], np.zeros(np.count_nonzero(kept), bool)
        self.starts = np.cumsum(self.counts, dtype=np.int32) - self.counts

    def _as_they_are(self, raw: Bytes, rows: Ints) -> Ids:
        """Tokenize texts by the library, long ones in parts of about `_PART` bytes."""
        bounds = rows
        if np.diff(rows).max() > _PART:
            cuts = blank_cuts(self.cutting, raw, rows)
            ahead = np.searchsorted(cuts, np.arange(0, rows[-1], _PART))
            bounds = np.union1d(cuts[ahead[ahead < len(cuts)]], rows)
        made = []
        for low, high in slices(bounds):
            texts = strings_of(pa.large_string(), bounds[low : high + 1], raw)
            made.append(by_library(self.tokenizer, texts.to_numpy(zero_copy_only=False).tolist()))
        whole = joined(made)
        ends = np.concatenate(([0], np.cumsum(whole.lengths)))
        return Ids(whole.tokens, np.diff(ends[np.searchsorted(bounds, rows)]))


def _bytes_of(new: list[bytes]) -> int:
    """Return how many bytes pieces have; of those that are too long to be kept not all count."""
    return sum(map(min, map(len, new), repeat(_LONG)))


def _gather(made: Cut, codes: Tokens, starts: Tokens, counts: Tokens, flat: Tokens) -> Ids:
    """Put the ids of the pieces together: piece i is the `codes[i]`-th of the distinct pieces."""
    each = np.take(counts, codes)
    ends: Ints = np.concatenate((np.zeros(1, np.int64), np.cumsum(each, dtype=np.int64)))
    at: Any = np.take(starts, codes)
    if ends[-1] != len(codes) or each.min(initial=1) != 1:
        at = stretches(at, each)
    return Ids(np.take(flat, at), np.diff(ends[made.bounds]))


def ids_of(reference: Reference, texts: Texts, threads: int | None = None) -> Ids:
    """Tokenize N texts (str, or Arrow strings without nulls) as the reference library does without special tokens.

    Equal for any number of threads; None takes the cores of this machine, but one in a process beside others.

    Raises:
        ValueError: a null.
    """
    if isinstance(texts, pa.Array) and texts.null_count:
        raise ValueError(f"{texts.null_count} texts are null")
    pieces = _pieces(reference)
    if pieces is None:
        return by_library(reference.tokenizer, listed(texts))
    raw, rows = buffers_of(texts)
    if threads is None:
        alone = parent_process() is None and os.environ.get("TOKENIZERS_PARALLELISM") != "false"
        threads = min(os.cpu_count() or 1, _MOST_THREADS) if alone else 1
    parts = [rows[low : high + 1] for low, high in slices(rows, threads)]
    if min(threads, len(parts)) < 2:
        return joined([pieces.slice(raw, part) for part in parts])
    with ThreadPoolExecutor(min(threads, len(parts))) as pool:
        return joined(list(pool.map(partial(pieces.slice, raw), parts)))


def is_cut(reference: Reference) -> bool:
    """Whether texts are cut into pieces; else they go to the library as they are, which is slower."""
    return _pieces(reference) is not None


@dataclass(frozen=True, slots=True)
class _Key:
    """A tokenizer, known by its definition."""

    content: bytes
    tokenizer: Tokenizer = field(compare=False)


def _pieces(reference: Reference) -> Pieces | None:
    content = reference.files.get("tokenizer.json")
    return _opened(_Key(content, reference.tokenizer)) if content is not None else None


@lru_cache(maxsize=2)
def _opened(key: _Key) -> Pieces | None:
    """Return the pieces of a tokenizer, kept while this process lives; None where it has to have whole texts."""
    cutting = prove(key.content, key.tokenizer)
    if cutting is None:
        return None
    pieces = Pieces(key.tokenizer, cutting)
    if cutting.longest is not None:
        _enter_vocabulary(pieces, cutting, cutting.longest)
    return pieces


def _enter_vocabulary(pieces: Pieces, cutting: Cutting, longest: int) -> None:
    """Enter the words that are an entry of a WordPiece vocabulary: the whole word is what the model tries first."""
    alone = _ALONE.fullmatch if cutting.kinds[0xE4] == IDEOGRAPH else _MARK.fullmatch
    table = cutting.table.tobytes()
    vocabulary = pieces.tokenizer.get_vocab(with_added_tokens=False)
    inside = [pattern for pattern in cutting.patterns if pattern.isalnum()]
    entries = {piece: number for entry, number in vocabulary.items() if (piece := entry.encode()).isalnum()}
    entries = {piece: number for piece, number in entries.items() if len(piece) <= longest}
    marks = {entry.encode(): number for entry, number in vocabulary.items() if len(entry) == 1 and alone(entry)}
    entries |= {piece: number for piece, number in marks.items() if piece not in cutting.patterns}
    entries = {piece: number for piece, number in entries.items() if piece.translate(table) == piece}
    for pattern in inside:
        entries = {piece: number for piece, number in entries.items() if pattern not in piece}
    pieces.add(list(entries), Ids(np.array([*entries.values()], np.int32), np.ones(len(entries), np.int64)))
    pieces.vocabulary = len(entries)
