"""CSV and TSV: RFC 4180, every cell as text, every record with its first physical line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sftformat.diagnostics import Diagnostic, Severity
from sftformat.errors import UsageError
from sftformat.formats import container, csvlines, csvrow, lines, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import BATCH_RECORDS, ReadOptions, Source
from sftformat.formats.textlines import Filling, filling
from sftformat.record import Batch, Record


def dialect_of(source: Source) -> csvrow.Dialect:
    """Return how the cells of `source` are told apart."""
    newline = "\r" if source.line_end == "\r" else "\n"
    return csvrow.Dialect(source.delimiter or ",", source.quoting, newline)


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the records of a CSV or TSV file; every value is the text of its cell.

    A record with wrong quotes is a reject of its first physical line, and reading starts again at the line after that.
    One whose quotes are whole but that has too many or too few cells is a reject with all its lines, and reading goes
    on after it: a line inside its quotes is no row. In TSV a record over several lines, each of which has the cells of
    a whole row, is taken for rows with stray quotes unless all its cells are quoted.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    header_due = source.header_row and not source.start
    state = _Reading(source, dialect_of(source), source.columns, header_due, filling(source))
    ends = rows.LineEnds(source)
    held: lines.Block | None = None
    want = 0
    for block in lines.blocks(source, options.max_line_bytes):
        if block.too_long is None:
            state.batch.notes += [*ends.check(block), *rows.inner_marks(source, block)]
            held = block if held is None else _joined(held, block)
            if len(held.text) >= want:
                final = len(held.text) > options.max_line_bytes
                held = yield from _consume(state, held, final)
                # A quote that stays open for long is looked at again only when twice as much is there.
                want = 2 * len(held.text) if held else 0
            continue
        if held:
            yield from _consume(state, held, True)
        held, want = None, 0
        state.batch.rejects.append(rows.too_long(source, block, options.max_line_bytes))
        yield state.batch.flush()
    if held:
        yield from _consume(state, held, True)
    if state.batch.notes or state.batch.blank_lines:
        yield state.batch.flush()


@dataclass(slots=True)
class _Reading:
    """What is known about the file, and the batch being filled."""

    source: Source
    dialect: csvrow.Dialect
    columns: tuple[str, ...]
    header_due: bool
    batch: Filling


def _joined(held: lines.Block, block: lines.Block) -> lines.Block:
    newline = b"" if held.text.endswith(b"\n") or not held.text else b"\n"
    shift = len(held.lines)
    stored = [*held.stored, *block.stored]
    both = stored if block.lines is block.stored else [*held.lines, *block.lines]
    undecodable = {**held.undecodable, **{index + shift: at for index, at in block.undecodable.items()}}
    text = held.text + newline + block.text
    offsets = [*held.offsets, *block.offsets]
    return lines.Block(held.first_line, offsets, stored, both, text, block.ended, undecodable=undecodable)


def _rest(block: lines.Block, start: int) -> lines.Block:
    stored, own = block.stored[start:], block.lines[start:]
    undecodable = {index - start: at for index, at in block.undecodable.items() if index >= start}
    return lines.Block(
        block.first_line + start,
        block.offsets[start:],
        stored,
        stored if block.lines is block.stored else own,
        b"\n".join(own),
        block.ended,
        undecodable=undecodable,
    )


def _consume(state: _Reading, block: lines.Block, final: bool) -> Generator[Batch, None, lines.Block | None]:
    """Yield the records of a block; return the lines of a record that goes on after it, or None."""
    plain = csvlines.cells_of(block, state.dialect)
    odd = csvlines.odd(plain, len(state.columns))
    if plain and not odd and not state.header_due:
        if state.batch.records or state.batch.rejects or state.batch.blank_lines:
            yield state.batch.flush()
        yield from _quick_batches(state, block, plain)
        return None
    texts = [line.decode("utf-8", "surrogateescape") for line in block.lines]
    odd = [*odd, len(texts)] if plain else [*range(len(texts) + 1)]
    index = 0
    while index < len(texts):
        # Where a record begins, a line that is sound by itself is one, and so is each up to one that is not.
        room = BATCH_RECORDS - len(state.batch.records) - len(state.batch.rejects)
        stop = min(odd[bisect_left(odd, index)], index + room)
        if stop > index and not state.header_due:
            _take(state, block, plain, index, stop)
            index = stop
        else:
            following = _one(state, block, texts, index, final)
            if following is None:
                break
            index = following
        if len(state.batch.records) + len(state.batch.rejects) >= BATCH_RECORDS:
            yield state.batch.flush()
    if state.batch.records or state.batch.rejects:
        yield state.batch.flush()
    return _rest(block, index) if index < len(texts) else None


def _quick_batches(state: _Reading, block: lines.Block, plain: list[list[str]]) -> Iterator[Batch]:
    source, columns = state.source, state.columns
    stored = _without_return(state.source, block, block.stored)
    for start, stop in rows.slices(len(plain), BATCH_RECORDS):
        notes, state.batch.notes = tuple(state.batch.notes), []
        records = csvlines.records(columns, plain[start:stop])
        where = range(block.first_line + start, block.first_line + stop)
        offsets, raw = block.offsets[start:stop], stored[start:stop]
        yield Batch(source.name, source.format, records, where, offsets, raw, (), notes, source.header)


def _take(state: _Reading, block: lines.Block, plain: list[list[str]], start: int, stop: int) -> None:
    """Take lines that are records into the batch."""
    batch = state.batch
    batch.records += csvlines.records(state.columns, plain[start:stop])
    batch.lines += range(block.first_line + start, block.first_line + stop)
    batch.offsets += block.offsets[start:stop]
    batch.raw += _without_return(state.source, block, block.stored[start:stop])


def _without_return(source: Source, block: lines.Block, stored: Sequence[bytes]) -> Sequence[bytes]:
    """Return lines without the CR of a CRLF."""
    if b"\r" not in block.text or source.line_end == "\r":
        return stored
    carriage_return = "\r".encode(source.encoding)
    return [line.removesuffix(carriage_return) for line in stored]


def _one(state: _Reading, block: lines.Block, texts: list[str], index: int, final: bool) -> int | None:
    """Take one record into the batch; return the index of the line after it, or None when it goes on after `block`."""
    found = csvrow.parse(texts, index, state.dialect, final)
    if found is None:
        return None
    if isinstance(found, csvrow.Damage):
        where = f" (line {block.first_line + index + found.after})" if found.after else ""
        return _damaged(state, block, index, "SFT013", found.message + where)
    width = len(state.columns)
    if not found.text or (width > 1 and len(found.cells) == 1 and found.text.isspace()):
        state.batch.blank_lines += 1
        return found.next
    wrong = _unreadable(state.source, block, index, found)
    if wrong:
        # The record is whole, so reading goes on after it.
        _reject(state, block, index, found.next, wrong)
        return found.next
    if state.header_due:
        state.header_due = False
        return found.next
    if found.next > index + 1:
        count = found.next - index
        if csvrow.is_stray(texts[index : found.next], found.text, width, state.dialect):
            stray = f"a quote opens here and closes {count - 1} lines on, but each of these lines is a whole row"
            return _damaged(state, block, index, "SFT013", stray)
    if len(found.cells) != width:
        _reject(state, block, index, found.next, _ragged(state, block, index, found))
        return found.next
    _warn_of_rows_inside(state, block, index, texts[index + 1 : found.next - 1])
    record: Record = dict(zip(state.columns, found.cells, strict=True))
    raw = _raw(state.source, block, index, found.next)
    state.batch.take(record, block.first_line + index, block.offsets[index], raw)
    return found.next


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"


def _raw(source: Source, block: lines.Block, start: int, stop: int) -> bytes:
    raw = lines.newline_of(source).join(block.stored[start:stop])
    carriage_return = "\r".encode(source.encoding)
    return raw if source.line_end == "\r" else raw.removesuffix(carriage_return)


def _reject(state: _Reading, block: lines.Block, start: int, stop: int, finding: Diagnostic) -> None:
    raw = _raw(state.source, block, start, stop)
    state.batch.rejects.append(rows.reject(state.source, block.first_line + start, block.offsets[start], raw, finding))


def _damaged(state: _Reading, block: lines.Block, index: int, code: str, message: str) -> int:
    finding = rows.finding(state.source, code, message, block.first_line + index, block.offsets[index])
    _reject(state, block, index, index + 1, finding)
    return index + 1


def _unreadable(source: Source, block: lines.Block, index: int, found: csvrow.Cells) -> Diagnostic | None:
    """Return why a record of sound structure cannot be kept: bytes that are no text, a NUL."""
    for at in range(index, found.next):
        line, byte = block.first_line + at, block.offsets[at]
        if at in block.undecodable:
            return rows.undecodable(source, block.stored[at], block.undecodable[at], line, byte)
        try:
            block.lines[at].decode()
        except UnicodeDecodeError as error:
            return rows.undecodable(source, block.stored[at], error.start, line, byte)
        if b"\0" in block.lines[at]:
            return rows.finding(source, "SFT008", "a NUL byte", line, byte + block.stored[at].find(b"\0"))
    return None


def _warn_of_rows_inside(state: _Reading, block: lines.Block, index: int, inner: list[str]) -> None:
    """Warn (SFT013) when a quoted cell holds two or more lines that look like rows: is a quote missing before them?"""
    if _look_like_rows(state, inner):
        message = f"a quoted cell holds {len(inner)} lines that look like rows"
        line, byte = block.first_line + index, block.offsets[index]
        found = rows.finding(state.source, "SFT013", message, line, byte, severity=Severity.WARNING, hint=_MISSING)
        state.batch.notes.append(found)


def _ragged(state: _Reading, block: lines.Block, index: int, found: csvrow.Cells) -> Diagnostic:
    """Return what is said of a record with too many or too few cells (SFT012)."""
    line, last = block.first_line + index, block.first_line + found.next - 1
    over = f" (lines {line} to {last})" if last > line else ""
    message = f"expected {_cells(len(state.columns))}, got {len(found.cells)}{over}"
    inner = found.text.split(state.dialect.newline)[1:-1]
    hint = {"hint": _MISSING} if _look_like_rows(state, inner) else {}
    return rows.finding(state.source, "SFT012", message, line, block.offsets[index], **hint)


#: What to ask where a quoted cell holds what looks like rows.
_MISSING = "is a quote missing?"


def _look_like_rows(state: _Reading, inner: list[str]) -> bool:
    """Tell whether the lines between the first and the last of a record are two or more that look like rows."""
    delimiter, others = state.dialect.delimiter, len(state.columns) - 1
    return len(inner) >= 2 and others > 0 and all(line.count(delimiter) == others for line in inner)


def write(
    path: Path,
    compression: str | None,
    batches: Batches,
    columns: Columns,
    delimiter: str = ",",
) -> int:
    """Write records as CSV in UTF-8 with LF line ends, quoting only cells that need it; return how many.

    An absent value and None are empty cells, a Number its text, true and false words, a list or object JSON text. In
    TSV a record that holds a line break has all its cells quoted, which is how `read` tells it from stray quotes.

    Raises:
        UsageError: a cell holds the character NUL, which programs take for the end of a text.
    """
    count = 0
    with container.create(path, compression) as file:
        names = list(columns)
        file.write(csvrow.written(names, delimiter))
        for batch in batches():
            rows_of_cells = ([csvrow.cell(record.get(name)) for name in names] for record in batch)
            rendered = [csvrow.written(cells, delimiter) for cells in rows_of_cells]
            text = b"".join(rendered)
            if b"\0" in text:
                number = count + 1 + next(index for index, line in enumerate(rendered) if b"\0" in line)
                raise UsageError(f"record {number} holds a NUL character, which CSV and TSV cannot: write .jsonl")
            file.write(text)
            count += len(batch)
    return count
