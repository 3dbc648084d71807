"""A JSON array of records, read element by element in bounded memory, and written one element a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sftformat.diagnostics import Diagnostic
from sftformat.formats import container, jsonfault, jsonl, jsontext, rows
from sftformat.formats.container import CHUNK_BYTES
from sftformat.formats.jsonarray import ArrayText, Element, Run, stored_form, up_to
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import BATCH_RECORDS, ReadOptions, Source
from sftformat.record import Batch, Reject, encode_json


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the elements of a JSON array; its elements must be objects.

    An element that is no record is a reject. A syntax error is a reject too, and ends the file, or the range of it:
    what follows it cannot be told apart. `line` and `byte` are where an element starts; `raw` is it as it stands.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    notes = rows.opening_notes(source)
    held: list[Element] = []
    size = 0
    for found in ArrayText(source, options.max_line_bytes).elements():
        if isinstance(found, Element):
            held.append(found)
            size += len(found.text)
        full = size >= CHUNK_BYTES or len(held) >= BATCH_RECORDS or not isinstance(found, Element)
        if held and full:
            batch, ended = _batch(source, held, notes)
            yield batch
            if ended:
                return
            held, size, notes = [], 0, []
        if isinstance(found, Run):
            for start, stop in rows.slices(len(found.texts), BATCH_RECORDS):
                batch, ended = _of_run(source, found.part(start, stop), notes)
                yield batch
                if ended:
                    return
                notes = []
    if held or notes:
        yield _batch(source, held, notes)[0]


def _of_run(source: Source, run: Run, notes: list[Diagnostic]) -> tuple[Batch, bool]:
    """Return objects as a batch, and whether one of them ends the file."""
    longest = int((run.ends - run.starts).max())
    found, faults = jsontext.values(run.texts, run.whole, longest, run.ends, jsontext.elements)
    if faults:
        return _batch(source, run.elements(), notes)
    lines, places = (memoryview(each.data) for each in (run.lines, run.starts + run.offset))
    return Batch(source.name, source.format, found, lines, places, run.texts, (), tuple(notes)), False


def _batch(source: Source, elements: list[Element], notes: list[Diagnostic]) -> tuple[Batch, bool]:
    """Return the elements as a batch, and whether one of them ends the file."""
    texts = [element.text if element.finding is None else b"{}" for element in elements]
    found, faults = jsontext.values(texts, b"\n".join(texts), max(map(len, texts), default=0))
    good: list[int] = []
    rejects: list[Reject] = []
    ended = False
    for index, element in enumerate(elements):
        if element.finding is None and index not in faults and type(found[index]) is dict:
            good.append(index)
            continue
        bad = element.finding or _why(source, element, faults.get(index), found[index])
        raw = stored_form(source, element.text)
        ended = bad.code in ("SFT001", "SFT017")
        rejects.append(rows.reject(source, element.line, element.byte, raw, bad, element.length))
        if ended:
            break
    batch = Batch(
        source.name,
        source.format,
        [found[index] for index in good],
        [elements[index].line for index in good],
        [elements[index].byte for index in good],
        [stored_form(source, elements[index].text) for index in good],
        tuple(rejects),
        tuple(notes),
    )
    return batch, ended


def _why(source: Source, element: Element, fault: jsonfault.Fault | None, value: object) -> Diagnostic:
    if fault and fault.code == "SFT006":
        return rows.undecodable(source, element.text, fault.byte, element.line, element.byte)
    bad = jsonl.explain(source, fault, value, element.line, element.byte)
    if bad.code != "SFT001":
        return bad
    message = f"{bad.message}; the array cannot be read beyond this element{up_to(source)}"
    return rows.finding(source, "SFT001", message, element.line, bad.byte)


def write(
    path: Path,
    compression: str | None,
    batches: Batches,
    columns: Columns,  # noqa: ARG001 - every writer is called alike; an object names its own keys
) -> int:
    """Write records as one JSON array in UTF-8, one element a line; return how many."""
    count = 0
    with container.create(path, compression) as file:
        file.write(b"[")
        for batch in batches():
            for record in batch:
                file.write((b",\n" if count else b"\n") + encode_json(record))
                count += 1
        file.write(b"\n]\n" if count else b"]\n")
    return count
