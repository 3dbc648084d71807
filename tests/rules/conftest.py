"""Canonical batches from records, and one rule at a time on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest

from sftformat.check import Settings, Tally, View, active, check_rows, check_set, near_similarity
from sftformat.diagnostics import Diagnostic
from sftformat.record import Number
from sftformat.schema.arrow import arrow_schema

STRINGS = pa.list_(pa.string())
CHAT = arrow_schema("chat").field("input").type
SOURCE = pa.struct([("file", pa.string()), ("line", pa.int64()), ("byte", pa.int64())])
TYPES = {
    "classification": (pa.string(), pa.string()),
    "multilabel": (pa.string(), STRINGS),
    "regression": (pa.string(), pa.float64()),
    "token-classification": (STRINGS, STRINGS),
    "text-to-text": (pa.string(), pa.string()),
    "chat": (CHAT, CHAT),
}


def batch(records: Sequence[dict[str, Any]], task: str = "classification") -> pa.RecordBatch:
    names = ["id", "split", "input_pair", "instruction", "system", "source_lang", "target_lang", "group", "meta"]
    source, target = TYPES[task]
    schema = pa.schema(
        [
            ("input", source),
            ("target", target),
            *((name, pa.string()) for name in names),
            ("references", STRINGS),
            ("weight", pa.float64()),
            ("tools", pa.string()),
            ("text", pa.string()),
            ("offsets", pa.list_(pa.list_(pa.int64()))),
            ("source", SOURCE),
        ]
    )
    place = [{"source": {"file": "a.jsonl", "line": line, "byte": 100 * line}} for line in range(1, len(records) + 1)]
    plain = [
        {name: float(value) if isinstance(value, Number) else value for name, value in record.items()}
        for record in records
    ]
    return pa.RecordBatch.from_pylist([at | record for at, record in zip(place, plain, strict=True)], schema)


Found = Callable[..., list[Diagnostic]]


@pytest.fixture
def found(tmp_path: Any) -> Found:
    """Run one rule on a data set: `found("SFT201", records, task=…, labels=…, splits=…, **thresholds)`."""
    runs = iter(range(1000))

    def run(
        code: str,
        records: Sequence[dict[str, Any]],
        task: str = "classification",
        labels: Sequence[str] | None = None,
        splits: Sequence[str] = (),
        **thresholds: float,
    ) -> list[Diagnostic]:
        settings = Settings((code,), (), {code: thresholds}, None if labels is None else tuple(labels))
        folder = tmp_path / str(next(runs))
        folder.mkdir()
        near = near_similarity(active(settings, task))
        rows, tally = batch(records, task), Tally(folder, 0, task, splits=splits, near=near)
        tally.add(rows)
        by_row = [finding for _, finding in check_rows(View(rows, task), active(settings, task))]
        return by_row + list(check_set([tally.finish()], folder, task, settings))

    return run
