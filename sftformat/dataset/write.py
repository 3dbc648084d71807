"""Write canonical rows as Parquet, one file for each unit and split, and the rejects."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sftformat.dataset.output import RAW, ROWS
from sftformat.dataset.parts import Parts
from sftformat.dataset.standing import UnitResult
from sftformat.diagnostics import Diagnostic, Severity
from sftformat.folder.files import link, write_file
from sftformat.record import SPLITS, Reject, reject_line
from sftformat.split import split_counts, with_split
from sftformat.workers import run

_Indexes = np.ndarray[Any, np.dtype[np.int64]]
_Dropped = Mapping[int, _Indexes]
_Splits = Mapping[int, Sequence[str]] | None


def rows_of(result: UnitResult, splits: _Splits) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the batches of a unit's canonical rows, each with the index of its first row, under their final splits.

    Only of units that keep their rows in order.
    """
    yield from _rows(result.folder, splits[result.unit.index] if splits is not None else None)


def _rows(folder: Path, new: Sequence[str] | None) -> Iterator[tuple[int, pa.RecordBatch]]:
    start = 0
    with pa.OSFile(str(folder / ROWS), "rb") as file, pa.ipc.open_stream(file) as stream:
        for rows in stream:
            end = start + rows.num_rows
            yield start, with_split(rows, new[start:end]) if new is not None else rows
            start = end


def final_splits(result: UnitResult, dropped: _Dropped, splits: _Splits) -> Counter[str]:
    """Return how many rows of a unit are written, by split."""
    gone = dropped.get(result.unit.index)
    if splits is None and gone is None:
        return result.splits
    counts: Counter[str] = Counter()
    for start, rows in rows_of(result, splits):
        counts.update(split_counts(_kept(start, rows, gone)))
    return counts


def _kept(start: int, rows: pa.RecordBatch, gone: _Indexes | None) -> pa.RecordBatch:
    if gone is None or not len(gone):
        return rows
    stays: Any = np.flatnonzero(~np.isin(np.arange(start, start + rows.num_rows), gone))
    return rows if len(stays) == rows.num_rows else rows.take(stays)


@dataclass(frozen=True, slots=True)
class _Apart:
    """A unit whose rows stand in order, to be put apart by split; it can be pickled. `gone` rows are left out."""

    folder: Path
    task: str
    gone: _Indexes | None
    new: Sequence[str] | None


def _put_apart(unit: _Apart) -> None:
    parts = Parts(unit.folder, unit.task)
    for start, rows in _rows(unit.folder, unit.new):
        parts.write(_kept(start, rows, unit.gone))
    parts.close()


def write_splits(
    task: str, results: Sequence[UnitResult], dropped: _Dropped, splits: _Splits, folder: Path, workers: int
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Write `SPLIT-0000k-of-0000N.parquet`, k counting the units that have rows of the split.

    Returns:
        the names of the files by split, and the sha256 of those of which it is known.
    """
    todo = [
        _Apart(each.folder, task, dropped.get(each.unit.index), splits[each.unit.index] if splits is not None else None)
        for each in results
        if (each.folder / ROWS).exists()
    ]
    for _ in run(todo, _put_apart, workers):
        pass
    counts = [final_splits(each, dropped, splits) for each in results]
    names: dict[str, list[str]] = {}
    known: dict[str, str] = {}
    for split in SPLITS:
        having = [each for each, count in zip(results, counts, strict=True) if count[split]]
        for number, each in enumerate(having):
            name = f"{split}-{number:05}-of-{len(having):05}.parquet"
            own = f"{split}.parquet"
            link(each.folder / own, folder / name)
            names.setdefault(split, []).append(name)
            known |= {name: each.hashes[own]} if own in each.hashes else {}
    return names, known


def write_rejects(results: Sequence[UnitResult], dropped: _Dropped, path: Path) -> None:
    """Write the rows that are not written: those each unit rejected, then its dropped duplicates. No rows, no file."""
    if not any(result.rejected or result.filtered or len(dropped.get(result.unit.index, ())) for result in results):
        return

    def write(beside: Path) -> None:
        with open(beside, "xb") as file:
            for result in results:
                with open(result.folder / "rejects.jsonl", "rb") as rows:
                    shutil.copyfileobj(rows, file)
                file.writelines(reject_line(each, result.read_as) for each in _duplicates(result, dropped))

    write_file(path, write)


def _duplicates(result: UnitResult, dropped: _Dropped) -> Iterator[Reject]:
    gone = dropped.get(result.unit.index)
    if gone is None or not len(gone):
        return
    for start, rows in rows_of(result, None):
        inside = gone[(gone >= start) & (gone < start + rows.num_rows)] - start
        indexes: Any = inside
        for row in rows.take(indexes).to_pylist():
            yield _duplicate(row, result)


def _duplicate(row: Mapping[str, Any], result: UnitResult) -> Reject:
    place, raw = row["source"], row[RAW]
    said = Diagnostic(
        "SFT401",
        "duplicate-record",
        Severity.WARNING,
        "the same input and target as an earlier record; dropped by --drop-duplicates",
        file=place["file"],
        line=place["line"],
        byte=place["byte"],
    )
    format_ = result.unit.source.format
    return Reject(
        place["file"], place["line"], place["byte"], len(raw), raw, format_, "duplicate", (said,), result.header
    )
