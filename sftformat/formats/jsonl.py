"""JSON Lines: a record a physical line. Also how a file of it is cut into ranges and how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sftformat.diagnostics import Diagnostic
from sftformat.formats import container, forms, jsonfault, jsontext, lines, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import BATCH_RECORDS, ReadOptions, Source
from sftformat.record import Batch, Reject, encode_json
from sftformat.uniform import Uniform


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the records of a JSON Lines file, or of a byte range of it that starts at a line.

    A line that is not one JSON object is a reject. Blank lines are counted and are no records.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    notes = rows.opening_notes(source)
    ends, tries = rows.LineEnds(source), forms.Tries()
    for block in lines.blocks(source, options.max_line_bytes):
        if block.too_long is not None:
            yield _batch(source, notes, rejects=(rows.too_long(source, block, options.max_line_bytes),))
        else:
            notes += [*ends.check(block), *rows.inner_marks(source, block)]
            values = _values(block, tries)
            for start, stop in rows.slices(len(block.lines), BATCH_RECORDS):
                yield _records(source, block, values, start, stop, notes)
                notes = []
        notes = []
    if notes:
        yield _batch(source, notes)


def _values(block: lines.Block, tries: forms.Tries) -> tuple[Sequence[Any], dict[int, jsonfault.Fault]]:
    """Return the value of each line, and what is wrong with those that are not one JSON value, by index."""
    found = tries.alike(block)
    if found is not None:
        return found, {}
    return jsontext.values(block.lines, block.text, block.longest, block.ends if block.objects else None)


def _batch(source: Source, notes: list[Diagnostic], rejects: tuple[Reject, ...] = ()) -> Batch:
    return Batch(source.name, source.format, [], [], [], [], rejects, tuple(notes))


def _records(
    source: Source,
    block: lines.Block,
    values: tuple[Sequence[Any], dict[int, jsonfault.Fault]],
    start: int,
    stop: int,
    notes: list[Diagnostic],
) -> Batch:
    first = block.first_line + start
    stored, texts, offsets = block.stored, block.lines, block.offsets
    found, faults = values
    if stop - start < len(texts):
        stored, texts, offsets = stored[start:stop], texts[start:stop], offsets[start:stop]
        found = found[start:stop]
        faults = {index - start: fault for index, fault in faults.items() if start <= index < stop}
    if b"\r" in block.text:
        stored = [line.removesuffix(b"\r") for line in stored]
    if isinstance(found, Uniform) or not (faults or block.undecodable or set(map(type, found)) - {dict}):
        where = range(first, first + len(found))
        return Batch(source.name, source.format, found, where, offsets, stored, (), tuple(notes))
    blank = {index for index in faults if not texts[index].strip(jsonfault.BLANK)}
    rejects = {}
    for index, value in enumerate(found):
        if index in blank or (type(value) is dict and index not in faults and start + index not in block.undecodable):
            continue
        bad = _why(source, block, start + index, faults.get(index), value)
        rejects[index] = rows.reject(source, first + index, offsets[index], stored[index], bad)
    good = [index for index in range(len(found)) if index not in blank and index not in rejects]
    return Batch(
        source.name,
        source.format,
        [found[index] for index in good],
        [first + index for index in good],
        [offsets[index] for index in good],
        [stored[index] for index in good],
        tuple(rejects.values()),
        tuple(notes),
        blank_lines=len(blank),
    )


def _why(source: Source, block: lines.Block, index: int, fault: jsonfault.Fault | None, value: object) -> Diagnostic:
    line, byte = block.first_line + index, block.offsets[index]
    if index in block.undecodable:
        return rows.undecodable(source, block.stored[index], block.undecodable[index], line, byte)
    last = index == len(block.lines) - 1 and not block.ended
    if fault and fault.cut and last:
        return rows.finding(source, "SFT017", f"the last line breaks off at {fault.message}", line, byte)
    if fault and fault.code == "SFT006":
        return rows.undecodable(source, block.stored[index], fault.byte, line, byte)
    return explain(source, fault, value, line, byte)


def explain(source: Source, fault: jsonfault.Fault | None, value: object, line: int, byte: int) -> Diagnostic:
    """Return why a JSON text is not a record: the fault in it, or that its value is not an object."""
    if fault is None:
        kind = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")
        return rows.finding(source, "SFT002", f"an object was expected, got {kind}", line, byte)
    at = byte + (fault.byte if source.encoding == "utf-8" else 0)
    return rows.finding(source, fault.code, fault.message, line, at)


def write(
    path: Path,
    compression: str | None,
    batches: Batches,
    columns: Columns,  # noqa: ARG001 - every writer is called alike; an object names its own keys
) -> int:
    """Write records as JSON Lines in UTF-8, keys in their own order, numbers with their text; return how many."""
    count = 0
    with container.create(path, compression) as file:
        for batch in batches():
            file.write(b"".join(encode_json(record) + b"\n" for record in batch))
            count += len(batch)
    return count
