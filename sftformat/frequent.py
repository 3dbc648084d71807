"""What a tagger must beat: every word gets the tag that it has most often in train."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sftformat.loader import Split
from sftformat.tasks.ragged import Ragged

NAME = "most frequent tag of each word"


def frequent_tags(train: Split, split: Split, rows: NDArray[np.int64]) -> Ragged:
    """Return the tag that each word of rows of a split has most often in train, the first in the label map of equals.

    A word that train does not have, written just so, gets the commonest tag of all.
    """
    learned = np.flatnonzero(train.labelled)
    tags, classes = train.targets[learned].values, len(train.labels or ())
    coded = _words(train, learned).dictionary_encode()
    pairs, counts = np.unique(np.asarray(coded.indices, np.int64) * classes + tags, return_counts=True)
    word, tag = np.divmod(pairs, classes)
    order = np.lexsort((tag, -counts, word))
    first = np.flatnonzero(np.diff(word[order], prepend=-1))
    best = tag[order][first]  # by the code of the word
    found: Any = pc.index_in(_words(split, rows), value_set=coded.dictionary)
    place = np.asarray(pc.fill_null(found, -1), np.int64)
    guess = np.where(place >= 0, best[place], np.bincount(tags, minlength=classes).argmax())
    made: Ragged = split.targets[rows].of_values(guess)
    return made


def _words(split: Split, rows: NDArray[np.int64]) -> Any:
    """Return the words of rows that the targets are of, one after the other."""
    assert split.words is not None
    assert split.numbers is not None
    sizes = np.asarray(pc.list_value_length(split.words)).astype(np.int64)
    numbers = split.numbers[rows]
    places = np.repeat((np.cumsum(sizes) - sizes)[rows], numbers.counts) + numbers.values
    flat: Any = pc.list_flatten(split.words)
    taken = flat.take(pa.array(places))
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken
