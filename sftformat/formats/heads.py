"""The first records of a file, for those formats whose rows are told by a key of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sftformat.errors import InputError
from sftformat.formats import container
from sftformat.formats.source import ReadOptions, Source
from sftformat.record import Batch, Record

#: So much of a file is looked at.
LOOKED_AT = 1 << 20
Read = Callable[[Source, ReadOptions], Iterator[Batch]]


def holds(source: Source, keys: Sequence[str]) -> frozenset[str]:
    """Return which of some keys may be among those of the records; of Parquet and Arrow that is not known before.

    Raises:
        InputError: the file cannot be read.
    """
    if source.format in ("csv", "tsv"):
        return frozenset(keys) & frozenset(source.columns)
    if source.format in ("parquet", "arrow"):
        return frozenset(keys)
    if source.format not in ("json", "jsonl", "json-lists"):
        return frozenset()
    head = b""
    for piece in container.chunks(source):
        head += piece
        if len(head) >= LOOKED_AT:
            break
    return frozenset(key for key in keys if key.encode(source.encoding, "replace") in head)


def first(source: Source, options: ReadOptions, read: Read) -> Sequence[Record]:
    """Return the records of the first batch; none where the file cannot be read, which is told when it is."""
    try:
        batch = next(read(source, replace(options, join=None)), None)
    except InputError:
        return ()
    return batch.records if batch is not None else ()
