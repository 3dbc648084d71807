"""`rejects.jsonl` as an input: each row that was not written is read again by the reader of its own format.

A file of rejects is told by its content. The lines that came from one input, in one way, are a source by themselves.
What a person may change is `raw` (or put it in the place of `raw_base64`), or a whole line may go; a line that is
changed otherwise is rejected with the reason. Every place is that of the line in this file, the one that can be edited.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from sftformat.diagnostics import Diagnostic, clip
from sftformat.errors import InputError
from sftformat.formats import jsonfault, jsonl, jsontext, lines, rows
from sftformat.formats.source import BATCH_RECORDS, KEPT_BYTES, Origin, ReadOptions, Source
from sftformat.record import Batch, Record, Reject
from sftformat.schema.decide import Compiled, compile_schema, plain
from sftformat.schema.store import load

if TYPE_CHECKING:  # hardly any input is a file of rejects
    from sftformat.formats.reread import At

#: So many lines at the start may be damaged before a file is taken for something else.
_LOOKED_AT = 100
_DELIMITERS = {"csv": ",", "tsv": "\t"}
#: Formats whose rows do not name their columns.
_WITH_HEADER = frozenset({"csv", "tsv", "conll", "vertex"})


class _ReadAs(msgspec.Struct, frozen=True):
    split: str | None = None
    split_named: bool = False
    delimiter: str | None = None
    quoting: bool = True
    task: str | None = None


class _Line(msgspec.Struct, frozen=True):
    """What tells a line of rejects, and how its row is read."""

    file: str
    line: int
    length: int
    format: str
    reason: str
    diagnostics: list[msgspec.Raw]
    header: tuple[str, ...] | None = None
    raw: str | None = None
    read_as: _ReadAs = _ReadAs()

    @property
    def kind(self) -> tuple[Any, ...]:
        """What must be equal in lines that are read together: their file, unless each of these is a file."""
        file = "" if self.format == "class-folders" else self.file
        return file, self.format, self.header, self.read_as


_decode = msgspec.json.Decoder(_Line).decode


def _line(text: bytes | str) -> _Line | None:
    """Return the innermost line of rejects in a text: a damaged line that was rejected stands whole in `raw`."""
    try:
        found = _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return (_line(found.raw) if found.format == "jsonl" and found.raw else None) or found


def runs(source: Source, options: ReadOptions) -> tuple[Source, ...]:
    """Return the runs of lines that came from one input, each as a source; nothing when this is no file of rejects.

    Raises:
        InputError: the file cannot be read, or it is packed and holds the rows of several inputs.
    """
    if source.format != "jsonl" or not _is_rejects(source, options):
        return ()
    source = replace(source, encoding="utf-8")
    found: list[tuple[_Line, int, int]] = []
    for block in lines.blocks(source, options.max_line_bytes):
        for index, text in enumerate(block.lines):
            made = _line(text)
            if made is not None and (not found or made.kind != found[-1][0].kind):
                found.append((made, block.offsets[index], block.first_line + index))
    if source.compression and len(found) > 1:
        message = "packed, with the rows of several inputs; unpack it first"
        raise InputError(f"{source.name}: {message}")
    starts = [(source.start, source.first_line), *((start, line) for _, start, line in found[1:])]
    stops = [*(start for start, _ in starts[1:]), source.stop]
    return tuple(
        _run(source, made, start, stop, line)
        for (made, _, _), (start, line), stop in zip(found, starts, stops, strict=True)
    )


def _is_rejects(source: Source, options: ReadOptions) -> bool:
    block = next(lines.blocks(source, options.max_line_bytes), None)
    for text in block.lines[:_LOOKED_AT] if block else ():
        if text.strip(jsonfault.BLANK) and jsontext.value(text)[1] is None:
            return _line(text) is not None
    return False


def _run(source: Source, made: _Line, start: int, stop: int | None, line: int) -> Source:
    how = made.read_as
    return replace(
        source,
        format=made.format,
        header=made.header,
        delimiter=how.delimiter or _DELIMITERS.get(made.format),
        quoting=how.quoting,
        start=start,
        stop=stop,
        first_line=line,
        origin=Origin(made.file, how.split, how.split_named, how.task),
    )


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the rows of one run of a file of rejects as records of their own format.

    Raises:
        InputError: the file cannot be read.
    """
    from sftformat.formats.reread import At

    notes = tuple(rows.opening_notes(source))
    for block in lines.blocks(source, options.max_line_bytes):
        if block.too_long is not None:
            reject = replace(rows.too_long(source, block, options.max_line_bytes), format="jsonl", header=None)
            yield _batch(source, [reject], 0, notes)
        for start, stop in rows.slices(len(block.lines), BATCH_RECORDS) if block.too_long is None else ():
            texts = [text.removesuffix(b"\r") for text in block.lines[start:stop]]
            there = [index for index, text in enumerate(texts) if text.strip(jsonfault.BLANK)]
            made = [
                each
                for index in there
                for each in _read(
                    At(source, block.first_line + start + index, block.offsets[start + index]), texts[index], options
                )
            ]
            yield _batch(source, made, len(texts) - len(there), notes)
            notes = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """One row that could be read, with its place in the file of rejects."""

    record: Record
    line: int
    byte: int
    raw: bytes


def _batch(source: Source, made: Sequence[_Row | Reject], blank: int, notes: tuple[Diagnostic, ...]) -> Batch:
    good = [each for each in made if isinstance(each, _Row)]
    return Batch(
        source.name,
        source.format,
        [each.record for each in good],
        [each.line for each in good],
        [each.byte for each in good],
        [each.raw for each in good],
        tuple(each for each in made if isinstance(each, Reject)),
        notes,
        source.header,
        blank,
    )


def _read(at: At, text: bytes, options: ReadOptions) -> list[_Row | Reject]:
    value, fault = jsontext.value(text)
    if fault or type(value) is not dict:
        return [at.whole(text, replace(jsonl.explain(at.source, fault, value, at.line, at.byte), byte=at.byte))]
    wrong = _misshapen(at, value)
    if wrong:
        return [at.whole(text, *wrong)]
    if value["format"] == "jsonl" and _line(value.get("raw", "")) is not None:
        return _read(at, value["raw"].encode(), options)
    try:
        stored = value["raw"].encode() if "raw" in value else base64.b64decode(value["raw_base64"], validate=True)
    except binascii.Error:
        return [at.whole(text, at.finding("SFT101", "raw_base64 is not base64", path="/raw_base64"))]
    if len(stored) == KEPT_BYTES < value["length"]:
        message = f"only the first {KEPT_BYTES:,} of {value['length']:,} bytes of the row stand here"
        return [rows.reject(at.source, at.line, at.byte, stored, at.finding("SFT009", message), value["length"])]
    try:
        row = stored.decode(options.encoding or "utf-8") if "raw_base64" in value else value["raw"]
    except UnicodeDecodeError as error:
        hint = "put the row as text into 'raw', in the place of 'raw_base64'"
        found = replace(rows.undecodable(at.source, stored, error.start, at.line, at.byte), byte=at.byte, hint=hint)
        return [rows.reject(at.source, at.line, at.byte, stored, found)]
    from sftformat.formats.reread import PARSERS, whole_object

    made = PARSERS.get(at.source.format, whole_object)(at, row)
    if isinstance(made, Diagnostic):
        return [rows.reject(at.source, at.line, at.byte, stored, made)]
    records = made if isinstance(made, list) else [made]
    return [_Row(record, at.line, at.byte, stored) for record in records]


@cache
def _schema() -> Compiled:
    return compile_schema(load("rejects"))


def _misshapen(at: At, value: Record) -> list[Diagnostic]:
    """Return what is wrong with the line around its row."""
    known = load("rejects")["properties"]
    raws = [key for key in ("raw", "raw_base64") if key in value]
    found = []
    if not raws:
        message = "/raw is missing: the row itself; put it back, or delete the line"
        found.append(at.finding("SFT102", message, path="/raw", keyword="required"))
    elif len(raws) > 1:
        found.append(at.finding("SFT101", "both raw and raw_base64 stand here: leave the one that is right"))
    for key in value:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "change raw only, or delete the line"
            message = f"/{clip(key)} is no key of a line of rejects"
            found.append(at.finding("SFT101", message, path=f"/{key}", keyword="additionalProperties", hint=hint))
    if not found and not _schema().fits(shown := plain(value)):
        for each in _schema().explain(shown):
            words = f"{each.path or 'the line'}: expected {each.expected}, got {each.got}"
            found.append(at.finding(each.code, words, path=each.path, keyword=each.keyword))
    if not found and value["format"] in _WITH_HEADER and "header" not in value:
        found.append(at.finding("SFT102", "/header is missing: the names of the cells", path="/header"))
    return found
