"""Sheets of Excel (`.xlsx`): the first row names the columns, every cell as text, like CSV.

A cell of text keeps it. A number or a date is held without the form it was shown in: `1.10` is 1.1 there, and `007` is
7. Such cells are reported (SFT020), as it cannot be known how they looked. The first sheet is read, or the one named
with `--sheet`.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sftformat.diagnostics import Diagnostic, Severity, clip
from sftformat.errors import UsageError
from sftformat.formats import rows
from sftformat.formats.index_column import HINT, INDEX, WORDS, numbers_rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import BATCH_RECORDS, ReadOptions, Source, fault
from sftformat.formats.xmltext import escaped
from sftformat.record import Batch, Number, Record, encode_json

#: Bounds of a sheet.
MAX_ROWS, MAX_COLUMNS, MAX_CHARACTERS = 1 << 20, 1 << 14, 32_767
_Cells = Sequence[Any]


def is_sheet(path: Path) -> bool:
    """Whether a zip archive is a workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the rows of a sheet; `line` is the number of the row as the program shows it.

    Raises:
        UsageError: python-calamine is missing, or there is no sheet of that name.
        InputError: the file is damaged, or its header cannot be used.
    """
    sheet = _sheet(source, options)
    number, names = _header(source, sheet)
    below = sheet[number:]
    notes = [*rows.opening_notes(source), *_index(source, names, number, below)]
    names = dict(sorted(names.items()))
    notes += _unknown(source, names, below, number + 1)
    for start, stop in rows.slices(len(below), BATCH_RECORDS):
        yield _batch(source, names, list(enumerate(below[start:stop], number + 1 + start)), notes)
        notes = []


def _sheet(source: Source, options: ReadOptions) -> list[_Cells]:
    try:
        import python_calamine as calamine
    except ImportError:
        raise UsageError(f"{source.name}: a sheet needs python-calamine: pip install 'sftformat[xlsx]'") from None
    try:
        book = calamine.CalamineWorkbook.from_path(str(source.path))
    except (calamine.CalamineError, OSError) as error:
        raise fault("SFT016", source.name, f"the workbook is damaged: {error}") from None
    if options.sheet is not None and options.sheet not in book.sheet_names:
        raise UsageError(f"{source.name}: no sheet {options.sheet!r}; there are: {', '.join(book.sheet_names)}")
    try:
        found = book.get_sheet_by_name(options.sheet) if options.sheet else book.get_sheet_by_index(0)
        held: Any = found.to_python(skip_empty_area=False)
    except calamine.CalamineError as error:
        raise fault("SFT016", source.name, f"the sheet is damaged: {error}") from None
    return list(held)


def _index(source: Source, names: dict[int, str], number: int, below: Sequence[_Cells]) -> Iterator[Diagnostic]:
    """Give the index of a table its name, with a warning, where its column has none."""
    first = [cell_text(cells[0]) for cells in below if any(map(cell_text, cells))]
    if 0 not in names and INDEX not in names.values() and numbers_rows(first):
        names[0] = INDEX
        yield rows.finding(source, "SFT014", WORDS, number, None, severity=Severity.WARNING, hint=HINT)


def _header(source: Source, sheet: Sequence[_Cells]) -> tuple[int, dict[int, str]]:
    """Return the number of the first row that is not empty, and its names by column."""
    for number, cells in enumerate(sheet, 1):
        names = {column: name for column, cell in enumerate(cells) if (name := cell_text(cell).strip())}
        if not names:
            continue
        twice = next((name for name in names.values() if list(names.values()).count(name) > 1), None)
        if twice is not None:
            raise fault("SFT014", source.name, f"two columns are named {clip(twice, 40)!r}", line=number)
        return number, names
    raise fault("SFT016", source.name, "the sheet is empty")


def cell_text(cell: object) -> str:
    """Return what a cell holds as text: a date in the form of ISO 8601, a whole number without a point."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1 << 53 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def _unknown(source: Source, names: Mapping[int, str], below: Sequence[_Cells], first: int) -> Iterator[Diagnostic]:
    """Yield for each column with numbers or dates that their form is not known, at the first of them."""
    for column, name in names.items():
        held = [number for number, cells in enumerate(below, first) if not isinstance(cells[column], str | bool)]
        if held:
            many = f"{len(held):,} cell{'s' * (len(held) != 1)} of column {clip(name, 40)!r}"
            message = f"{many} held as numbers or dates: how they were shown is not known"
            yield rows.finding(source, "SFT020", message, held[0], None, path=f"/{name}")


def _batch(
    source: Source, names: Mapping[int, str], numbered: Sequence[tuple[int, _Cells]], notes: Sequence[Diagnostic]
) -> Batch:
    records: list[tuple[int, Record]] = []
    rejects = []
    blank = 0
    for number, cells in numbered:
        record: Record = {name: cell_text(cells[column]) for column, name in names.items()}
        beside = [cell_text(cell) for column, cell in enumerate(cells) if column not in names and cell_text(cell)]
        if beside:
            message = f"a cell in a column without a name: {clip(beside[0], 40)!r}"
            raw = encode_json({**record, "": beside[0]})
            rejects.append(
                rows.reject(source, number, None, raw, rows.finding(source, "SFT012", message, number, None))
            )
        elif any(record.values()):
            records.append((number, record))
        else:
            blank += 1
    return Batch(
        source.name,
        source.format,
        [record for _, record in records],
        [number for number, _ in records],
        [None] * len(records),
        [encode_json(record) for _, record in records],
        tuple(rejects),
        tuple(notes),
        tuple(names.values()),
        blank,
    )


# ---------------------------------------------------------------------------------------------------- writing

_OPEN = "application/vnd.openxmlformats"
_TYPES = f"{_OPEN}-officedocument.spreadsheetml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _relation(kind: str, target: str) -> str:
    inner = f'<Relationship Id="r1" Type="{_OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


#: The other parts of a workbook with one sheet.
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    f'<Default Extension="rels" ContentType="{_OPEN}-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>',
    "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
}
#: What cannot stand in a cell as it is; `_x000D_` is how Excel writes such a character.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_x[0-9A-Fa-f]{4}_")


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:
    """Write records as a workbook of one sheet, every cell as text; return how many.

    Raises:
        UsageError: more rows or columns than a sheet takes, or a cell that it cannot hold.
    """
    if compression is not None:
        raise UsageError(f"{path.name}: a workbook is packed already; leave out the second ending")
    names = list(columns)
    if len(names) > MAX_COLUMNS:
        raise UsageError(f"a sheet has at most {MAX_COLUMNS:,} columns")
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _PARTS.items():
            archive.writestr(_entry(name), _HEAD + content)
        with archive.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{_row(names)}'.encode())
            for batch in batches():
                sheet.write("".join(_row([_plain(record.get(name)) for name in names]) for record in batch).encode())
                count += len(batch)
            sheet.write(b"</sheetData></worksheet>")
    if count >= MAX_ROWS:
        raise UsageError(f"a sheet has at most {MAX_ROWS:,} rows; write .csv or .jsonl")
    return count


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry of an archive without the time of day: the same records give the same bytes."""
    made = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    made.compress_type = zipfile.ZIP_DEFLATED
    return made


def _plain(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return value.text if isinstance(value, Number) else encode_json(value).decode()


def _row(texts: Sequence[str]) -> str:
    return f"<row>{''.join(map(_cell, texts))}</row>"


def _cell(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"a cell takes {MAX_CHARACTERS:,} characters, a text has {len(text):,}; write .csv or .jsonl")
    if unfit := _UNFIT.search(text):
        raise UsageError(f"U+{ord(unfit[0]):04X} cannot stand in a cell of a sheet; write .csv or .jsonl")
    text = _LOOKS_ESCAPED.sub(lambda match: f"_x005F{match[0]}", text)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escaped(text)}</t></is></c>'
