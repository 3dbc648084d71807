"""Batches of records that are parts of one tree, as in YAML: each is known by its line, its row is it as JSON."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from itertools import accumulate
from typing import Any

from sftformat.diagnostics import Diagnostic
from sftformat.formats import rows
from sftformat.formats.gathered import Gathered
from sftformat.record import Record, encode_json


@dataclass(slots=True)
class Itemized(Gathered):
    """The batch being filled; `text` is all of the file, `starts` the byte at which each of its lines begins."""

    text: InitVar[str]
    physical: list[str] = field(init=False)
    starts: list[int] = field(init=False)

    def __post_init__(self, text: str) -> None:
        end = "\r" if self.source.line_end == "\r" else "\n"
        self.physical = text.split(end)
        lengths = (len((line + end).encode(self.source.encoding)) for line in self.physical)
        self.starts = list(accumulate(lengths, initial=self.source.bom))
        self.notes = rows.opening_notes(self.source)

    def byte(self, line: int) -> int:
        """Return the 0-based byte at which a line begins."""
        return self.starts[line - 1]

    def add(self, record: Record, line: int) -> None:
        """Take a record."""
        raw = encode_json(record)
        self.take(record, line, self.byte(line), raw)
        self.size += len(raw)

    def reject(self, line: int, found: Diagnostic) -> None:
        """Take the line that a row which is no record begins with."""
        raw = self.physical[line - 1].removesuffix("\r").encode(self.source.encoding)
        self.rejects.append(rows.reject(self.source, line, self.byte(line), raw, found))

    def finding(self, code: str, message: str, line: int, **fields: Any) -> Diagnostic:
        """Return a finding about a line."""
        return rows.finding(self.source, code, message, line, self.byte(line), **fields)
