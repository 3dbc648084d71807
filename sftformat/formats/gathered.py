"""Records, and rows that are none, gathered one by one until they make a batch."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field

from sftformat.diagnostics import Diagnostic
from sftformat.formats.source import BATCH_BYTES, BATCH_RECORDS, Source
from sftformat.record import Batch, Record, Reject


@dataclass(slots=True)
class Gathered:
    """The batch being filled, and what is known about the file; `size` counts bytes, as whoever adds sees fit."""

    source: Source
    _: KW_ONLY
    notes: list[Diagnostic] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    offsets: list[int | None] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    blank_lines: int = 0
    size: int = 0

    @property
    def full(self) -> bool:
        return len(self.records) + len(self.rejects) >= BATCH_RECORDS or self.size >= BATCH_BYTES

    @property
    def empty(self) -> bool:
        return not (self.records or self.rejects or self.notes or self.blank_lines)

    def take(self, record: Record, line: int, byte: int | None, raw: bytes) -> None:
        """Take a record that begins at this line and byte."""
        self.records.append(record)
        self.lines.append(line)
        self.offsets.append(byte)
        self.raw.append(raw)

    def flush(self) -> Batch:
        """Return what was gathered as a batch and start anew."""
        source = self.source
        batch = Batch(
            source.name,
            source.format,
            self.records,
            self.lines,
            self.offsets,
            self.raw,
            tuple(self.rejects),
            tuple(self.notes),
            source.header,
            self.blank_lines,
            self.files or None,
        )
        self.records, self.lines, self.offsets, self.raw, self.files = [], [], [], [], []
        self.rejects, self.notes, self.blank_lines, self.size = [], [], 0, 0
        return batch
