"""Parquet: rows as records, read in batches that stay small however well the file is packed; and written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from sftformat.errors import InputError
from sftformat.formats import columnar, container, rows, shape
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import UNIT_BYTES, Range, ReadOptions, Source, fault
from sftformat.record import Batch, Record

#: At most this many rows are decoded at once: a value that is packed a thousandfold then stays a bounded surprise.
_ROWS = 1024
_DECODED_BYTES = 4 << 20
_GROUP_ROWS = 1 << 16


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:  # noqa: ARG001 - every reader is called alike
    """Yield the rows of a Parquet file, or of a range of its row groups; see `columnar` for the types.

    `line` is the 1-based row, `byte` None, `raw` the row as JSON.

    Raises:
        InputError: the file is not sound (SFT016), or two columns have one name (SFT014).
    """
    with container.seekable(source) as file:
        try:
            yield from _rows(source, file)
        except InputError:
            raise
        except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError) as error:
            raise fault("SFT016", source.name, f"the Parquet data is damaged: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _open(file: Any, **options: Any) -> Any:
    import pyarrow.parquet as pq

    opened: Any = pq.ParquetFile
    return opened(file, page_checksum_verification=True, arrow_extensions_enabled=False, **options)


def _rows(source: Source, file: Any) -> Iterator[Batch]:
    plain = _open(file)
    columnar.check_names(source, plain.schema_arrow)
    groups = range(source.start, plain.num_row_groups if source.stop is None else source.stop)
    packed = _packed(plain)
    opened = _open(file, read_dictionary=packed, pre_buffer=False) if packed else plain
    notes = rows.opening_notes(source)
    row = source.first_line
    for group in groups:
        for table in opened.iter_batches(_batch_rows(plain, group), row_groups=[group], use_threads=False):
            yield from columnar.batches(source, table, row, notes)
            row += table.num_rows
            notes = []
    expected = source.first_line + sum(plain.metadata.row_group(group).num_rows for group in groups)
    if row != expected:
        message = f"the footer promises {expected - source.first_line} rows, {row - source.first_line} are there"
        raise fault("SFT016", source.name, message)
    if notes:
        yield Batch(source.name, source.format, [], [], [], [], (), tuple(notes))


def _packed(opened: Any) -> list[str]:
    """Return the text columns: where they are stored as a dictionary, rows are not unpacked before they are counted.

    Which are is not asked for: for the footer of a damaged file the library answers by ending the process.
    """
    return [field.name for field in opened.schema_arrow if pa.types.is_string(field.type)]


def _batch_rows(opened: Any, group: int) -> int:
    found = opened.metadata.row_group(group)
    each = max(1, found.total_byte_size // max(1, found.num_rows))
    return int(max(1, min(_ROWS, _DECODED_BYTES // each)))


def ranges(source: Source, unit_bytes: int = UNIT_BYTES) -> tuple[Range, ...]:
    """Return runs of row groups of about `unit_bytes` (unpacked, as the footer says) each.

    Raises:
        InputError: the footer cannot be read (SFT016).
    """
    with container.seekable(source) as file:
        try:
            metadata = _open(file).metadata
            sizes = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
            counts = [(group.num_rows, group.total_byte_size) for group in sizes]
        except (pa.ArrowException, OSError, ValueError) as error:
            raise fault("SFT016", source.name, f"the Parquet data is damaged: {_first_line(error)}") from error
    found: list[Range] = []
    start, first, row, size = 0, 1, 1, 0
    for index, (count, weight) in enumerate(counts):
        row, size = row + count, size + weight
        if size >= unit_bytes and index + 1 < len(counts):
            found.append(Range(start, index + 1, first))
            start, first, size = index + 1, row, 0
    return (*found, Range(start, None, first))


def write(
    path: Path,
    compression: str | None,
    batches: Batches,
    columns: Columns,
) -> int:
    """Write records as Parquet (zstd pages); return how many.

    Where `columns` are only names, the records are read twice: first for the types. A number becomes a double if that
    is the same value; a column of mixed types, of integers beyond 64 bits or of numbers that no double holds becomes
    JSON text and is marked, so that `read` gives the values back.
    """
    import pyarrow.parquet as pq

    schema = shape.schema_of(shape.shapes(batches, columns))
    count = 0
    with (
        container.create(path, compression) as file,
        pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        for table in _groups(batches(), schema):
            writer.write_table(table)
            count += table.num_rows
    return count


def _groups(batches: Iterable[Sequence[Record]], schema: pa.Schema) -> Iterator[pa.Table]:
    """Gather records into tables for row groups of 64 Ki rows or about 64 MiB."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(shape.to_table(batch, schema))
        if sum(part.num_rows for part in held) >= _GROUP_ROWS or sum(part.nbytes for part in held) >= UNIT_BYTES:
            yield pa.Table.from_batches(held, schema)
            held = []
    if held:
        yield pa.Table.from_batches(held, schema)
