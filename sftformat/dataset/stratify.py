"""A split in which every class has its share: a pass over all rows, for `--stratify`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sftformat.dataset.options import DatasetOptions
from sftformat.dataset.standing import UnitResult
from sftformat.errors import UsageError
from sftformat.record import SPLITS, canonical_json
from sftformat.split import positions

_Floats = np.ndarray[Any, np.dtype[np.float64]]


def stratified(results: Sequence[UnitResult], options: DatasetOptions) -> Mapping[int, Sequence[str]]:
    """Return the split of every row by unit: inside each class the rows in the order of their hash, cut by share.

    Rows with the same folded input have the same hash and are kept together, so shares are met to within them.
    Holds 16 bytes a row.

    Raises:
        UsageError: rows have groups, which cannot be kept together and shared out at once, or are unlabelled.
    """
    assert options.fractions is not None
    places, classes, counts = [], [], []
    names: dict[bytes, int] = {}
    for result in results:
        count = 0
        with pa.OSFile(str(result.folder / "rows.arrow"), "rb") as file, pa.ipc.open_stream(file) as stream:
            for rows in stream:
                _refuse(rows)
                task = "classification" if pa.types.is_string(rows.schema.field("target").type) else "multilabel"
                places.append(positions(rows, task, options.seed))
                keys = [canonical_json(target) for target in rows.column("target").to_pylist()]
                classes.append(np.array([names.setdefault(key, len(names)) for key in keys], np.int64))
                count += rows.num_rows
        counts.append(count)
    split = _cut(_joined(places, np.float64), _joined(classes, np.int64), options.fractions.bounds())
    ends = np.cumsum(counts)
    return {
        result.unit.index: [SPLITS[number] for number in split[end - count : end]]
        for result, count, end in zip(results, counts, ends, strict=True)
    }


def _joined(parts: Sequence[np.ndarray[Any, Any]], kind: type) -> np.ndarray[Any, Any]:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _refuse(rows: pa.RecordBatch) -> None:
    if rows.column("group").null_count < rows.num_rows:
        raise UsageError("--stratify cannot keep groups together: leave out one of the two")
    if rows.column("target").null_count:
        row = int(np.flatnonzero(rows.column("target").is_null().to_numpy(zero_copy_only=False))[0])
        place = rows.column("source")[row].as_py()
        raise UsageError(f"--stratify needs a label in every row; {place['file']}:{place['line']} has none")


def _cut(places: _Floats, classes: np.ndarray[Any, Any], bounds: _Floats) -> np.ndarray[Any, Any]:
    """Return the number of the split of every row; rows of a class with equal places stay together."""
    split = np.zeros(len(places), np.int64)
    for number in range(int(classes.max()) + 1 if len(classes) else 0):
        members = np.flatnonzero(classes == number)
        members = members[np.argsort(places[members], kind="stable")]
        share = np.arange(len(members)) / max(len(members), 1)
        first = np.searchsorted(places[members], places[members], side="left")
        split[members] = np.searchsorted(bounds, share[first] + 0.5 / len(members), side="right")
    return split
