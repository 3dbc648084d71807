"""How a CSV or TSV file is written (delimiter, quotes, header), decided by its content alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sftformat.diagnostics import Diagnostic, Severity, clip, diagnostic
from sftformat.errors import InputError, UsageError
from sftformat.formats import csvrow, lines, rows
from sftformat.formats.csv import dialect_of
from sftformat.formats.index_column import HINT, INDEX, WORDS, numbers_rows
from sftformat.formats.source import ReadOptions, Source, fault

_CANDIDATES = ",;\t|"
_SPELLED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_SAMPLE_RECORDS = 200
_NUMBER = re.compile(r"[-+]?[0-9]*[.,]?[0-9]+([eE][-+]?[0-9]+)?")


def detect(source: Source, head: bytes, complete: bool, options: ReadOptions) -> Source:
    """Return `source` with delimiter, quoting and header; `head` is the start of the text in UTF-8, whole lines.

    Raises:
        InputError: there is no header, or it names a column twice or not at all (SFT014).
        UsageError: a delimiter that is not one character.
    """
    newline = "\r" if source.line_end == "\r" else "\n"
    sample = [line for line in head.decode("utf-8", "surrogateescape").split(newline) if line.strip("\r")]
    delimiter = _given(options.delimiter) or ("\t" if options.format == "tsv" else None)
    delimiter = delimiter or _delimiter(sample, source.format, newline, complete)
    quoting = delimiter != "\t" or _tsv_is_quoted(sample, newline, complete)
    name = "tsv" if delimiter == "\t" else "csv"
    source = replace(source, format=name, delimiter=delimiter, quoting=quoting)
    first = _first_record(source, options)
    header = tuple(first) if options.header else options.columns or _numbered(len(first))
    source = replace(source, header=header, header_row=options.header)
    if not options.header:
        return replace(source, notes=())
    records, _ = sample_records(sample, dialect_of(source), complete)
    following = [record.cells for record in records[1:] if len(record.cells) == len(first)]
    notes = [*_check_header(source, following), *_suspicions(source, first, following, newline)]
    return replace(source, notes=tuple(notes))


def _given(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    delimiter = _SPELLED.get(delimiter.lower(), delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise UsageError(f"--delimiter takes one character other than a quote or line break, got {clip(delimiter)!r}")
    return delimiter


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"column_{number}" for number in range(1, count + 1))


def sample_records(sample: list[str], dialect: csvrow.Dialect, complete: bool) -> tuple[list[csvrow.Cells], int]:
    """Return the first records of a sample of physical lines, and how many lines of damage stood between them."""
    records: list[csvrow.Cells] = []
    damaged = index = 0
    while index < len(sample) and len(records) < _SAMPLE_RECORDS:
        found = csvrow.parse(sample, index, dialect, complete)
        if found is None:
            break
        if isinstance(found, csvrow.Damage):
            damaged, index = damaged + 1, index + 1
            continue
        records.append(found)
        index = found.next
    return records, damaged


def _delimiter(sample: list[str], hint: str, newline: str, complete: bool) -> str:
    """Return the candidate that cuts most records of the sample into as many cells as the header, at least two.

    Of equals the one that the extension speaks for wins, then the order `, ; tab |`. Quoted text does not count.
    """
    usual = "\t" if hint == "tsv" else ","
    best, best_score = usual, 0.0
    for candidate in [usual, *(mark for mark in _CANDIDATES if mark != usual)]:
        score = consistency(sample, csvrow.Dialect(candidate, True, newline), complete)
        if candidate == "\t":
            score = max(score, consistency(sample, csvrow.Dialect(candidate, False, newline), complete))
        if score > best_score:
            best, best_score = candidate, score
    return best


def consistency(sample: list[str], dialect: csvrow.Dialect, complete: bool) -> float:
    """Return the share of the records of a sample that have as many cells as the first; 0 when that has one cell."""
    records, damaged = sample_records(sample, dialect, complete)
    width = len(records[0].cells) if records else 0
    if width < 2:
        return 0.0
    return sum(len(record.cells) == width for record in records) / (len(records) + damaged)


def _tsv_is_quoted(sample: list[str], newline: str, complete: bool) -> bool:
    """Tell whether quotes in a tab-delimited file quote; most such files know no quoting.

    They do unless the sample says otherwise: a quote that is not as RFC 4180 has it (text before or after it, never
    closed, or closed lines on with whole rows between), or a quoted cell that needs no quotes (no tab, line break or
    quote in it) in a row with cells that have none.
    """
    dialect = csvrow.Dialect("\t", True, newline)
    records, damaged = sample_records(sample, dialect, complete)
    width = len(records[0].cells) if records else 0
    if damaged or any(csvrow.is_stray(record.text.split(newline), record.text, width, dialect) for record in records):
        return False
    quoted = [record for record in records if '"' in record.text]
    if all(csvrow.all_quoted(record.text, dialect) for record in records):
        return True
    return all(_needs_quotes(record) for record in quoted if not csvrow.all_quoted(record.text, dialect))


def _needs_quotes(record: csvrow.Cells) -> bool:
    """Tell whether each quoted cell of a record holds a tab, a line break or a quote."""
    plain = record.text.split("\t")
    return not any(len(cell) > 2 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1] for cell in plain) or any(
        mark in cell for cell in record.cells for mark in "\r\n"
    )


def _first_record(source: Source, options: ReadOptions) -> list[str]:
    """Return the cells of the first record of the file."""
    dialect = dialect_of(source)
    texts: list[str] = []
    size = want = 0
    for block in lines.blocks(source, options.max_line_bytes):
        if block.too_long is not None:
            raise fault("SFT014", source.name, f"the first row is over {options.max_line_bytes:,} bytes", line=1)
        decoded = (line.decode("utf-8", "surrogateescape") for line in block.lines)
        texts += [text for text in decoded if texts or text.strip("\r")]
        size += len(block.text)
        if size < want or not texts:
            continue
        want = 2 * size
        found = csvrow.parse(texts, 0, dialect, size > options.max_line_bytes)
        if found is not None:
            return _sound(source, found)
    found = csvrow.parse(texts, 0, dialect, True) if texts else None
    if found is None:
        raise fault("SFT014", source.name, "the file is empty: there is no header", hint="")
    return _sound(source, found)


def _sound(source: Source, found: csvrow.Cells | csvrow.Damage) -> list[str]:
    if isinstance(found, csvrow.Damage):
        raise fault("SFT014", source.name, f"the first row cannot be read: {found.message}", line=1)
    stored = found.text.encode("utf-8", "surrogateescape")
    try:
        stored.decode()
    except UnicodeDecodeError as error:
        finding = rows.undecodable(source, stored, error.start, 1, source.bom)
        raise InputError(f"{source.name}: the first row: {finding.message}", finding) from error
    return found.cells


def _check_header(source: Source, following: list[list[str]]) -> Iterator[Diagnostic]:
    """Refuse names that cannot be used; yield SFT014 as a warning for the index of a table, which gets one."""
    seen: dict[str, int] = {}
    header = [name.strip() for name in source.header or ()]
    indexed = not header[0] and source.columns[0] == INDEX and numbers_rows([row[0] for row in following])
    if indexed:
        yield rows.finding(source, "SFT014", WORDS, 1, None, severity=Severity.WARNING, hint=HINT)
    for position, name in enumerate(source.columns if indexed else header, 1):
        if not name:
            raise fault("SFT014", source.name, _nameless(position, len(header), following), line=1)
        if name in seen:
            message = f"the header names {clip(name, 60)!r} twice, in columns {seen[name]} and {position}"
            raise fault("SFT014", source.name, message, line=1)
        seen[name] = position


def _nameless(position: int, width: int, following: list[list[str]]) -> str:
    """Say which name is missing, and what to do."""
    words = f"column {position} of the header has no name"
    if position == width > 1 and not any(row[-1] for row in following):
        return f"{words}, and nothing stands in it: take the delimiter from the end of every line, or give it a name"
    return f"{words}: give it one in the first line; if that is no header, say --no-header --columns A,B,…"


def _suspicions(source: Source, first: list[str], following: list[list[str]], newline: str) -> list[Diagnostic]:
    """Return SFT015 when the delimiter looks wrong or the header like data."""
    message, hint = "", ""
    if len(first) == 1:
        others = [mark for mark in _CANDIDATES if mark in first[0] and mark != source.delimiter]
        if others:
            shown = {"\t": "tab"}.get(others[0], others[0])
            message, hint = f"the header is one column that holds {others[0]!r}", f"try --delimiter '{shown}'"
    if not message:
        message = _looks_like_data(first, following)
    if not message:
        return []
    fields = {"file": source.name, "line": 1, "got": clip(newline.join(first), 80)}
    return [diagnostic("SFT015", message, **fields, **({"hint": hint} if hint else {}))]


def _looks_like_data(first: list[str], following: list[list[str]]) -> str:
    for position, cell in enumerate(first):
        text = cell.strip()
        if _NUMBER.fullmatch(text):
            return f"the header names column {position + 1} {clip(text, 40)!r}, a number"
        if len(text) > 100 or (len(text) > 40 and text.count(" ") > 5):
            return f"the header names column {position + 1} by a text of {len(text)} characters"
        column = [row[position] for row in following]
        if text and text in column:
            return f"the name {clip(text, 40)!r} in the header also stands in column {position + 1} of other rows"
        parts = text.split("|")
        if len(parts) > 1 and set(parts) <= {part for other in column for part in other.strip().split("|")}:
            return f"the header names column {position + 1} {clip(text, 40)!r}, which other rows have in parts"
    return ""
