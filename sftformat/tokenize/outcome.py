"""What the tokenization of one unit did: counts that add up, kept beside the unit until the commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TypeVar

import msgspec

from sftformat.record import Reject


@dataclass(frozen=True, slots=True)
class Bounds:
    """The smallest and the largest value of a column."""

    min: int | float
    max: int | float


def join(*bounds: Bounds | None) -> Bounds | None:
    """Return the bounds of all of them; None when there are none."""
    there = [bound for bound in bounds if bound is not None]
    return Bounds(min(b.min for b in there), max(b.max for b in there)) if there else None


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over rows. `read = written + rejected + filtered`.

    `lengths` is the histogram (length, rows) before truncation, special tokens included, of the rows that have tokens;
    `cut`, `lost`, `content` and `unknown` count those rows too, written or not. `pairs` (rows with a second text),
    `tokens`, `truncated` and `tokens_lost` count written rows. All lengths are in tokens.

    Where the target is text, `aimed` counts the tokens that are trained on before truncation, `aimed_lost` those that
    are cut off and `aimed_cut` the rows that lose some; `longest_aim` is the longest target before truncation. Of
    written rows, `trained` counts the tokens that are trained on and `longest_target` is the longest column `labels`.
    `windows` counts rows of the Arrow file: a row that was made windows is several.
    `packs` are the rows of the Arrow file where several rows are packed into one, else 0. `weighed` counts, of written
    rows of a causal model, those whose weight is not 1.
    """

    read: int = 0
    written: int = 0
    windows: int = 0
    rejected: int = 0
    filtered: int = 0
    unlabelled: int = 0
    pairs: int = 0
    tokens: int = 0
    truncated: int = 0
    tokens_lost: int = 0
    cut: int = 0
    lost: int = 0
    content: int = 0
    unknown: int = 0
    all_unknown: int = 0
    aimed: int = 0
    aimed_lost: int = 0
    aimed_cut: int = 0
    trained: int = 0
    packs: int = 0
    weighed: int = 0
    longest: int = 0
    longest_aim: int = 0
    longest_target: int = 0
    input_ids: Bounds | None = None
    labels: Bounds | None = None
    lengths: tuple[tuple[int, int], ...] = ()
    codes: tuple[tuple[str, int], ...] = ()


K = TypeVar("K", int, str)

_SUMMED = [field.name for field in fields(Counts) if field.default == 0 and not field.name.startswith("longest")]
_LARGEST = ("longest", "longest_aim", "longest_target")


def add(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts; the order does not matter."""
    rows = list(counts)
    return Counts(
        **{name: sum(getattr(row, name) for row in rows) for name in _SUMMED},
        **{name: max((getattr(row, name) for row in rows), default=0) for name in _LARGEST},
        input_ids=join(*(row.input_ids for row in rows)),
        labels=join(*(row.labels for row in rows)),
        lengths=_merge(pair for row in rows for pair in row.lengths),
        codes=_merge(pair for row in rows for pair in row.codes),
    )


def _merge(pairs: Iterable[tuple[K, int]]) -> tuple[tuple[K, int], ...]:
    total: dict[K, int] = {}
    for key, count in pairs:
        total[key] = total.get(key, 0) + count
    return tuple(sorted(total.items()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One unit done: the sha256 of its Arrow file (empty when nothing was written), its counts, the rows left out.

    `fallback` says why the reference library was used row by row, or is empty. `files` are the inputs that its rows
    name, each with its number in the column `file`. `taken` says that an earlier run has done it.
    """

    sha256: str
    counts: Counts
    rejects: tuple[Reject, ...] = ()
    fallback: str = ""
    files: tuple[tuple[str, int], ...] = ()
    taken: bool = False

    def dump(self) -> bytes:
        """Return the outcome as JSON for `load`."""
        return msgspec.json.encode(self)

    @staticmethod
    def load(content: bytes) -> Outcome:
        """Read what `dump` wrote.

        Raises:
            msgspec.MsgspecError: it is something else.
        """
        return msgspec.json.decode(content, type=Outcome)
