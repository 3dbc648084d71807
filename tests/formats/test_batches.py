"""Batches are small, in whatever pieces a file stores its rows, and no row is lost between two of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftformat.formats.source import BATCH_RECORDS

from .hostile import read_path


@pytest.mark.parametrize("name", ["x.arrow", "x.parquet", "x.jsonl", "x.csv"])
@pytest.mark.parametrize("count", [0, 1, BATCH_RECORDS, BATCH_RECORDS + 1, 20_000])
def test_a_batch_has_no_more_records_than_that(tmp_path: Path, name: str, count: int) -> None:
    path = tmp_path / name
    table = pa.table({"a": pa.array([str(number) for number in range(count)], pa.string())})
    if name == "x.arrow":
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    elif name == "x.parquet":
        pq.write_table(table, path)
    else:
        head, row = ("a\n", "{}\n") if name == "x.csv" else ("", '{{"a":"{}"}}\n')
        path.write_text(head + "".join(row.format(number) for number in range(count)))
    found = read_path(path)  # looks at the size of every batch
    assert found.records == [{"a": str(number)} for number in range(count)]
    first = 2 if name == "x.csv" else 1
    assert found.lines == list(range(first, first + count))
    assert found.rejects == []
