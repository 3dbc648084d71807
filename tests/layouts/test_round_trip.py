"""The law of layouts: there and back is the same record, whatever it holds; and canonical rows fit their schema."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.dataset.export import Exporter
from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import bind
from sftformat.layouts.layout import Binding, layout
from sftformat.normalize import count_types, normalize
from sftformat.record import JSON_TYPES, Batch, Record, encode_json
from sftformat.schema.arrow import arrow_schema
from sftformat.schema.decide import compile_schema
from sftformat.schema.store import load
from sftformat.validate import validate

from .strategies import RECORDS


def batch_of(records: list[Record]) -> Batch:
    count = len(records)
    return Batch("a.jsonl", "jsonl", records, list(range(1, count + 1)), [0] * count, [b""] * count)


def there_and_back(name: str, records: list[Record]) -> tuple[list[Record], list[dict[str, Any]]]:
    """Return the records as the exporter writes them from their canonical rows, and the rows."""
    binding = bind(layout(name), records)
    batch = batch_of(records)
    fitting, rejects = validate(batch, binding)
    assert not rejects, rejects[0].diagnostics
    rows = normalize(fitting, binding).to_pylist()
    return Exporter(manifest_of(fitting, binding), None, textual=False).records(rows), rows


def manifest_of(batch: Batch, binding: Binding) -> dict[str, Any]:
    """Return what the exporter must know of records that were read."""
    types: dict[str, Counter[str]] = {}
    count_types(batch, types, binding)
    return {
        "task": binding.layout.task,
        "mapping": [binding.to_json()],
        "inputs": [{"file": "a.jsonl"}],
        "columns": [{"name": key, "types": dict(held)} for key, held in types.items()],
        "splits": {"train": {}},
    }


def one_type(records: list[Record]) -> bool:
    """Whether every column holds one JSON type; a mixed one is an error of its own (SFT105) and comes back as text."""
    held: dict[str, set[str]] = {}
    for record in records:
        for key, value in record.items():
            kind = JSON_TYPES[type(value)]
            held.setdefault(key, set()).add("number" if kind == "integer" else kind)
    return all(len(kinds - {"null"}) < 2 for kinds in held.values())


@pytest.mark.parametrize("name", LAYOUTS)
@given(data=st.data())
def test_there_and_back(name: str, data: st.DataObject) -> None:
    records = data.draw(st.lists(RECORDS[name], min_size=1, max_size=5).filter(one_type))
    back, _ = there_and_back(name, records)
    assert [encode_json(sorted_keys(record)) for record in back] == [
        encode_json(sorted_keys(record)) for record in records
    ]


@pytest.mark.parametrize("name", LAYOUTS)
@given(data=st.data())
def test_rows_fit_the_canonical_schema(name: str, data: st.DataObject) -> None:
    records = data.draw(st.lists(RECORDS[name], min_size=1, max_size=3).filter(one_type))
    _, rows = there_and_back(name, records)
    task = layout(name).task
    fits = compile_schema(load(f"canonical/{task}"))
    for row in rows:
        shown = {key: bare(value) for key, value in row.items() if value is not None or key == "target"}
        assert fits.fits(shown), fits.explain(shown)
        assert set(row) == set(arrow_schema(task).names)


def bare(value: Any) -> Any:
    """Take the nulls that Arrow puts for absent keys of messages away, all but those that the schema asks for."""
    if isinstance(value, list):
        return [bare(item) for item in value]
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items() if item is not None or key in ("content", "byte")}
    return value


def sorted_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    return [sorted_keys(item) for item in value] if isinstance(value, list) else value
