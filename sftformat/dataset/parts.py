"""Canonical rows as Parquet, a file for each split: what a unit writes, and so what stands in the data set folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sftformat.rules.pile import Pile
from sftformat.schema.arrow import arrow_schema
from sftformat.split import split_counts

#: Columns of text of which hardly two rows have the same: a dictionary of them would be made in vain.
_DISTINCT = frozenset({"id", "input", "input_pair", "meta"})


class Part:
    """One Parquet file of rows, filled batch by batch, in row groups that do not depend on how the batches came."""

    def __init__(self, path: Path, task: str) -> None:
        import pyarrow.parquet as pq

        self._schema = arrow_schema(task)
        self._pile = Pile()
        path.unlink(missing_ok=True)  # the file that stands there may have another name elsewhere
        columns: Any = _with_dictionary(self._schema)
        self._writer = pq.ParquetWriter(str(path), self._schema, compression="zstd", use_dictionary=columns)

    def write(self, rows: pa.RecordBatch) -> None:
        for many in self._pile.put(rows.select(self._schema.names)):
            self._writer.write_batch(many)

    def close(self) -> None:
        for many in self._pile.rest():
            self._writer.write_batch(many)
        self._writer.close()


class Parts:
    """The files of one unit, `SPLIT.parquet` for each split that has rows."""

    def __init__(self, folder: Path, task: str) -> None:
        self._folder, self._task = folder, task
        self._parts: dict[str, Part] = {}

    def close(self) -> None:
        """Write what is left."""
        for part in self._parts.values():
            part.close()

    def write(self, rows: pa.RecordBatch) -> None:
        """Write rows, each to the file of its split."""
        counts = split_counts(rows)
        for split in counts:
            if split not in self._parts:
                self._parts[split] = Part(self._folder / f"{split}.parquet", self._task)
            of: Any = pc.equal(rows.column("split"), pa.scalar(split))
            self._parts[split].write(rows if len(counts) == 1 else rows.filter(of))


def _with_dictionary(schema: pa.Schema) -> bool | list[str]:
    """Return the columns whose values repeat; all where there are lists, whose parts have names of their own."""
    if any(pa.types.is_list(field.type) for field in schema):
        return True
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    return [*(name for name in texts if name not in _DISTINCT), "source.file"]
