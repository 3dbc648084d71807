"""Lines of CSV and TSV that are records by themselves: read many at once, exactly as one by one."""

from __future__ import annotations

import csv

from sftformat.formats import csvrow, lines
from sftformat.formats.csvrow import Dialect
from sftformat.record import Record


def cells_of(block: lines.Block, dialect: Dialect) -> list[list[str]]:
    """Return the cells of each line, none of one that is no record by itself; nothing where each must be looked at."""
    quoted = dialect.quoting and b'"' in block.text
    if b"\0" in block.text or block.undecodable or (quoted and dialect.newline == "\r"):
        return []
    try:
        texts = block.text.decode().split(dialect.newline)
    except UnicodeDecodeError:
        return []
    if len(texts) > len(block.lines):
        texts.pop()
    if len(texts) != len(block.lines):  # lines that were put together with other line ends
        return []
    if b"\r" in block.text and dialect.newline != "\r":
        texts = [text.removesuffix("\r") for text in texts]
    delimiter = dialect.delimiter
    return (split_lines(texts, dialect) or []) if quoted else [text.split(delimiter) for text in texts]


def odd(plain: list[list[str]], width: int) -> list[int]:
    """Return the indices of the lines that do not have the cells of a whole record."""
    if set(map(len, plain)) <= {width} and not (width == 1 and [""] in plain):
        return []
    return [index for index, cells in enumerate(plain) if len(cells) != width or cells == [""]]


def split_lines(texts: list[str], dialect: Dialect) -> list[list[str]] | None:
    """Return the cells of each of many lines; none of one that is no record by itself. None if they cannot be told.

    The standard library reads them, after a check that each is sound: by itself it takes damaged ones too.
    """
    if not dialect.quoting:
        return [text.split(dialect.delimiter) for text in texts]
    sound = ['"' not in text or csvrow.is_record(text, dialect) for text in texts]
    if any("\r" in text for text in texts):
        sound = [good and "\r" not in text for good, text in zip(sound, texts, strict=True)]
    alone = texts if all(sound) else [text for text, good in zip(texts, sound, strict=True) if good]
    try:
        cells = list(csv.reader(alone, delimiter=dialect.delimiter, strict=True))
    except csv.Error:  # a cell over the limit of the standard library
        return None
    if len(cells) == len(texts):
        return cells
    left = iter(cells)
    return [next(left) if good else [] for good in sound]


def records(columns: tuple[str, ...], cells: list[list[str]]) -> list[Record]:
    """Return rows with a cell for each column as records; those of few columns are made five times as fast."""
    if len(columns) == 2:
        a, b = columns
        return [{a: one, b: two} for one, two in cells]
    if len(columns) == 3:
        a, b, c = columns
        return [{a: one, b: two, c: three} for one, two, three in cells]
    if len(columns) == 4:
        a, b, c, d = columns
        return [{a: one, b: two, c: three, d: four} for one, two, three, four in cells]
    return [dict(zip(columns, row, strict=True)) for row in cells]
