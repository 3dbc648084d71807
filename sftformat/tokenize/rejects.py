"""Rows that are not written, as lines of `rejects.jsonl`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from sftformat.diagnostics import Diagnostic
from sftformat.record import Reject, encode_json

#: Fields of a canonical row where null says something; elsewhere null means absent.
_NULL_SPEAKS = ("target",)


def reject_row(batch: pa.RecordBatch, row: int, reason: str, diagnostics: tuple[Diagnostic, ...]) -> Reject:
    """Return one canonical row as a Reject: its raw form is the row as JSON, its place is where it came from."""
    record: dict[str, Any] = {
        key: value
        for key, value in batch.slice(row, 1).to_pylist()[0].items()
        if value is not None or key in _NULL_SPEAKS
    }
    source = record.get("source") or {}
    raw = encode_json(record)
    file, line = source.get("file") or "", source.get("line") or 0
    return Reject(file, line, source.get("byte"), len(raw), raw, "parquet", reason, diagnostics)
