"""Load: the `labels` of a split as targets, held against the label map; what is wrong is named by its row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sftformat.errors import FolderError
from sftformat.mapped import Chunk, Split
from sftformat.tasks.ragged import Ragged
from sftformat.tasks.task import IGNORED, Answers, Sides

#: Called with the rows that are wrong (N,), what is wrong, the value of each row, and what it should be.
Refuse = Callable[[NDArray[np.bool_], str, NDArray[Any], object], None]


def read_targets(column: Any, task: str, classes: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the targets of N rows, and which rows are labelled.

    Raises:
        FolderError: multi-hot rows of another width than the label map, or with other numbers than 0 and 1.
    """
    valid = column.is_valid().to_numpy()
    if task == "classification":
        targets = column.fill_null(IGNORED).to_numpy()
        return targets, targets != IGNORED
    if task == "regression":
        return column.fill_null(0.0).to_numpy(), valid
    flat = pa.concat_arrays([chunk.flatten() for chunk in column.chunks]).to_numpy(zero_copy_only=False)
    if len(flat) != int(valid.sum()) * classes or np.any(~np.isin(flat, (0.0, 1.0))):
        raise FolderError(f"multilabel rows should hold {classes} numbers, each 0 or 1")
    targets = np.zeros((len(column), classes), np.float32)
    targets[valid] = flat.reshape(-1, classes)
    return targets, valid


def read_tags(chunks: Sequence[Chunk]) -> tuple[Ragged, Ragged, NDArray[np.bool_]]:
    """Return the tags of all words that begin somewhere, their numbers in their rows, and which rows are labelled."""
    tags, numbers, counts = [], [], []
    for chunk in chunks:
        assert chunk.labels is not None
        assert chunk.begins is not None
        there = chunk.begins >= 0
        tags.append(chunk.labels[there])
        numbers.append(chunk.begins[there])
        counts.append(np.diff(np.concatenate(([0], np.cumsum(there)))[chunk.offsets]))
    offsets = np.concatenate(([0], np.cumsum(np.concatenate(counts))))
    targets = Ragged(np.concatenate(tags), offsets)
    return targets, Ragged(np.concatenate(numbers), offsets), _any(targets.values != IGNORED, offsets)


def read_texts(table: pa.Table) -> tuple[Ragged, Ragged, NDArray[np.bool_]]:
    """Return the tokens that the decoder is to write, those that it is given, and which rows have something to write.

    Raises:
        FolderError: rows in which the two are not equally many.
    """
    labels, given = (_ragged(table[name]) for name in ("labels", "decoder_input_ids"))
    if not np.array_equal(labels.offsets, given.offsets):
        raise FolderError("labels and decoder_input_ids differ in length")
    return labels, given, _any(labels.values != IGNORED, labels.offsets)


def _ragged(column: Any) -> Ragged:
    lists = column.combine_chunks()
    if lists.null_count or lists.flatten().null_count:
        raise FolderError("null among the tokens of the targets")
    counts = np.asarray(pc.list_value_length(lists)).astype(np.int64)
    return Ragged(lists.flatten().to_numpy(), np.concatenate(([0], np.cumsum(counts))))


def answers_of(
    split: Split, rows: NDArray[np.int64], logits: Any, threshold: float, written: Sequence[str] | None = None
) -> Answers:
    """Return what a model says of rows of a split with what is known of them; `written` are texts decoded."""
    labels = split.labels or ()
    if split.sides is None:
        return Answers(logits, split.targets[rows], labels, threshold)
    taken: Any = split.sides.take(rows)
    asked, wanted, others = (taken[name].to_pylist() for name in taken.column_names)
    best = _as_written(split, wanted) if written is not None and None not in wanted else None
    return Answers(logits, wanted, labels, threshold, Sides(asked, others, written, split.lowercase, best))


def _as_written(split: Split, texts: Sequence[str]) -> list[str]:
    """Return texts as a model would write them that knew each by heart: through the tokenizer and back."""
    ids = [each.ids for each in split.tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    return list(split.tokenizer.decode_batch(ids))


def check_targets(split: Split, refuse: Refuse, vocabulary: int) -> None:
    """Refuse targets that are none of the label map or of the vocabulary, or no numbers."""
    classes = len(split.labels or ())
    if split.decoder is not None:
        for tokens in (split.targets, split.decoder):
            outside = (tokens.values != IGNORED) & ((tokens.values < 0) | (tokens.values >= vocabulary))
            bad = _any(outside, tokens.offsets)
            refuse(bad, "a target with a token that is none; tokens:", tokens.counts, f"(there are {vocabulary} ids)")
    elif split.numbers is not None:
        _check_tags(split, split.numbers, classes, refuse)
    elif split.task == "classification":
        bad = split.labelled & ((split.targets < 0) | (split.targets >= classes))
        refuse(bad, "label id", split.targets, f"is not one of the {classes} labels")
    elif split.task == "regression":
        refuse(split.labelled & ~np.isfinite(split.targets), "target", split.targets, "is not finite")


def _check_tags(split: Split, numbers: Ragged, classes: int, refuse: Refuse) -> None:
    tags, offsets = split.targets.values, numbers.offsets
    outside = (tags != IGNORED) & ((tags < 0) | (tags >= classes))
    rows = np.searchsorted(offsets, np.flatnonzero(outside), side="right") - 1
    shown = np.zeros(len(split), np.int64)
    shown[rows[::-1]] = tags[outside][::-1]  # the first of a row is written last
    refuse(_any(outside, offsets), "label id", shown, f"is not one of the {classes} labels")
    without = _any(tags == IGNORED, offsets) & split.labelled
    refuse(without, "has words with a label and words without, words:", numbers.counts, "")
    sizes = np.asarray(pc.list_value_length(split.words)).astype(np.int64)  # type: ignore[arg-type]
    back = np.diff(numbers.values, prepend=-1) <= 0
    back[offsets[:-1][numbers.counts > 0]] = False  # the first of a row follows no other
    over = numbers.values >= np.repeat(sizes, numbers.counts)
    refuse(_any(back | over, offsets), "word_index does not count its words, of which it has", sizes, "")
    stray = np.zeros(len(split), bool)
    for chunk, first in zip(split.chunks, split.bounds, strict=False):
        if chunk.labels is not None and chunk.begins is not None:
            there = _any((chunk.labels != IGNORED) & (chunk.begins < 0), chunk.offsets)
            stray[first : first + len(there)] = there
    refuse(stray, "has a label where no word begins; tokens:", split.lengths, "")


def _any(values: NDArray[np.bool_], offsets: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which rows have a true value: (N,)."""
    below = np.concatenate(([0], np.cumsum(values)))
    return np.asarray(below[offsets[1:]] > below[offsets[:-1]], bool)
