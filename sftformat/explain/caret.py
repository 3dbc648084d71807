"""Where in the text of a row a finding is: a character, told by its byte, its JSON Pointer or its cell."""

from __future__ import annotations

import json
import re

from sftformat.diagnostics import Diagnostic
from sftformat.explain.place import Found
from sftformat.formats import csvrow
from sftformat.formats.csv import dialect_of
from sftformat.formats.source import Source
from sftformat.layouts.layout import parse

_SPACE = re.compile(r"[ \t\r\n]*")
_decoder = json.JSONDecoder()


def text_of(source: Source, found: Found) -> str:
    """Return the row as text; bytes that are none stand as `\\xe9`."""
    return found.raw.decode(source.encoding, "backslashreplace")


def caret(source: Source, found: Found, finding: Diagnostic) -> int | None:
    """Return the 0-based character of `text_of` at which a finding is, None where it is about the whole row."""
    utf8 = source.encoding == "utf-8"
    inside = finding.byte - found.byte if finding.byte is not None and found.byte is not None else 0
    if utf8 and 0 < inside <= len(found.raw):
        return len(found.raw[:inside].decode("utf-8", "backslashreplace"))
    text = text_of(source, found)
    if source.format in ("csv", "tsv"):
        return _cell(source, text, finding)
    if source.format in ("json", "jsonl") or source.origin is not None:
        if finding.path:
            return locate(text, finding.path)
        column = re.match(r"column ([0-9]+): ", finding.message)
        return int(column[1]) - 1 if column and "\n" not in text else None
    return None


def _cell(source: Source, text: str, finding: Diagnostic) -> int | None:
    """Return where quotes are wrong, where cells are too many, or where the cell that a pointer names starts."""
    dialect = dialect_of(source)
    cells = csvrow.split(text, dialect)
    if isinstance(cells, csvrow.Damage):
        return cells.at
    names = source.columns
    if finding.code == "SFT012":
        return start_of(text, len(names), dialect) - 1 if len(cells) > len(names) else len(text)
    name = parse(finding.path)[0] if finding.path else None
    return start_of(text, names.index(name), dialect) if name in names else None


def start_of(text: str, number: int, dialect: csvrow.Dialect) -> int:
    """Return where cell `number` (from 0) of a sound row starts."""
    at, inside = 0, False
    for index, character in enumerate(text):
        if number == 0:
            break
        if character == '"' and dialect.quoting:
            inside = not inside
        elif character == dialect.delimiter and not inside:
            number, at = number - 1, index + 1
    return at


def locate(text: str, pointer: str) -> int | None:
    """Return where the value that a JSON Pointer leads to starts in a JSON text.

    A key that is not there leads to the object that lacks it. None when the text cannot be followed that far.
    """
    at = _space(text, 0)
    for token in parse(pointer) if pointer else ():
        try:
            inner = _member(text, at, token)
        except (ValueError, RecursionError, IndexError):
            return None
        if inner is None:
            break
        at = inner
    return at


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _member(text: str, at: int, token: str) -> int | None:
    """Return where a member of the object or array at `at` starts, None when there is none."""
    keyed, number = text[at] == "{", 0
    if not keyed and text[at] != "[":
        return None
    at = _space(text, at + 1)
    while text[at] not in "]}":
        key = str(number)
        if keyed:
            key, at = _decoder.raw_decode(text, at)
            at = _space(text, _space(text, at) + 1)
        if key == token:
            return at
        _, at = _decoder.raw_decode(text, at)
        at = _space(text, at)
        at, number = _space(text, at + (text[at] == ",")), number + 1
    return None
