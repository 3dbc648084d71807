"""Lines of text: a record `{"line": TEXT}` a physical line, for layouts that say more in it (fastText)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sftformat.diagnostics import Diagnostic
from sftformat.errors import UsageError
from sftformat.formats import container, lines, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import BATCH_RECORDS, ReadOptions, Source
from sftformat.record import Batch, Reject

#: The one key of a record.
LINE = "line"


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the lines of a text, or of a byte range of it that starts at a line; blank ones are counted.

    A line that is not text in the encoding, holds a NUL or is over the limit is a reject.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    notes = rows.opening_notes(source)
    ends = rows.LineEnds(source)
    for block in lines.blocks(source, options.max_line_bytes):
        if block.too_long is not None:
            reject = rows.too_long(source, block, options.max_line_bytes)
            yield Batch(source.name, source.format, [], [], [], [], (reject,), tuple(notes))
        else:
            notes += [*ends.check(block), *rows.inner_marks(source, block)]
            for start, stop in rows.slices(len(block.lines), BATCH_RECORDS):
                yield _batch(source, block, start, stop, notes)
                notes = []
        notes = []
    if notes:
        yield Batch(source.name, source.format, [], [], [], [], (), tuple(notes))


def _batch(source: Source, block: lines.Block, start: int, stop: int, notes: list[Diagnostic]) -> Batch:
    stored = [line.removesuffix(b"\r") for line in block.stored[start:stop]]
    texts = [line.removesuffix(b"\r") for line in block.lines[start:stop]]
    good: list[int] = []
    records = []
    rejects: list[Reject] = []
    blank = 0
    for index, text in enumerate(texts):
        if not text.strip():
            blank += 1
            continue
        bad = _wrong(source, block, start + index, text)
        if bad is None:
            good.append(index)
            records.append({LINE: text.decode()})
        else:
            place = block.first_line + start + index, block.offsets[start + index]
            rejects.append(rows.reject(source, *place, stored[index], bad))
    return Batch(
        source.name,
        source.format,
        records,
        [block.first_line + start + index for index in good],
        [block.offsets[start + index] for index in good],
        [stored[index] for index in good],
        tuple(rejects),
        tuple(notes),
        blank_lines=blank,
    )


def _wrong(source: Source, block: lines.Block, index: int, text: bytes) -> Diagnostic | None:
    line, byte = block.first_line + index, block.offsets[index]
    if index in block.undecodable:
        return rows.undecodable(source, block.stored[index], block.undecodable[index], line, byte)
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return rows.undecodable(source, text, error.start, line, byte)
    if b"\0" in text:
        return rows.finding(source, "SFT008", "a NUL byte", line, byte + block.stored[index].find(b"\0"))
    return None


def held(_: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a text has a place for."""
    return (LINE,)


def write(
    path: Path,
    compression: str | None,
    batches: Batches,
    columns: Columns,  # noqa: ARG001 - every writer is called alike; only the lines are written
) -> int:
    """Write the lines of records in UTF-8; return how many. What else records hold is left out.

    Raises:
        UsageError: a record has no line.
    """
    count = 0
    with container.create(path, compression) as file:
        for batch in batches():
            if any(LINE not in record for record in batch):
                raise UsageError(f"{path.name}: a text holds lines of a layout made of them: --to fasttext")
            file.write("".join(record[LINE] + "\n" for record in batch).encode())
            count += len(batch)
    return count
