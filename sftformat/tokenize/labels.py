"""Targets to label map and label arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sftformat.diagnostics import Diagnostic, Severity, clip
from sftformat.errors import DataError, UsageError

#: More distinct labels than this are taken for an id column.
MAX_LABELS = 100_000
#: The label of an unlabelled row: what torch's cross entropy leaves out.
UNLABELLED = -100
#: The tag of a word that belongs to no entity.
OUTSIDE = "O"
#: An Arrow array; pyarrow's stubs have no overloads for one whose type is known only at run time.
Column = Any
#: Rows of a file whose targets are looked at together.
_BATCH = 1 << 16
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def ordered(labels: Iterable[str], task: str = "") -> tuple[str, ...]:
    """Return labels by value when all are plain numbers (1, 2, 10), else by code point.

    Of tags O comes first: id 0 is then what other tools take for "no entity".
    """
    names = sorted(labels)
    if task == "token-classification" and OUTSIDE in names:
        names.remove(OUTSIDE)
        return (OUTSIDE, *names)
    if all(_NUMBER.fullmatch(name) for name in names):
        names.sort(key=Decimal)
    return tuple(names)


def label_map(
    files: Mapping[str, Sequence[Path]], locked: Sequence[str] | None, task: str = ""
) -> tuple[tuple[str, ...] | None, tuple[Diagnostic, ...]]:
    """Return the label map and the labels that are not in it (SFT303, or SFT304 with a locked map).

    The map is `locked`, else the labels of the train split; None when nothing is labelled at all.

    Raises:
        UsageError: labelled rows but neither a train split nor a locked map; a locked map that names a label twice.
        DataError: more labels than a label map is made for.
    """
    if locked is not None and (not locked or len(set(locked)) != len(locked)):
        raise UsageError("the label map is empty or names a label twice")
    seen = {split: _distinct(paths) for split, paths in files.items()}
    if locked is None and not any(seen.values()):
        return None, ()
    if locked is None and "train" not in files:
        raise UsageError("no train split to take the label map from: name the labels with --labels")
    names = tuple(locked) if locked is not None else ordered(seen["train"], task)
    found: list[Diagnostic] = []
    for split, labels in seen.items():
        if unknown := labels - set(names):
            found += _strangers(split, files[split], unknown, names, locked is not None)
    return names, tuple(found)


def _targets(path: Path, *more: str) -> Iterator[tuple[Column, pa.RecordBatch]]:
    """Yield the targets of each batch of a file, with the batch, which has some columns `more`."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(_BATCH, columns=["target", *more]):
            yield batch.column("target"), batch


def _flat(target: Column) -> Column:
    return pc.list_flatten(target) if pa.types.is_list(target.type) else target


def _distinct(paths: Sequence[Path]) -> set[str]:
    labels: set[str] = set()
    for path in paths:
        for target, _ in _targets(path):
            labels.update(name for name in pc.unique(_flat(target)).to_pylist() if name is not None)
            if len(labels) > MAX_LABELS:
                raise DataError(
                    f"SFT309 label-looks-like-id: over {MAX_LABELS:,} different labels, such as "
                    f"{clip(min(labels), 40)!r}: is another column the target?"
                )
    return labels


def _strangers(
    split: str, paths: Sequence[Path], unknown: set[str], names: Sequence[str], locked: bool
) -> Iterator[Diagnostic]:
    """Yield one finding for each label that the map does not hold, at the first row that has it."""
    wanted = set(unknown)
    code, name = ("SFT304", "label-not-in-map") if locked else ("SFT303", "label-unseen-in-train")
    where = "the label map" if locked else "the train split"
    known = ", ".join(clip(label, 20) for label in names[:5]) + (", …" if len(names) > 5 else "")
    for path in paths:
        for target, batch in _targets(path, "source"):
            hits = pc.is_in(_flat(target), value_set=pa.array(sorted(wanted), pa.string()))
            if not wanted or not pc.any(hits).as_py():
                continue
            for value, source in zip(target.to_pylist(), batch.column("source").to_pylist(), strict=True):
                for label in (value if isinstance(value, list) else [value]) if value is not None else []:
                    if label in wanted:
                        wanted.discard(label)
                        yield Diagnostic(
                            code,
                            name,
                            Severity.ERROR,
                            f"label {clip(label, 40)!r} of split {split} is not in {where}",
                            file=(source or {}).get("file") or "",
                            line=(source or {}).get("line"),
                            byte=(source or {}).get("byte"),
                            path="/target",
                            expected=clip(known),
                            got=clip(label),
                            hint="mend the label, or name all labels with --labels",
                            split=split,
                        )


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a batch of N rows as Arrow wants them, and which rows have a target that does not fit."""

    array: Column
    labelled: np.ndarray[tuple[int], np.dtype[np.bool_]]
    unfit: np.ndarray[tuple[int], np.dtype[np.bool_]]


def label_arrays(task: str, target: Column, names: Sequence[str] | None) -> Labels:
    """Turn the targets of a batch into labels; every label must be in `names` (see `label_map`).

    classification  int64, unlabelled -100
    multilabel      list<float32> of len(names), unlabelled null
    regression      float32, unlabelled null; a target that float32 cannot hold is unfit
    """
    labelled = np.asarray(pc.is_valid(target))
    if task == "regression":
        with np.errstate(over="ignore"):
            scores = np.asarray(pc.fill_null(target.cast(pa.float64()), 0.0)).astype(np.float32)
        return Labels(pa.array(scores, pa.float32(), mask=~labelled), labelled, ~np.isfinite(scores))
    fits = np.zeros(len(target), bool)
    value_set = pa.array(names or (), pa.string())
    if task == "classification":
        ids = pc.fill_null(pc.index_in(target.cast(pa.string()), value_set=value_set), UNLABELLED).cast(pa.int64())
        return Labels(ids, labelled, fits)
    width = len(value_set)
    hot = np.zeros((len(target), width), np.float32)
    parents, ids = pc.list_parent_indices(target), pc.index_in(pc.list_flatten(target), value_set=value_set)
    hot[np.asarray(parents), np.asarray(ids)] = 1.0
    offsets: Column = pa.array(np.concatenate(([0], np.cumsum(np.where(labelled, width, 0)))).astype(np.int32))
    array = pa.ListArray.from_arrays(
        offsets, pa.array(hot[labelled].reshape(-1), pa.float32()), mask=pa.array(~labelled)
    )
    return Labels(array, labelled, fits)
