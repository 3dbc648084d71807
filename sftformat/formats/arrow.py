"""Arrow IPC, the file format (also Feather 2) and the stream format: rows as records; and written as a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from sftformat.errors import InputError
from sftformat.formats import columnar, container, rows, shape
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source, fault
from sftformat.record import Batch


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:  # noqa: ARG001 - every reader is called alike
    """Yield the rows of an Arrow IPC file or stream; see `columnar` for the types. Uncompressed files are mapped.

    `line` is the 1-based row, `byte` None, `raw` the row as JSON.

    Raises:
        InputError: the file is not sound (SFT016), or two columns have one name (SFT014).
    """
    with container.seekable(source) as file, _told(source):
        yield from _rows(source, _mapped(source, file))


@contextmanager
def _told(source: Source) -> Iterator[None]:
    """Raise what the library says of damaged data as an InputError."""
    try:
        yield
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError) as error:
        text = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise fault("SFT016", source.name, f"the Arrow data is damaged: {text}") from error


def _mapped(source: Source, file: Any) -> Any:
    return pa.memory_map(str(source.path)) if source.compression is None else pa.PythonFile(file, mode="r")


def _rows(source: Source, file: Any) -> Iterator[Batch]:
    notes = rows.opening_notes(source)
    row = source.first_line
    for table in _tables(source, file):
        table = _valid(table)
        yield from columnar.batches(source, table, row, notes)
        row += table.num_rows
        notes = []
    if notes:
        yield Batch(source.name, source.format, [], [], [], [], (), tuple(notes))


def _tables(source: Source, file: Any) -> Iterator[pa.RecordBatch]:
    magic = file.read(6)
    file.seek(0)
    if magic == b"ARROW1":
        opened = pa.ipc.open_file(file)
        columnar.check_names(source, opened.schema)
        for index in range(opened.num_record_batches):
            yield opened.get_batch(index)
        return
    stream = pa.ipc.open_stream(file)
    columnar.check_names(source, stream.schema)
    yield from stream


def _valid(table: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch if following its offsets cannot lead out of its buffers; text that is not UTF-8 may stay."""
    try:
        table.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise
        # Offsets and sizes are checked again without the text; the row that holds it is then rejected by itself.
        table.validate()
        for column in table.columns:
            _as_bytes(column).validate(full=True)
    return table


def _as_bytes(column: pa.Array[Any]) -> pa.Array[Any]:
    if pa.types.is_string(column.type):
        return column.view(pa.binary())
    if pa.types.is_large_string(column.type):
        return column.view(pa.large_binary())
    return column


def thinned(source: Source, most: int) -> pa.Table:
    """Return every nth row, n such that there are at most `most`, and half as many at least if there are so many.

    Raises:
        InputError: as `read`.
    """
    with container.seekable(source) as file, _told(source):
        kept: list[pa.RecordBatch] = []
        step, position, count = 1, 0, 0
        for table in _tables(source, _mapped(source, file)):
            chosen = np.arange(-position % step, table.num_rows, step)
            kept.append(_valid(table).take(chosen))
            position, count = position + table.num_rows, count + len(chosen)
            while count > most:
                every = pa.Table.from_batches(kept).take(np.arange(0, count, 2))
                kept, step, count = every.to_batches(), step * 2, len(every)
        return pa.Table.from_batches(kept)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as an Arrow IPC file."""
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


def write(
    path: Path,
    compression: str | None,
    batches: Batches,
    columns: Columns,
) -> int:
    """Write records as an Arrow IPC file, uncompressed inside so that it can be mapped; return how many.

    Where `columns` are only names, the records are read twice: first for the types, which are those that
    `parquet.write` finds.
    """
    schema = shape.schema_of(shape.shapes(batches, columns))
    count = 0
    with (
        container.create(path, compression) as file,
        pa.ipc.new_file(pa.PythonFile(cast(Any, file), mode="w"), schema) as writer,
    ):
        for batch in batches():
            writer.write_batch(shape.to_table(batch, schema))
            count += len(batch)
    return count
