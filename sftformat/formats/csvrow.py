"""One record of CSV (RFC 4180) or TSV: its cells, or what is wrong with its quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sftformat.record import Number, encode_json


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart: the delimiter, whether `"` quotes, and what ends a physical line (`\\n` or `\\r`)."""

    delimiter: str = ","
    quoting: bool = True
    newline: str = "\n"


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one record and the index of the physical line after it."""

    cells: list[str]
    next: int
    text: str


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a record: words, how many lines after its first it was found, and the character there."""

    message: str
    after: int = 0
    at: int | None = None


@dataclass(frozen=True, slots=True)
class _Patterns:
    cell: re.Pattern[str]
    open_cell: re.Pattern[str]
    closed: re.Pattern[str]
    quoted: re.Pattern[str]
    all_quoted: re.Pattern[str]
    record: re.Pattern[str]


@lru_cache(maxsize=32)
def _patterns(dialect: Dialect) -> _Patterns:
    mark, newline = re.escape(dialect.delimiter), dialect.newline
    inside = r'(?:[^"]++|"")*+'
    return _Patterns(
        cell=re.compile(rf'"({inside})"(?={mark}|\Z)|([^"{mark}{newline}]*+)(?={mark}|\Z)'),
        open_cell=re.compile(rf'"{inside}\Z'),
        quoted=re.compile(rf'"{inside}"'),
        closed=re.compile(rf'{inside}"(?!"|{mark}|\r?\Z)'),
        all_quoted=re.compile(rf'"{inside}"(?:{mark}"{inside}")*+'),
        record=re.compile(rf'(?:"{inside}"|[^"{mark}]*+)(?:{mark}(?:"{inside}"|[^"{mark}]*+))*+'),
    )


def split(text: str, dialect: Dialect) -> list[str] | Damage:
    """Return the cells of the text of one record, without its line end."""
    if not dialect.quoting or '"' not in text:
        return text.split(dialect.delimiter)
    match = _patterns(dialect).cell.match
    cells: list[str] = []
    at = 0
    while True:
        found = match(text, at)
        if found is None:
            return _damage(text, at, len(cells) + 1, dialect)
        quoted, plain = found.groups()
        if quoted is None:
            cells.append(plain)
        else:
            cells.append(quoted.replace('""', '"') if '"' in quoted else quoted)
        at = found.end()
        if at == len(text):
            return cells
        at += 1


def _damage(text: str, at: int, cell: int, dialect: Dialect) -> Damage:
    if _patterns(dialect).open_cell.match(text, at):
        return Damage(f"the quote that opens cell {cell} is never closed", text.count(dialect.newline), at)
    line = text.count(dialect.newline, 0, at)
    if text[at] == '"':
        closing = _patterns(dialect).quoted.match(text, at)
        return Damage(f"text after the closing quote of cell {cell}", line, closing.end() if closing else at)
    return Damage(f"a bare quote in cell {cell}, which is not quoted", line, text.find('"', at))


def parse(lines: Sequence[str], index: int, dialect: Dialect, final: bool) -> Cells | Damage | None:
    """Return the record that starts at line `index`, what is wrong with it, or None when more lines are needed.

    `lines` have no LF; a CR that stands before it is part of the line end only where the record ends. `final` says
    that no more lines will come.
    """
    first = lines[index]
    if not dialect.quoting or '"' not in first:
        text = first.removesuffix("\r")
        return Cells(text.split(dialect.delimiter), index + 1, text)
    stop = index + 1
    if first.count('"') % 2:
        alone = split(first.removesuffix("\r"), dialect)
        if isinstance(alone, Damage) and "never closed" not in alone.message:
            return alone
        found = _find_end(lines, index, dialect)
        if found is None:
            return alone if final and isinstance(alone, Damage) else None
        if isinstance(found, Damage):
            return found
        stop = found
    text = dialect.newline.join(lines[index:stop]).removesuffix("\r")
    cells = split(text, dialect)
    return cells if isinstance(cells, Damage) else Cells(cells, stop, text)


def _find_end(lines: Sequence[str], index: int, dialect: Dialect) -> int | Damage | None:
    """Return the line after the record that opens a quote at `index`; None when the quote does not close in `lines`.

    In a sound record the quotes of all its lines are even in number, and only then.
    """
    misplaced = _patterns(dialect).closed
    for stop in range(index + 1, len(lines)):
        line = lines[stop]
        if '"' not in line:
            continue
        if misplaced.match(line):
            # A closing quote must be followed by the delimiter; else the quote opened at `index` is the stray one.
            return Damage("an opened quote does not close before a line with quotes of its own", stop - index)
        if line.count('"') % 2:
            return stop + 1
    return None


def all_quoted(text: str, dialect: Dialect) -> bool:
    """Tell whether every cell of a record is quoted."""
    return bool(_patterns(dialect).all_quoted.fullmatch(text))


def is_record(text: str, dialect: Dialect) -> bool:
    """Tell whether a line has sound quotes and is a record by itself."""
    return _patterns(dialect).record.fullmatch(text) is not None


def is_stray(lines: Sequence[str], text: str, width: int, dialect: Dialect) -> bool:
    """Tell whether a record of TSV over several lines is more likely rows with stray quotes.

    It is when each of its lines has the tabs of a whole row of `width` cells, unless all its cells are quoted.
    """
    if dialect.delimiter != "\t" or width < 2 or len(lines) < 2:
        return False
    return all(line.count("\t") == width - 1 for line in lines) and not all_quoted(text, dialect)


def cell(value: object) -> str:
    """Return the text of a cell: a Number as it was written, nothing for None, JSON for what is no text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Number):
        return value.text
    return encode_json(value).decode()


def written(cells: Sequence[str], delimiter: str) -> bytes:
    """Return a row as it is written, with its line end; only cells that need it are quoted."""
    line = delimiter.join(cells)
    if line.count(delimiter) >= len(cells) or any(mark in line for mark in '"\r\n') or not line.strip():
        every = delimiter == "\t" and ("\n" in line or "\r" in line)
        line = delimiter.join(_quoted(cell, delimiter, every or len(cells) == 1) for cell in cells)
    return (line + "\n").encode()


def _quoted(cell: str, delimiter: str, every: bool) -> str:
    if not every and not any(mark in cell for mark in (delimiter, '"', "\r", "\n")):
        return cell
    return '"' + cell.replace('"', '""') + '"'
