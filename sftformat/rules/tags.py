"""Which tag follows which: enough to tell the scheme of a data set and what breaks it, and small whatever its size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sftformat.rules.texts import Array, flat

#: Distinct pairs of neighbouring tags counted; beyond, they are no tags of a scheme.
STEPS = 20_000
#: Stands for the beginning and for the end of a sequence.
EDGE = ""

Step = tuple[str, str]


def steps(target: Array) -> Iterator[tuple[Step, int, int]]:
    """Yield each pair of neighbouring tags of a column of sequences, how often it is there, and its first row.

    Every sequence has one more pair than tags: EDGE stands before the first and behind the last. A null sequence has
    none. The order is that of the data.
    """
    values, offsets = flat(target)
    encoded = values.dictionary_encode()
    names = [EDGE, *encoded.dictionary.to_pylist()]
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1
    given = np.flatnonzero(target.is_valid().to_numpy(zero_copy_only=False))
    padded = np.zeros(len(codes) + len(given) + 1, np.int64)  # an edge before each sequence, and one behind the last
    sizes = np.diff(offsets)[given]
    padded[np.arange(len(codes)) + np.repeat(np.arange(1, len(given) + 1), sizes)] = codes
    owners = np.repeat(given, sizes + 1)
    both = padded[:-1] * len(names) + padded[1:]
    found, first, counts = np.unique(both, return_index=True, return_counts=True)
    for index in np.argsort(first).tolist():
        before, after = divmod(int(found[index]), len(names))
        yield (names[before], names[after]), int(counts[index]), int(owners[first[index]])


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag taken apart: `B` and `PER` of `B-PER` and `PER-B`; the type of `O`, an edge and a bare letter is ""."""

    prefix: str
    type: str


_TAG = re.compile(r"([BIESLUM])(?:[-_](.+))?", re.DOTALL)
_BEHIND = re.compile(r"(.+)[-_]([BIESLUM])", re.DOTALL)
#: What each letter means: begin, inside, end, single.
_MEANING = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S"}
#: At most this share of the tags that are not O may be none of the scheme; else they are no chunks (parts of speech).
STRANGE_SHARE = 0.01


def tag(name: str) -> Tag | None:
    """Take a tag apart; None when it is neither O nor a letter of a scheme, alone or with a type behind it."""
    if name in (EDGE, "O"):
        return Tag("O", "")
    letter, kind = _apart(name)
    return Tag(_MEANING[letter], kind) if letter else None


def _apart(name: str) -> tuple[str, str]:
    """Return letter and type of a tag, the letter in front or behind; two empty texts where it has none."""
    if match := _TAG.fullmatch(name):
        return match[1], match[2] or ""
    behind = _BEHIND.fullmatch(name)
    return (behind[2], behind[1]) if behind else ("", "")


def with_letter(letter: str, name: str) -> str:
    """Return the tag with another letter, where a tag has it in this one: `B-PER` of `I-PER`, `PER-B` of `PER-I`."""
    return letter + name[1:] if _TAG.fullmatch(name) else name[:-1] + letter


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the entities of a data set are tagged: its name in messages, and what may not follow what.

    `closed` says that an entity has its end marked (BIOES, BILOU, BMES). Otherwise `opens` is the letter that entities
    begin with: B in IOB2, I in IOB1, where B only parts two neighbours of one type.
    """

    name: str
    closed: bool
    opens: str = "B"

    def breaks(self, before: Tag, after: Tag) -> bool:
        """Tell whether a tag (O also at the edges) may not stand before another."""
        goes_on = before.prefix in ("B", "I") and before.type == after.type
        if self.closed:
            open_entity = before.prefix in ("B", "I")
            return open_entity != (after.prefix in ("I", "E")) or (open_entity and not goes_on)
        return after.prefix == ("I" if self.opens == "B" else "B") and not goes_on


#: The letters of each scheme that marks where an entity ends.
_CLOSED = {"BIOES": "BIES", "BILOU": "BILU", "BMES": "BMES"}


def scheme(counts: Mapping[Step, int]) -> Scheme | None:
    """Return the scheme that the tags of a data set follow; None when they follow none for sure.

    A share of STRANGE_SHARE may be no tags of it: without a letter, or with one of another scheme.
    """
    tokens: Counter[str] = Counter()
    for (_, name), count in counts.items():
        tokens[name] += count
    strange = sum(count for name, count in tokens.items() if tag(name) is None)
    letters: Counter[str] = Counter()
    for name, count in tokens.items():
        if letter := _apart(name)[0]:
            letters[letter] += count
    most = STRANGE_SHARE * (strange + letters.total()) - strange
    if most < 0:
        return None
    if _foreign(letters, "BI") <= most:
        return _open_scheme(counts)
    name = min(_CLOSED, key=lambda name: _foreign(letters, _CLOSED[name]))
    ended = {known.type for each in tokens if (known := tag(each)) and known.prefix == "E"}
    begun = {known.type for each in tokens if (known := tag(each)) and known.prefix == "B"}
    return Scheme(name, closed=True) if _foreign(letters, _CLOSED[name]) <= most and ended & begun else None


def _foreign(letters: Mapping[str, int], alphabet: str) -> int:
    return sum(count for letter, count in letters.items() if letter not in alphabet)


def _open_scheme(counts: Mapping[Step, int]) -> Scheme | None:
    """Tell IOB2 from IOB1 by the letter that most entities begin with; with one letter only nothing can be wrong."""
    begun: Counter[str] = Counter()
    for (before, after), count in counts.items():
        one, other = tag(before), tag(after)
        if one and other and other.prefix != "O" and not (one.type == other.type and one.prefix in ("B", "I")):
            begun[other.prefix] += count
    if not begun["B"] or not begun["I"]:
        return None
    return Scheme("IOB2", False, "B") if begun["B"] >= begun["I"] else Scheme("IOB1", False, "I")
