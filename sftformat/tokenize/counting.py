"""What is counted of a batch: lengths and cuts before any row is left out, and the numbers of what is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.errors import ModelError
from sftformat.tokenize.columns import Columns
from sftformat.tokenize.labels import UNLABELLED, Column
from sftformat.tokenize.load import Reference
from sftformat.tokenize.made import Made
from sftformat.tokenize.outcome import Bounds, Counts


def pairs(columns: Columns, kept: npt.NDArray[np.bool_]) -> int:
    """Count the rows kept that have a second text."""
    if columns.pairs is None:
        return 0
    return sum(pair is not None for pair, stays in zip(columns.pairs, kept, strict=True) if stays)


def measured(made: Made, rows: npt.NDArray[np.bool_]) -> Counts:
    """Count lengths, cuts and unknown tokens of the rows chosen."""
    encoded, aims = made.encoded, made.aims
    lengths, content, unknown = encoded.full[rows], encoded.content[rows], encoded.unknown[rows]
    values, times = np.unique(lengths, return_counts=True)
    counts = Counts(
        cut=int((encoded.lost[rows] > 0).sum()),
        lost=int(encoded.lost[rows].sum()),
        content=int(content.sum()),
        unknown=int(unknown.sum()),
        all_unknown=int((unknown == content).sum()),
        lengths=tuple(zip(values.tolist(), times.tolist(), strict=True)),
    )
    if aims is None:
        return counts
    return replace(
        counts,
        aimed=int(aims.tokens[rows].sum()),
        aimed_lost=int(aims.lost[rows].sum()),
        aimed_cut=int((aims.lost[rows] > 0).sum()),
        longest_aim=int(aims.full[rows].max(initial=0)),
    )


def written(rows: pa.RecordBatch, reference: Reference, objective: str) -> dict[str, Any]:
    """Return the numbers of the tokens that are written.

    Raises:
        ModelError: an id that the vocabulary does not have.
    """
    if not len(rows):
        return {}
    tokens: Column = rows.column("input_ids")
    ids, lengths = tokens.flatten().to_numpy(), rows.column("length").to_numpy()
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= reference.vocab_size:
        size = reference.vocab_size
        raise ModelError(f"{reference.name}: gave the token id {high if low >= 0 else low}; it has {size} ids")
    made = {"tokens": len(ids), "longest": int(lengths.max()), "input_ids": Bounds(low, high)}
    if objective != "encoder":
        labels: Column = rows.column("labels")
        targets = np.asarray(pc.list_value_length(labels))
        made |= {"trained": int((labels.flatten().to_numpy() >= 0).sum()), "longest_target": int(targets.max())}
    if objective == "causal":
        made["weighed"] = int((rows.column("weight").to_numpy() != 1).sum())
    return made


def label_bounds(rows: pa.RecordBatch, labelled: npt.NDArray[np.bool_]) -> Bounds | None:
    """Return the smallest and the largest label of the labelled rows; None when there is none."""
    labels: Column = rows.column("labels").filter(pa.array(labelled))
    values: Column = labels.flatten() if pa.types.is_list(labels.type) else labels
    if pa.types.is_list(labels.type) and pa.types.is_integer(labels.type.value_type):
        values = values.filter(pc.not_equal(values, pa.scalar(UNLABELLED)))
    if not len(values):
        return None
    limits: Any = pc.min_max(values).as_py()
    return Bounds(limits["min"], limits["max"])
