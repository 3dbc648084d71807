"""Batches of records that are parts of one tree, as in YAML: each is known by its line, its row is it as JSON."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from itertools import accumulate
from typing import Any

from sftformat.diagnostics import Diagnostic
from sftformat.formats import rows
from sftformat.formats.source import BATCH_BYTES, BATCH_RECORDS, Source
from sftformat.record import Batch, Record, Reject, encode_json


@dataclass(slots=True)
class Itemized:
    """The batch being filled; `text` is all of the file, `starts` the byte at which each of its lines begins."""

    source: Source
    text: InitVar[str]
    physical: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    notes: list[Diagnostic] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    size: int = 0

    def __post_init__(self, text: str) -> None:
        end = "\r" if self.source.line_end == "\r" else "\n"
        self.physical = text.split(end)
        lengths = (len((line + end).encode(self.source.encoding)) for line in self.physical)
        self.starts = list(accumulate(lengths, initial=self.source.bom))
        self.notes = rows.opening_notes(self.source)

    @property
    def full(self) -> bool:
        return len(self.records) + len(self.rejects) >= BATCH_RECORDS or self.size >= BATCH_BYTES

    def byte(self, line: int) -> int:
        """Return the 0-based byte at which a line begins."""
        return self.starts[line - 1]

    def add(self, record: Record, line: int) -> None:
        """Take a record."""
        self.records.append(record)
        self.lines.append(line)
        self.raw.append(encode_json(record))
        self.size += len(self.raw[-1])

    def reject(self, line: int, found: Diagnostic) -> None:
        """Take the line that a row which is no record begins with."""
        raw = self.physical[line - 1].removesuffix("\r").encode(self.source.encoding)
        self.rejects.append(rows.reject(self.source, line, self.byte(line), raw, found))

    def finding(self, code: str, message: str, line: int, **fields: Any) -> Diagnostic:
        """Return a finding about a line."""
        return rows.finding(self.source, code, message, line, self.byte(line), **fields)

    def flush(self) -> Batch:
        """Return what was gathered as a batch and start anew."""
        source = self.source
        offsets = [self.byte(line) for line in self.lines]
        batch = Batch(
            source.name,
            source.format,
            self.records,
            self.lines,
            offsets,
            self.raw,
            tuple(self.rejects),
            tuple(self.notes),
        )
        self.notes, self.records, self.lines, self.raw, self.rejects, self.size = [], [], [], [], [], 0
        return batch
