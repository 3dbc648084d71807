"""A row of a file of rejects as the record, or records, that it is in its own format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sftformat.diagnostics import Diagnostic
from sftformat.formats import csvrow, jsonl, jsontext, rows
from sftformat.formats.source import Source
from sftformat.record import Record, Reject


@dataclass(frozen=True, slots=True)
class At:
    """A line of the file: what is found in it is found here."""

    source: Source
    line: int
    byte: int

    def finding(self, code: str, message: str, **fields: Any) -> Diagnostic:
        return rows.finding(self.source, code, message, self.line, self.byte, **fields)

    def whole(self, text: bytes, *found: Diagnostic) -> Reject:
        """Return the line itself as a reject: it is no line of rejects any more."""
        return Reject(self.source.name, self.line, self.byte, len(text), text, "jsonl", "rejected", found)


def whole_object(at: At, row: str) -> Record | Diagnostic:
    """Return the object that a row is, or why it is none."""
    value, fault = jsontext.value(row.encode())
    if fault:
        return at.finding(fault.code, f"in raw, {fault.message}")
    if type(value) is not dict:
        return replace(jsonl.explain(at.source, None, value, at.line, at.byte), path="/raw")
    record: Record = value
    return record


def _cells(at: At, row: str) -> Record | Diagnostic:
    columns = at.source.columns
    if "\0" in row:
        return at.finding("SFT008", "a NUL byte", path="/raw")
    texts = row.split("\n")
    found = csvrow.parse(texts, 0, csvrow.Dialect(at.source.delimiter or ",", at.source.quoting), True)
    if not isinstance(found, csvrow.Cells):
        return at.finding("SFT013", f"in raw, {found.message}" if found else "in raw, a quote that is never closed")
    if found.next < len(texts):
        return at.finding("SFT013", f"raw holds {len(texts)} lines, but the record ends with line {found.next}")
    if len(found.cells) != len(columns):
        return at.finding("SFT012", f"in raw, expected {len(columns)} cells, got {len(found.cells)}")
    return dict(zip(columns, found.cells, strict=True))


def _sentence(at: At, row: str) -> Record | Diagnostic:
    from sftformat.formats import conll, conllu

    texts = row.split("\n")
    found = conll.sentence(texts, at.source) if at.source.format == "conll" else conllu.sentence(texts)
    return found if isinstance(found, dict) else at.finding("SFT012", f"in raw, {found[1]}", path="/raw")


def _entry(at: At, row: str) -> list[Record] | Diagnostic:
    from sftformat.formats import catalogue, po

    found = po.parse(row.split("\n"))
    if not isinstance(found, catalogue.Entry) or not found.texts:
        said = found[1] if isinstance(found, tuple) else "comments only"
        return at.finding("SFT019", f"in raw, {said}", path="/raw")
    why = catalogue.left_out(found)
    return at.finding("SFT112", why, path="/raw") if why else catalogue.records_of(found, {})


def _unit(at: At, row: str) -> list[Record] | Diagnostic:
    from sftformat.formats import tmx

    found = tmx.of_unit(at.source, row)
    return found if isinstance(found, list) else at.finding("SFT019", f"in raw, {found}", path="/raw")


def _row(at: At, row: str) -> Record | Diagnostic:
    from sftformat.formats import vertex

    found = csvrow.parse(row.split("\n"), 0, csvrow.Dialect(",", True), True)
    made = vertex.record_of(found.cells, at.source) if isinstance(found, csvrow.Cells) else "a quote that is not closed"
    return made if isinstance(made, dict) else at.finding("SFT101", f"in raw, {made}", path="/raw")


def _line(at: At, row: str) -> Record | Diagnostic:
    from sftformat.formats import text

    return at.finding("SFT008", "a NUL byte", path="/raw") if "\0" in row else {text.LINE: row}


#: What reads a row again, by its format; a row of any other format is one JSON object.
PARSERS: Mapping[str, Callable[[At, str], Record | list[Record] | Diagnostic]] = {
    "csv": _cells,
    "tsv": _cells,
    "conll": _sentence,
    "conllu": _sentence,
    "po": _entry,
    "tmx": _unit,
    "text": _line,
    "vertex": _row,
}
