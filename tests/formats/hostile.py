"""Hostile records and texts, and the one way these tests read and write files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from sftformat import formats
from sftformat.formats import ReadOptions, Source
from sftformat.formats.source import BATCH_RECORDS
from sftformat.record import Batch, Number, Reject

#: Characters that readers trip over, and everything else.
CHARACTERS = st.one_of(
    st.sampled_from(list("\"',;\t|\r\n\\{}[]: \x00\x0b\x0c\x1c\x85\u2028\u2029\ufeff\ufffd\U0001f600é=+-@#")),
    st.characters(exclude_categories=("Cs",)),
)
TEXTS = st.text(CHARACTERS, max_size=12)
NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=4)
NUMBERS = st.one_of(
    st.integers(),
    st.sampled_from([Number("1.10"), Number("1e5"), Number("-0"), Number("0.1"), Number("1E-7"), 2**64 + 1, 10**30]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
RECORDS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=6)


@dataclass(frozen=True)
class Everything:
    """All that was read from a file, batches joined."""

    records: list[dict[str, Any]]
    lines: list[int]
    offsets: list[int | None]
    raw: list[bytes]
    rejects: list[Reject]
    codes: list[str]
    blank_lines: int


def gather(batches: list[Batch]) -> Everything:
    """Join batches, checking what holds for each of them."""
    for batch in batches:
        assert len(batch.records) == len(batch.lines) == len(batch.offsets) == len(batch.raw) <= BATCH_RECORDS
    return Everything(
        [record for batch in batches for record in batch.records],
        [line for batch in batches for line in batch.lines],
        [offset for batch in batches for offset in batch.offsets],
        [raw for batch in batches for raw in batch.raw],
        [reject for batch in batches for reject in batch.rejects],
        [finding.code for batch in batches for finding in batch.diagnostics],
        sum(batch.blank_lines for batch in batches),
    )


def read_path(path: Path, name: str | None = None, **options: Any) -> Everything:
    """Sniff and read a whole file."""
    asked = ReadOptions(**options)
    source = formats.sniff(path, name or path.name, asked)
    return gather(list(formats.read(source, asked)))


def read_bytes(folder: Path, name: str, data: bytes, **options: Any) -> Everything:
    """Write bytes to a file of that name and read it."""
    path = folder / name
    path.write_bytes(data)
    return read_path(path, **options)


def ranges_of(source: Source, unit_bytes: int) -> list[Source]:
    """Cut a source as `scan` says."""
    return [source.part(part) for part in formats.scan(source, unit_bytes).ranges]
