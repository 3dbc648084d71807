"""A sample of the records of an input, taken from the whole of it: what the layout is told from.

It depends on the content of the file and on nothing else, and takes a bounded time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sftformat.dataset.options import DatasetOptions
from sftformat.diagnostics import Diagnostic
from sftformat.errors import InputError, SftformatError
from sftformat.formats import linking, read, shorter, spread
from sftformat.formats.source import Range, Source
from sftformat.formats.thinning import Thinned
from sftformat.plan import Plan, without
from sftformat.record import Batch, Record
from sftformat.repair import repair_keys

#: Records that are looked at to tell the layout; every record is checked against it afterwards.
SAMPLE_RECORDS = 2000
#: A longer file is looked at in this many places, if it can be opened anywhere.
SAMPLE_PLACES = 8
#: Of long records fewer are looked at in a row: about this many bytes.
SAMPLE_BYTES = 32 << 20
#: So many bytes for each record are read at first; more only where that is not enough.
_USUAL_BYTES = 256
#: Records of an input, and the first finding about one that cannot be read.
Sample = tuple[list[Record], Diagnostic | None]


def sample(source: Source, options: DatasetOptions) -> Sample:
    """Return records of an input that can be read, in order, and the first finding about one that cannot.

    They are all records of a short file, else some from its start and some from each of a few places spread over it.
    Of a file that must be read from its start (a table, a JSON array, a compressed one) they are some of an excerpt,
    which has records from all over it.

    Of rows that are turns each is a conversation by itself.

    Raises:
        InputError: the file cannot be read.
    """
    options = options.of(source.path)
    if source.rows is not None and source.format == linking.FORMAT:
        rows, found = sample(source.rows, options)
        return linking.alone(rows, source.rows), found
    whole = Range(source.start, source.stop, source.first_line)
    start = _first(source, whole, options, SAMPLE_RECORDS, SAMPLE_BYTES)
    if start.all or options.limit is not None:
        return start.records, start.unread
    places = spread(source, SAMPLE_PLACES)
    if len(places) < 2:
        return _excerpt(source, options) or start.records, start.unread
    each, size = SAMPLE_RECORDS // len(places), SAMPLE_BYTES // len(places)
    parts = [_first(source, place, options, each, size).records for place in places]
    return [record for part in parts for record in part], start.unread


def sampled(
    found: Plan, options: DatasetOptions, failed: list[SftformatError] | None = None
) -> tuple[Plan, list[Sample]]:
    """Return a plan, and a sample of each of its inputs; of one whose layout is known already it is empty.

    With a list for what `failed`, an input that is damaged where the sample is taken is left out if there is another;
    its error goes there.

    Raises:
        InputError: an input cannot be read.
    """
    gone: set[int] = set()
    samples: list[Sample] = []
    for index, (each, source) in enumerate(zip(found.inputs, found.sources, strict=True)):
        known = each.canonical or (source.origin is not None and source.origin.task is not None)
        try:
            samples.append(([], None) if known else sample(source, options))
        except InputError as error:
            if failed is None or len(gone) == len(found.inputs) - 1:
                raise
            failed.append(error)
            gone.add(index)
    return (without(found, gone) if gone else found), samples


def _batches(source: Source, options: DatasetOptions) -> Iterator[Batch]:
    how = options.repairs()
    for batch in read(source, options.read):
        yield repair_keys(batch, how)[0]


@dataclass(frozen=True, slots=True)
class _Start:
    """The first records of a part of a file, the first finding about one that cannot be read, and if these are all."""

    records: list[Record]
    unread: Diagnostic | None
    all: bool


def _first(source: Source, part: Range, options: DatasetOptions, count: int, size: int) -> _Start:
    """Return the first `count` records of a part of a file, or fewer that are of about `size` bytes."""
    short = shorter(source, part, count * _USUAL_BYTES)
    found = _read_first(source.part(short), options, count, size)
    return found if short == part or not found.all else _read_first(source.part(part), options, count, size)


def _read_first(source: Source, options: DatasetOptions, count: int, size: int) -> _Start:
    records: list[Record] = []
    unread: Diagnostic | None = None
    for batch in _batches(source, options):
        if unread is None and batch.rejects:
            unread = batch.rejects[0].diagnostics[0]
        records.extend(batch.records[: count - len(records)])
        size -= sum(map(len, batch.raw))
        if len(records) >= count or size <= 0:
            return _Start(records, unread, False)
    return _Start(records, unread, True)


def _excerpt(source: Source, options: DatasetOptions) -> list[Record]:
    """Return records from all over a file that must be read from its start."""
    from sftformat.formats.excerpts import excerpt

    with TemporaryDirectory() as folder:
        short = excerpt(source, options.read, Path(folder) / "excerpt")
        return _thinned(_batches(source if short is None else short, options))


def _thinned(batches: Iterator[Batch]) -> list[Record]:
    """Return every nth record, n such that there are not too many of them."""
    some = Thinned[Record](SAMPLE_RECORDS)
    with suppress(InputError):  # damage further on is told when the file is read
        for batch in batches:
            some.add([batch.records[index] for index in some.next(len(batch))])
    return some.kept
