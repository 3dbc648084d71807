"""WordPiece for many words of ASCII letters and digits at once: the longest entry first, then the longest behind it.

The reference library takes some microseconds for a word; here all words go down the tree of the vocabulary together,
from each of their letters, a letter a step. What it makes of a word is the same: an entry of the vocabulary that the
word begins with, then one that continues a word, as long as possible each time; where there is none, or where the word
has too many letters, the unknown token alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sftformat.tokenize.ids import Ids, Tokens

#: States of the tree: nothing goes on from here; a word begins; a word goes on.
_NOWHERE, _BEGIN, _WITHIN = range(3)


@dataclass(frozen=True, slots=True)
class Tree:
    """The entries of a vocabulary that are of ASCII letters and digits, those that continue a word without their mark.

    letters  (256,) intp, the number of each byte, 0 for those that no entry holds
    after    (S * letters,) int32, the state that a letter leads to from a state; `_NOWHERE` where there is none
    token    (S,) int32, the entry that ends in a state; -1 where none does
    unknown  the token of a word that is not made of entries; `longest` is the most letters that a word may have
    """

    letters: npt.NDArray[np.intp]
    after: npt.NDArray[np.int32]
    token: npt.NDArray[np.int32]
    unknown: int
    longest: int

    def ids(self, words: Sequence[bytes]) -> Ids:
        """Tokenize N words, none empty, of ASCII letters and digits."""
        whole = np.frombuffer(b"\0".join([*words, b""]), np.uint8)
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        ends = np.cumsum(lengths + 1) - 1
        token, reach = self._entries(self.letters.take(whole), ends - lengths)
        owner = np.flatnonzero(lengths <= self.longest)
        here = (ends - lengths)[owner]
        made: list[tuple[Any, Tokens]] = []
        counts, bad = np.zeros(len(words), np.int64), lengths > self.longest
        while len(owner):
            step = reach.take(here)
            if not step.all():
                bad[owner[step == 0]] = True
                owner, here, step = owner[step > 0], here[step > 0], step[step > 0]
            made.append((owner, token.take(here)))
            counts[owner] += 1
            here = here + step
            more = np.flatnonzero(here < ends[owner])
            owner, here = owner[more], here[more]
        counts[bad] = 1
        starts = np.cumsum(counts) - counts
        tokens = np.full(int(counts.sum()), self.unknown, np.int32)
        for number, (owner, found) in enumerate(made):
            good = np.flatnonzero(~bad[owner])
            tokens[starts[owner[good]] + number] = found[good]
        return Ids(tokens, counts)

    def _entries(self, letters: npt.NDArray[np.intp], starts: Any) -> tuple[Tokens, Tokens]:
        """Return the longest entry that stands at each letter, and its length; 0 where none does."""
        token, reach = np.zeros(len(letters), np.int32), np.zeros(len(letters), np.int32)
        state = np.full(len(letters), _WITHIN, np.int32)
        state[starts] = _BEGIN
        at, depth, width = np.arange(len(letters)), 0, len(self.after) // len(self.token)
        while len(at):
            state = self.after.take(state * width + letters.take(at + depth))
            alive = np.flatnonzero(state)
            at, state, depth = at[alive], state[alive], depth + 1
            found = self.token.take(state)
            here = np.flatnonzero(found >= 0)
            token[at[here]], reach[at[here]] = found[here], depth
        return token, reach


def tree_of(vocabulary: Mapping[str, int], inner: str, unknown: str, longest: int) -> Tree:
    """Return the tree of a WordPiece vocabulary whose entries that continue a word begin with `inner`."""
    cut = len(inner)
    entries = [(entry, number, _BEGIN) for entry, number in vocabulary.items()]
    entries += [(entry[cut:], number, _WITHIN) for entry, number, _ in entries if entry.startswith(inner)]
    entries = [each for each in entries if each[0].isascii() and each[0].isalnum()]
    texts = np.array([entry.encode() for entry, _, _ in entries], bytes)
    padded = texts.view(np.uint8).reshape(len(texts), texts.itemsize)
    known = np.unique(padded[padded > 0])
    letters = np.zeros(256, np.intp)
    letters[known] = np.arange(1, len(known) + 1)
    width, count = len(known) + 1, _WITHIN + 1
    state, steps = np.array([root for _, _, root in entries], np.int64), [np.zeros(0, np.int64)]
    for depth in range(texts.itemsize):
        goes_on = np.flatnonzero(padded[:, depth])
        step, which = np.unique(state[goes_on] * width + letters[padded[goes_on, depth]], return_inverse=True)
        state[goes_on] = count + which
        steps.append(step)
        count += len(step)
    after, token = np.zeros(count * width, np.int32), np.full(count, -1, np.int32)
    after[np.concatenate(steps)] = np.arange(_WITHIN + 1, count)
    token[state] = [number for _, number, _ in entries]
    return Tree(letters, after, token, vocabulary[unknown], longest)
