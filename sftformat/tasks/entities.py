"""Tags to entities and back to scores, as `seqeval` has them; all sentences at once.

By default an entity begins and ends wherever its tags let one think so (conlleval): an I- after O begins one. In
strict mode an entity counts only if its tags are whole in the scheme: B- first, and with BIOES an E- last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sftformat.tasks.ragged import Ragged

Ints = NDArray[np.int64]
_TAG = re.compile(r"(?P<letter>[BIESLUM])-(?P<type>.+)", re.DOTALL)
#: The letter behind the type, which is the way of some.
_BEHIND = re.compile(r"(?P<type>.+)-(?P<letter>[BIESLUM])", re.DOTALL)
#: Letters of other schemes (BILOU, BMES) in those of BIOES.
_MEANING = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S"}
_O, _B, _I, _E, _S = range(5)


@dataclass(frozen=True, slots=True)
class Scheme:
    """C tags taken apart: the letter (0 = O, 1 = B, 2 = I, 3 = E, 4 = S) and the type of each; O has type -1."""

    letters: NDArray[np.int8]  # (C,)
    types: Ints  # (C,) positions in `names`
    names: tuple[str, ...]  # of the types

    @property
    def closed(self) -> bool:
        """Whether the end of an entity is tagged: BIOES and its kin."""
        return bool((self.letters >= _E).any())


def scheme_of(labels: Sequence[str]) -> Scheme | None:
    """Take the tags of a label map apart; None unless each is O or a letter of a scheme with a type.

    The type stands behind the letter in all of them, or before it in all of them.
    """
    named = [label for label in labels if label != "O"]
    form = next((each for each in (_TAG, _BEHIND) if named and all(map(each.fullmatch, named))), None)
    if form is None:
        return None
    taken = [form.fullmatch(label) for label in labels]
    names = tuple(sorted({match["type"] for match in taken if match}))
    letters = ["OBIES".index(_MEANING[match["letter"]]) if match else _O for match in taken]
    types = [names.index(match["type"]) if match else -1 for match in taken]
    return Scheme(np.array(letters, np.int8), np.array(types, np.int64), names)


def strangers(labels: Sequence[str]) -> list[str]:
    """Return the tags that keep a label map from being a scheme of entities, where most others are of one."""
    strange = [label for label in labels if label != "O" and not _TAG.fullmatch(label)]
    return strange if 0 < 4 * len(strange) <= len(labels) else []


@dataclass(frozen=True, slots=True)
class Entities:
    """E entities in the order of the words: their first and last word (positions among all), and their types."""

    first: Ints
    last: Ints
    types: Ints


def entities(scheme: Scheme, tags: Ragged, *, strict: bool = False) -> Entities:
    """Find the entities of N sentences of tag ids; none goes over the end of a sentence."""
    letters, types = scheme.letters[tags.values], scheme.types[tags.values]
    edge = np.zeros(len(letters) + 1, bool)
    edge[tags.offsets] = True  # a sentence begins here
    before = np.where(edge[:-1], _O, np.concatenate(([_O], letters[:-1])))  # letter of the word before
    same = ~edge[:-1] & (np.concatenate(([-1], types[:-1])) == types)
    goes_on = np.isin(letters, (_I, _E)) & np.isin(before, (_B, _I)) & same
    first = np.flatnonzero((letters != _O) & ~goes_on)
    ends = np.flatnonzero((letters != _O) & ~np.concatenate((goes_on[1:], [False])))
    found = Entities(first, ends, types[first])
    if not strict:
        return found
    whole = np.isin(letters[first], (_B, _S))
    if scheme.closed:
        whole &= np.where(letters[first] == _S, True, letters[ends] == _E)
    return Entities(found.first[whole], found.last[whole], found.types[whole])


def matches(scheme: Scheme, targets: Ragged, predictions: Ragged, *, strict: bool = False) -> tuple[Ints, Ints]:
    """Count hits, entities that are wrong and entities that are missed: by sentence (N, 3) and by type (types, 3).

    A hit has the same words and the same type.
    """
    true, guess = (entities(scheme, tags, strict=strict) for tags in (targets, predictions))
    last, kind = np.full(len(targets.values), -1, np.int64), np.full(len(targets.values), -1, np.int64)
    last[true.first], kind[true.first] = true.last, true.types
    hit = (last[guess.first] == guess.last) & (kind[guess.first] == guess.types)
    parts = (guess.first[hit], guess.first[~hit], true.first)
    kinds = (guess.types[hit], guess.types[~hit], true.types)
    sentences = [np.searchsorted(targets.offsets, first, side="right") - 1 for first in parts]
    by_row = np.stack([np.bincount(each, minlength=len(targets)) for each in sentences], axis=-1).astype(np.int64)
    by_type = np.stack([np.bincount(each, minlength=len(scheme.names)) for each in kinds], axis=-1).astype(np.int64)
    by_row[:, 2] -= by_row[:, 0]
    by_type[:, 2] -= by_type[:, 0]
    return by_row, by_type
