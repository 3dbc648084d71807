"""Batches of rows put together: what is done once for many rows takes little longer than for few."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

#: So many rows, or bytes of them, are put together.
ROWS, BYTES = 1 << 14, 4 << 20


class Pile:
    """Takes batches of rows in order and gives them back in the same order, in fewer and larger ones."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def put(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Add a batch; yield what there is when it is enough."""
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= ROWS or self._bytes >= BYTES:
            yield from self.rest()

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield what is left."""
        batches, self._batches, self._rows, self._bytes = self._batches, [], 0, 0
        if batches:
            yield from pa.Table.from_batches(batches).combine_chunks().to_batches()
