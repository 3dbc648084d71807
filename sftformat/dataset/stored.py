"""The rows of a data set folder, read file by file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sftformat.rules.rule import LABEL_TASKS

#: Rows that are turned into records at once.
BATCH_ROWS = 4096


def rows_of(file: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the canonical rows of a Parquet file, some thousand at a time."""
    with pq.ParquetFile(file, pre_buffer=False) as parquet:
        for batch in parquet.iter_batches(BATCH_ROWS):
            yield batch.to_pylist()


def labels_of(files: Sequence[Path], task: str) -> list[str]:
    """Return every label of the rows in some files, sorted: a layout may have a place for each."""
    found: set[str] = set()
    for file in files if task in LABEL_TASKS else ():
        with pq.ParquetFile(file, pre_buffer=False) as parquet:
            for batch in parquet.iter_batches(BATCH_ROWS, columns=["target"]):
                target = batch.column(0)
                labels = target.flatten() if isinstance(target, pa.ListArray) else target
                found.update(each for each in pc.unique(labels).to_pylist() if each is not None)
    return sorted(found)
