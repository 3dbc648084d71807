"""Rows that are not written, as lines of `rejects.jsonl`."""

from __future__ import annotations

import base64
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


def reject_line(reject: Reject) -> bytes:
    """Return a Reject as one line of `rejects.jsonl`; what is not set is left out."""
    value: dict[str, Any] = {
        "file": reject.file,
        "line": reject.line,
        "byte": reject.byte,
        "length": reject.length,
    }
    try:
        value["raw"] = reject.raw.decode()
    except UnicodeDecodeError:
        value["raw_base64"] = base64.b64encode(reject.raw).decode()
    value |= {
        "format": reject.format,
        "header": list(reject.header) if reject.header is not None else None,
        "reason": reject.reason,
        "diagnostics": [found.to_json() for found in reject.diagnostics],
    }
    return encode_json({key: part for key, part in value.items() if part is not None}) + b"\n"
