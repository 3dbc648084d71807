"""Rows of words with a tag each: the label on the first token of every word, -100 elsewhere, and the words beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.diagnostics import clip
from sftformat.tokenize.conversation import Fault
from sftformat.tokenize.encode import Ints
from sftformat.tokenize.labels import UNLABELLED, Column, Labels
from sftformat.tokenize.made import Made, lists, sums
from sftformat.tokenize.words import Words, words_of


def tagged(
    rows: Column, target: Column, names: Sequence[str] | None, encode: Callable[[Column], Words], max_length: int
) -> Made:
    """Tokenize rows of words and lay their tags on the tokens that words begin with; every tag must be in `names`.

    A row with a word of which no token comes, or with more or fewer tags than words, has a fault: its tags would be
    lost, or slip.
    """
    rows, target = rows.cast(pa.list_(pa.string())), target.cast(pa.list_(pa.string()))
    words, labelled = encode(rows), np.asarray(pc.is_valid(target))
    counts, tags = np.diff(words_of(rows)[1]), np.diff(words_of(target)[1])
    mismatched = labelled & (counts != tags)
    labels = _labels(words, np.where(labelled & ~mismatched, tags, 0), target, names)
    offsets = words.encoded.offsets
    lost = labelled & ~mismatched & (sums(words.begins >= 0, offsets) == 0)
    wrong = np.flatnonzero((words.bare >= 0) | (counts == 0) | mismatched | lost).tolist()
    return Made(
        words.encoded,
        Labels(lists(offsets, labels), labelled, np.zeros(len(rows), bool)),
        more={"word_index": lists(offsets, words.begins), "words": rows},
        faults={row: _fault(row, words, rows, (counts, tags), max_length) for row in wrong},
    )


def _labels(words: Words, tags: Ints, target: Column, names: Sequence[str] | None) -> Ints:
    """Return the label of every token (T,); `tags` (N,) is how many tags of a row are to be used: all or none."""
    flat, starts = words_of(target)
    value_set = pa.array(names or (), pa.string())
    found: Column = pc.index_in(flat, value_set=value_set)
    ids = np.asarray(pc.fill_null(found, UNLABELLED)).astype(np.int64)
    row = np.repeat(np.arange(len(tags)), np.diff(words.encoded.offsets))
    labels = np.full(len(words.begins), UNLABELLED, np.int64)
    at = np.flatnonzero((words.begins >= 0) & (tags[row] > 0))
    labels[at] = ids[starts[row[at]] + words.begins[at]]
    return labels


def _fault(row: int, words: Words, rows: Column, counts: tuple[Ints, Ints], max_length: int) -> Fault:
    """Say what is wrong with a row."""
    number, tags = (int(each[row]) for each in counts)
    if not number:
        return Fault("SFT503", "a row without a word", "/input", "[]")
    if words.bare[row] >= 0:
        place = int(words.bare[row])
        got = clip(repr(rows[row][place].as_py()))
        said = f"no token is left of word {place + 1}, {got}, so that it could have no tag"
        return Fault(
            "SFT503", said, f"/input/{place}", got, hint="take the word and its tag out, or write it otherwise"
        )
    if number != tags:
        said = f"{_said(number, 'word')}, but {_said(tags, 'tag')}"
        return Fault("SFT230", said, "/target", f"{tags:,}", "length-mismatch", "tag every word")
    return Fault("SFT504", f"no word begins within --max-length {max_length}: no tag is left", "/target")


def _said(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"
