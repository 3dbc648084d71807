"""CSV of Vertex AI: no header; in a row the use it is for, a text, and any number of labels: `training,"Fine.",pos`.

A record is `{"split"?, "text", "label"}`, or `{…, "labels"}` where any row of the file has several. A path in a bucket
in the place of a text is refused, never followed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats import container, csvrow, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source
from sftformat.formats.textlines import Filling, Line, decoded, filling
from sftformat.record import SPLIT_NAMES, Batch, Record, encode_json

#: The words for what a row is for, and the split that each is; unassigned is left to Vertex.
USES = {
    "training": "train",
    "train": "train",
    "validation": "validation",
    "validate": "validation",
    "test": "test",
    "unassigned": None,
}
_WRITTEN = {"train": "training", "validation": "validation", "test": "test"}
_BUCKET = "gs://"
#: Of the rows at least this share has the form, whatever is wrong with the others.
_MOST = 0.8
_DIALECT = csvrow.Dialect(",", True)


def looks_like(lines: Sequence[str]) -> bool:
    """Whether lines of CSV are of this form: nearly all rows, and the first, begin with a use or a path in a bucket."""
    first = [line.partition(",")[0].strip().strip('"').lower() for line in lines[:1]]
    if not first or not _begins(first[0]):
        return False
    held: list[csvrow.Cells] = []
    index = 0
    while index < len(lines) and len(held) < 200:
        found = csvrow.parse(lines, index, _DIALECT, True)
        if not isinstance(found, csvrow.Cells):
            break
        held.append(found)
        index = found.next
    told = [each.cells for each in held if each.text.strip()]
    return sum(len(cells) > 1 and _begins(cells[0].strip().lower()) for cells in told) >= max(1, _MOST * len(told))


def _begins(cell: str) -> bool:
    return cell in USES or cell.startswith(_BUCKET)


def detect(source: Source, options: ReadOptions) -> Source:
    """Return the source with what its rows hold: a use if the first has one, several labels if any has.

    Raises:
        InputError: the file cannot be read.
    """
    source = replace(source, format="vertex", delimiter=",", header=("text",))
    uses: bool | None = None
    most = 0
    for _, found in _records(source, options, filling(source)):
        if isinstance(found, csvrow.Cells):
            uses = found.cells[0].strip().lower() in USES if uses is None else uses
            most = max(most, sum(map(bool, found.cells[1 + uses :])))
    return replace(source, header=(*(("ml_use",) if uses else ()), "text", "labels" if most > 1 else "label"))


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the rows of a file; `line` is the first one of a row.

    A row without a text, with a path in its place, or for an unknown use is a reject.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    batch = filling(source)
    for run, found in _records(source, options, batch):
        bad = next((line.bad for line in run if line.bad is not None), None)
        if bad is None and isinstance(found, csvrow.Damage):
            bad = rows.finding(source, "SFT013", found.message, run[0].number, run[0].byte)
        made = record_of(found.cells, source) if isinstance(found, csvrow.Cells) and bad is None else ""
        if bad is None and isinstance(made, str):
            bad = rows.finding(source, "SFT101", made, run[0].number, run[0].byte, hint="[ML_USE,]text,label")
        if isinstance(made, dict):
            batch.add([made], run)
        elif bad is not None:
            batch.reject(run, bad)
        if batch.full:
            yield batch.flush()
    if not batch.empty:
        yield batch.flush()


def record_of(cells: Sequence[str], source: Source) -> Record | str:
    """Return the record of a row, or why it is none."""
    header = source.header or ("text", "label")
    record: Record = {}
    if header[0] == "ml_use":
        use = cells[0].strip().lower()
        if use not in USES:
            return f"expected training, validation, test or unassigned, got {clip(cells[0], 40)!r}"
        record = {"split": USES[use]} if USES[use] else {}
        cells = cells[1:]
    if not cells:
        return "a row without a text"
    if cells[0].startswith(_BUCKET):
        return f"{clip(cells[0], 60)!r} is a file in a bucket, which is never fetched: put its text here"
    labels = [cell for cell in cells[1:] if cell]
    if header[-1] == "labels":
        return {**record, "text": cells[0], "labels": labels or None}
    return {**record, "text": cells[0], "label": labels[0] if labels else None}


def _records(
    source: Source, options: ReadOptions, batch: Filling
) -> Iterator[tuple[list[Line], csvrow.Cells | csvrow.Damage | None]]:
    """Yield each row with its lines; a quote that is never closed costs the line that it opens in."""
    waiting: deque[Line] = deque()
    lines = decoded(source, options, batch)
    while True:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        if line.blank:
            batch.blank_lines += 1
            continue
        run, found = _row(source, line, waiting, lines, options.max_line_bytes)
        if isinstance(found, csvrow.Damage):
            waiting.extendleft(reversed(run[1:]))
            run = run[:1]
        elif isinstance(found, csvrow.Cells):
            waiting.extendleft(reversed(run[found.next :]))
            run = run[: found.next]
        yield run, found


def _row(
    source: Source, line: Line, waiting: deque[Line], lines: Iterator[Line], limit: int
) -> tuple[list[Line], csvrow.Cells | csvrow.Damage | None]:
    """Return the lines that a row was looked for in, and what was found; what is twice as long is looked at again."""
    run, want = [line], 1
    size = line.length
    while line.bad is None:
        ended = size > limit
        while len(run) < want and not ended:
            more = waiting.popleft() if waiting else next(lines, None)
            ended = more is None or more.bad is not None
            if more is None:
                break
            run.append(more)
            size += more.length
        # A CR before the end of a line may be part of a cell.
        texts = [each.stored.decode(source.encoding) for each in run if each.bad is None]
        found = csvrow.parse(texts, 0, _DIALECT, ended)
        if found is not None or ended:
            return run, found
        want *= 2
    return run, None


# ---------------------------------------------------------------------------------------------------- writing


def held(_: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that such a file has a place for."""
    return ("split", "text", "label", "labels")


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Write rows with the use they are for, `unassigned` where they have no split; return how many.

    Raises:
        UsageError: a record is no text with labels, its text would be taken for a path, or a label is empty.
    """
    count = 0
    with container.create(path, compression) as file:
        for batch in batches():
            for record in batch:
                file.write(csvrow.written(_cells(record), ","))
                count += 1
    return count


def _cells(record: Record) -> list[str]:
    text = record.get("text")
    target = record.get("labels", record.get("label"))
    if not isinstance(text, str) or isinstance(target, dict):
        raise UsageError("Vertex holds texts with labels: say --to vertex, or write another format")
    at = f"(first at id {clip(str(record.get('id')), 60)!r})"
    labels = target if isinstance(target, list) else [] if target is None else [target]
    said = [label if isinstance(label, str) else encode_json(label).decode() for label in labels]
    if target == [] or not all(said):
        raise UsageError(f"Vertex cannot say that no label applies, nor hold an empty one {at}: leave these rows out")
    if text.startswith(_BUCKET) or "\0" in "".join([text, *said]):
        raise UsageError(f"Vertex takes a text with {_BUCKET} for a file, and no text holds a NUL {at}")
    split = record.get("split")
    return [_WRITTEN[SPLIT_NAMES[split]] if split else "unassigned", text, *said]
