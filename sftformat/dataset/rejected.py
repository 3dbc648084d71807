"""Rows on their way out and back: what is written beside a rejected row so that it can be read again once mended."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pyarrow as pa

from sftformat.formats.source import Source
from sftformat.inputs import Input
from sftformat.layouts.layout import Binding, Layout
from sftformat.record import Batch, ReadAs, Record, Reject
from sftformat.schema.arrow import arrow_schema
from sftformat.schema.decide import compile_schema, plain
from sftformat.schema.store import load
from sftformat.validate import validate

_USUAL = {"csv": ",", "tsv": "\t"}


def read_as(source_input: Input, source: Source, task: str) -> ReadAs:
    """Return how the rows of an input are read again."""
    if source_input.canonical:
        return ReadAs(task=task)
    return ReadAs(
        source.encoding,
        source_input.split,
        source_input.split is not None and source_input.prefixed,
        source.delimiter if source.delimiter != _USUAL.get(source.format) else None,
        source.quoting,
        source.origin.task if source.origin is not None else None,
    )


def _without_nulls(record: Record, but: str) -> Record:
    """Return a record, and the messages in it, without the nulls that Arrow has for what is not there."""
    found = {key: value for key, value in record.items() if value is not None or key == but}
    for key, value in found.items():
        if type(value) is list and value and type(value[0]) is dict:
            found[key] = [_without_nulls(item, "content") if type(item) is dict else item for item in value]
    return found


@cache
def canonical_binding(task: str) -> Binding:
    """Return the binding of rejected rows that are canonical already."""
    schema = compile_schema(load(f"canonical/{task}"))
    return Binding(Layout("canonical", task, "Canonical", {}, {}), {}, {}, schema)


def canonical_rows(batch: Batch, task: str) -> tuple[Batch, pa.RecordBatch, list[Reject]]:
    """Return the canonical records of a batch that fit, as rows, and the others as rejects; each with its place here.

    An id stays as it is, even where it is the hash of a text that was mended since.
    """
    batch = replace(batch, records=[_without_nulls(record, "target") for record in batch.records])
    fitting, rejects = validate(batch, canonical_binding(task))
    rows: list[dict[str, Any]] = []
    for index, record in enumerate(fitting.records):
        place = fitting.place(index)
        rows.append({**plain(record), "source": {"file": place.file, "line": place.line, "byte": place.byte}})
    return fitting, pa.RecordBatch.from_pylist(rows, schema=arrow_schema(task)), rejects
