"""How long rows are, in characters and in tokens, and what a limit in tokens would cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.rules.view import Text, View
from sftformat.tokenize.columns import columns_of
from sftformat.tokenize.encode import Encoded, encode
from sftformat.tokenize.exact import by_reference, checked_ids, differing
from sftformat.tokenize.load import Reference
from sftformat.tokenize.maker import WORD_TASKS
from sftformat.tokenize.report import percentiles
from sftformat.tokenize.request import DEFAULT_MAX_LENGTH
from sftformat.tokenize.windows import NO_LIMIT
from sftformat.tokenize.words import words_checked

#: Tasks whose row is one sequence (a text and perhaps its pair) with special tokens, and whose target is a label.
ENCODED = frozenset({"classification", "multilabel", "regression"})
#: Tasks whose target is no text.
LABELLED = ENCODED | WORD_TASKS
#: The name under which the length of a whole row stands.
ROW = "row"
RANKS = (50, 90, 95, 99, 100)
#: Limits that are always weighed.
USUAL_LIMITS = (128, 256, 512)
#: A proposed limit is a multiple of this, which is what processors like.
STEP = 8

Ints = npt.NDArray[np.int64]
#: Length -> rows of that length.
Histogram = Counter[int]


@dataclass(frozen=True, slots=True)
class Lengths:
    """`rows` rows hold `total` characters or tokens; by nearest rank p % of the rows are no longer than ranks[p]."""

    rows: int
    total: int
    ranks: Mapping[int, int]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers under names."""
        ranks = {("max" if rank == 100 else f"p{rank}"): length for rank, length in self.ranks.items()}
        return {"rows": self.rows, "total": self.total, **ranks}


@dataclass(frozen=True, slots=True)
class Limit:
    """What `--max-length` would cut: so many rows, and so many tokens of them."""

    max_length: int
    rows: int
    tokens: int

    def to_json(self) -> dict[str, Any]:
        """Return the numbers under names."""
        return {"max_length": self.max_length, "rows_cut": self.rows, "tokens_cut": self.tokens}


@dataclass(frozen=True, slots=True)
class Advice:
    """Limits weighed, the shortest first. `proposed` is one of them: it cuts at most 1 % of the rows, or is `most`.

    `most` is the longest row that the tokenizer is made for.
    """

    proposed: int
    most: int
    limits: tuple[Limit, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers under names."""
        limits = [limit.to_json() for limit in self.limits]
        return {"proposed_max_length": self.proposed, "longest_possible": self.most, "limits": limits}


def summarize(histogram: Histogram) -> Lengths:
    """Return the ranks and sums of a histogram."""
    ordered = sorted(histogram.items())
    ranks = dict(zip(RANKS, percentiles(ordered, RANKS), strict=True))
    return Lengths(histogram.total(), sum(length * rows for length, rows in ordered), ranks)


def advise(histogram: Histogram, reference: Reference) -> Advice:
    """Weigh limits for rows of these lengths in tokens, special tokens included."""
    most = min(reference.model_max_length or DEFAULT_MAX_LENGTH, DEFAULT_MAX_LENGTH)
    wanted = percentiles(sorted(histogram.items()), (99,))[0]
    proposed = min(most, -(-max(wanted, 1) // STEP) * STEP)
    weighed = sorted({proposed, *(limit for limit in USUAL_LIMITS if limit <= most)})
    return Advice(proposed, most, tuple(_limit(histogram, length) for length in weighed))


def _limit(histogram: Histogram, max_length: int) -> Limit:
    over = [(length - max_length, rows) for length, rows in histogram.items() if length > max_length]
    return Limit(max_length, sum(rows for _, rows in over), sum(beyond * rows for beyond, rows in over))


# ---------------------------------------------------------------------------------------------------- one batch


def characters(rows: pa.RecordBatch, task: str) -> dict[str, Ints]:
    """Return for each field with text the length in characters of every row that has it, (rows that have it,) int64.

    A list of texts counts as the sum of its texts. With several fields `row` is their sum.
    """
    found = {text.field: _by_row(text, pc.utf8_length(text.values), rows) for text in _texts(rows, task)}
    return _with_sum(found, rows)


def tokens(rows: pa.RecordBatch, task: str, reference: Reference) -> dict[str, Ints]:
    """Return lengths in tokens as `characters` does in characters.

    A row of a task that is encoded as one sequence counts as a whole (`row`), special tokens included, as `tokenize`
    would see it; the fields of the others count by themselves, without special tokens and without a chat template.
    """
    if task in ENCODED:
        columns = columns_of(rows)
        return (
            {ROW: encoder_for(reference)(reference, columns.texts.to_pylist(), columns.pairs, NO_LIMIT).full}
            if len(rows)
            else {}
        )
    if task in WORD_TASKS:
        words: Any = rows.column("input")
        return {ROW: words_checked(reference, words, NO_LIMIT).encoded.full} if len(rows) else {}
    found = {}
    for text in _texts(rows, task):
        made = checked_ids(reference, pc.fill_null(text.values, "").to_pylist())
        found[text.field] = _by_row(text, pa.array(made.lengths), rows)
    return _with_sum(found, rows)


def encoder_for(reference: Reference) -> Any:
    """Return the fast encoder where the tokenizer follows a template, else the reference library."""
    return encode_checked if reference.single is not None and reference.pair is not None else by_reference


def encode_checked(
    reference: Reference, texts: Sequence[str], pairs: Sequence[str | None] | None, max_length: int
) -> Encoded:
    """Encode fast; a batch that comes out differently in any row compared goes through the reference library."""
    made = encode(reference, texts, pairs, max_length)
    same = differing(reference, made, texts, pairs, max_length) is None
    return made if same else by_reference(reference, texts, pairs, max_length)


def _texts(rows: pa.RecordBatch, task: str) -> list[Text]:
    return [text for text in View(rows, task).texts if not (text.field == "target" and task in LABELLED)]


def _by_row(text: Text, lengths: Any, rows: pa.RecordBatch) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return the length of every row, and which rows have the field at all."""
    each = np.asarray(pc.fill_null(lengths.cast(pa.int64()), 0))
    there = np.asarray(rows.column(text.field).is_valid())
    if text.offsets is None:
        return each, there
    sums = np.concatenate(([0], np.cumsum(each)))
    return sums[text.offsets[1:]] - sums[text.offsets[:-1]], there


def _with_sum(found: Mapping[str, tuple[Ints, npt.NDArray[np.bool_]]], rows: pa.RecordBatch) -> dict[str, Ints]:
    made = {field: lengths[there] for field, (lengths, there) in found.items()}
    if len(found) > 1:
        whole = np.zeros(len(rows), np.int64)
        for lengths, there in found.values():
            whole += np.where(there, lengths, 0)
        made[ROW] = whole
    return made


def count(histograms: dict[str, Histogram], found: Mapping[str, Ints]) -> None:
    """Add the lengths of a batch to the histograms of their fields."""
    for field, lengths in found.items():
        values, times = np.unique(lengths, return_counts=True)
        histograms.setdefault(field, Counter()).update(dict(zip(values.tolist(), times.tolist(), strict=True)))
