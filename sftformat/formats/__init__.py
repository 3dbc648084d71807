"""File formats: what a file is (`sniff`), its bytes (`scan`), its records (`read`), and writing them (`write`).

The table `FORMATS` is all there is: a format is a module here and a row in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sftformat.errors import UsageError
from sftformat.formats import (
    arrow,
    conll,
    conllu,
    csv,
    json,
    jsonl,
    mo,
    parallel,
    parquet,
    po,
    rejects,
    text,
    tmx,
    xlsx,
)
from sftformat.formats.cuts import scan, scanning, spread
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.sniffing import sniff
from sftformat.formats.source import Range, ReadOptions, Scan, Source, by_name, written_as
from sftformat.record import Batch

__all__ = [
    "FORMATS",
    "Format",
    "Range",
    "ReadOptions",
    "Scan",
    "Source",
    "by_name",
    "read",
    "scan",
    "scanning",
    "sniff",
    "spread",
    "write",
    "written_as",
]


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is read and written; `held` are the columns that it has a place for, None = all."""

    read: Callable[[Source, ReadOptions], Iterator[Batch]]
    write: Callable[[Path, str | None, Batches, Columns], int]
    held: Callable[[Sequence[str]], Collection[str]] | None = None


FORMATS = {
    "csv": Format(csv.read, csv.write),
    "tsv": Format(csv.read, partial(csv.write, delimiter="\t")),
    "json": Format(json.read, json.write),
    "jsonl": Format(jsonl.read, jsonl.write),
    "parquet": Format(parquet.read, parquet.write),
    "arrow": Format(arrow.read, arrow.write),
    "text": Format(text.read, text.write, text.held),
    "conll": Format(conll.read, conll.write, conll.held),
    "conllu": Format(conllu.read, conllu.write, conllu.held),
    "parallel": Format(parallel.read, parallel.write),
    "po": Format(po.read, po.write, po.held),
    "mo": Format(mo.read, mo.write),
    "tmx": Format(tmx.read, tmx.write, tmx.held),
    "xlsx": Format(xlsx.read, xlsx.write),
}


def read(source: Source, options: ReadOptions | None = None) -> Iterator[Batch]:
    """Yield the records of a source in batches of about 1 MiB and at most 4,096 records, with all that is wrong.

    A row that is no record is a `Reject` of its batch, and reading goes on after it.

    Raises:
        InputError: the file as a whole cannot be read; batches that came before are not to be used then.
    """
    reader = rejects.read if source.origin is not None else FORMATS[source.format].read
    return reader(source, options or ReadOptions())


def write(
    path: Path,
    format: str,  # noqa: A002 - the word for it everywhere
    compression: str | None,
    batches: Batches,
    columns: Columns,
) -> int:
    """Write records to `path` in a format, compressed as gzip, zstd or not; return how many.

    `batches` may be called twice and must give the same records both times, unless `columns` says already what
    `shape.see` found in them. The same records give the same bytes. The
    file is neither synced nor renamed.

    Raises:
        UsageError: an unknown format or compression.
        OSError: the file cannot be written.
    """
    if format not in FORMATS or compression not in (None, "gzip", "zstd"):
        raise UsageError(f"cannot write {format!r} with compression {compression!r}")
    return FORMATS[format].write(path, compression, batches, columns)
