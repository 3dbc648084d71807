"""Write canonical rows as Parquet, one file for each unit and split, and the rejects."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sftformat.dataset.output import RAW
from sftformat.dataset.standing import UnitResult
from sftformat.diagnostics import Diagnostic, Severity
from sftformat.folder.files import write_file
from sftformat.record import SPLITS, Reject, reject_line
from sftformat.schema.arrow import arrow_schema
from sftformat.split import with_split

_Indexes = np.ndarray[Any, np.dtype[np.int64]]
_Dropped = Mapping[int, _Indexes]
_Splits = Mapping[int, Sequence[str]] | None


def rows_of(result: UnitResult, splits: _Splits) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the batches of a unit's canonical rows, each with the index of its first row, under their final splits."""
    new = splits[result.unit.index] if splits is not None else None
    start = 0
    with pa.OSFile(str(result.folder / "rows.arrow"), "rb") as file, pa.ipc.open_stream(file) as stream:
        for rows in stream:
            end = start + rows.num_rows
            yield start, with_split(rows, new[start:end]) if new is not None else rows
            start = end


def kept_splits(result: UnitResult, dropped: _Dropped, splits: _Splits) -> Iterator[str]:
    """Yield the split of every row of a unit that is written."""
    for start, rows in rows_of(result, splits):
        kept = _kept(start, rows.num_rows, dropped.get(result.unit.index))
        indexes: Any = kept
        names: Any = rows.column("split").take(indexes).to_pylist()
        yield from names


def _kept(start: int, count: int, dropped: _Indexes | None) -> _Indexes:
    indexes = np.arange(start, start + count, dtype=np.int64)
    if dropped is not None and len(dropped):
        indexes = indexes[~np.isin(indexes, dropped)]
    return indexes - start


def write_splits(
    task: str, results: Sequence[UnitResult], dropped: _Dropped, splits: _Splits, folder: Path
) -> dict[str, list[str]]:
    """Write `SPLIT-0000k-of-0000N.parquet`, k counting the units that have rows of the split; return their names."""
    present = [
        (split, result)
        for split in SPLITS
        for result in results
        if any(each == split for each in kept_splits(result, dropped, splits))
    ]
    totals = {split: sum(1 for each, _ in present if each == split) for split in SPLITS}
    names: dict[str, list[str]] = {}
    for split, result in present:
        made = names.setdefault(split, [])
        name = f"{split}-{len(made):05}-of-{totals[split]:05}.parquet"
        write_file(folder / name, lambda path, s=split, r=result: _write(path, task, s, r, dropped, splits))  # type: ignore[misc]
        made.append(name)
    return names


def _write(path: Path, task: str, split: str, result: UnitResult, dropped: _Dropped, splits: _Splits) -> None:
    schema = arrow_schema(task)
    with pq.ParquetWriter(str(path), schema, compression="zstd") as writer:
        for start, rows in rows_of(result, splits):
            kept = _kept(start, rows.num_rows, dropped.get(result.unit.index))
            here = np.asarray(rows.column("split").to_pylist(), np.str_)[kept] == split
            indexes: Any = kept[here]
            chosen = rows.take(indexes).select(schema.names)
            if chosen.num_rows:
                writer.write_batch(chosen)


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
