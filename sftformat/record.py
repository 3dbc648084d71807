"""Records as they were read, and the JSON that keeps the text of every value."""

from __future__ import annotations

import base64
import json
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from operator import itemgetter
from typing import Any

import msgspec
import xxhash

from sftformat.diagnostics import Diagnostic

#: The splits in the order in which they are opened and written.
SPLITS = ("train", "validation", "test")
#: Words for the three splits, in a `split` column and in parts of file names.
SPLIT_NAMES: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "tests": "test",
    "eval": "test",
    "evaluation": "test",
}

#: One record as read: what JSON can say, with `Number` where Python's int or float would not keep the text.
Record = dict[str, Any]
#: Key -> the values under it in some records, and their types.
Columns = dict[str, tuple[list[Any], set[type]]]


class Number:
    """A JSON number whose text Python's int or float would change: `1.10`, `1e5`, `-0`.

    Two Numbers are equal when their texts are. `float(number)` is the nearest double.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __float__(self) -> float:
        return float(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record came from: the input's name, its first line (1-based) and its first byte (0-based)."""

    file: str
    line: int
    byte: int | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not written, verbatim, with the reason: `rejected`, `duplicate` or `filtered`.

    `raw` is the row as it stood in the uncompressed file without its line end; for Parquet and Arrow it is the row as
    JSON. `length` counts the bytes of the row in the file, which may be more than `raw` keeps (see SFT009).
    """

    file: str
    line: int
    byte: int | None
    length: int
    raw: bytes
    format: str
    reason: str
    diagnostics: tuple[Diagnostic, ...]
    header: tuple[str, ...] | None = None


class Alike(Sequence[Record]):
    """Records that are kept by column, as `uniform.Uniform` does."""

    @abstractmethod
    def columns(self) -> Columns:
        """Return the values of each key and their types."""


@dataclass(frozen=True)
class Batch:
    """Records as read, in file order, with the place and the bytes of each; nothing in them is trusted.

    `records`, `lines`, `offsets` and `raw` have the same length. `offsets` are 0-based bytes in the uncompressed file
    (in the file as stored, before decoding, when the encoding is not UTF-8) and None for Parquet and Arrow. `rejects`
    are the rows of the same stretch that could not be read; `diagnostics` are findings that cost no row (a byte order
    mark, mixed line ends). `header` is the header of CSV and TSV exactly as written. `files` names the file of each
    record where every one has its own; else all of them stand in `file`.
    """

    file: str
    format: str
    records: Sequence[Record]
    lines: Sequence[int]
    offsets: Sequence[int | None]
    raw: Sequence[bytes]
    rejects: tuple[Reject, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    header: tuple[str, ...] | None = None
    blank_lines: int = 0
    files: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def columns(self) -> Columns | None:
        """The values of each key and their types, in the order of the first record; None unless all have these keys."""
        if isinstance(self.records, Alike):
            return self.records.columns()
        keys = tuple(self.records[0]) if self.records else ()
        if set(map(len, self.records)) != {len(keys)}:
            return None
        try:
            values = {key: list(map(itemgetter(key), self.records)) for key in keys}
        except KeyError:
            return None
        return {key: (each, set(map(type, each))) for key, each in values.items()}

    def place(self, index: int) -> Place:
        """Return where record `index` of this batch came from."""
        return Place(self.file_of(index), self.lines[index], self.offsets[index])

    def file_of(self, index: int) -> str:
        """Return the name of the file that record `index` stands in."""
        return self.file if self.files is None else self.files[index]

    def reject(self, index: int, diagnostics: tuple[Diagnostic, ...], reason: str = "rejected") -> Reject:
        """Return record `index` as a row that is not written."""
        raw = self.raw[index]
        return Reject(
            self.file_of(index),
            self.lines[index],
            self.offsets[index],
            len(raw),
            raw,
            self.format,
            reason,
            diagnostics,
            self.header,
        )


JSON_TYPES: dict[type, str] = {
    str: "string",
    int: "integer",
    Number: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "array",
    dict: "object",
}


def _number_text(value: object) -> msgspec.Raw:
    if isinstance(value, Number):
        return msgspec.Raw(value.text.encode())
    raise TypeError(f"not a JSON value: {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_number_text)
_sorted_encoder = msgspec.json.Encoder(enc_hook=_number_text, order="sorted")
_decoder = msgspec.json.Decoder(float_hook=Number)
_NEGATIVE_ZERO = re.compile(r"-0(?![0-9.eE])")


def encode_json(value: object) -> bytes:
    """Return a value as compact JSON in UTF-8, keys in their own order, the text of a `Number` unchanged."""
    return _encoder.encode(value)


def canonical_json(value: object) -> bytes:
    """Return a value as compact JSON in UTF-8 with sorted keys: equal values give equal bytes."""
    return _sorted_encoder.encode(value)


def decode_json(text: str | bytes) -> Any:
    """Read trusted JSON text (a manifest, `meta`), keeping the text of numbers; of duplicate keys the last wins.

    Raises:
        msgspec.DecodeError: the text is not JSON.
    """
    if _NEGATIVE_ZERO.search(text if isinstance(text, str) else text.decode()):  # msgspec reads -0 as 0
        try:
            return json.loads(text, parse_int=_integer, parse_float=Number)
        except ValueError as error:
            raise msgspec.DecodeError(str(error)) from None
    return _decoder.decode(text)


def _integer(text: str) -> int | Number:
    return Number(text) if text == "-0" else int(text)


def hash_records(names: Sequence[str], columns: Sequence[Sequence[object]]) -> bytes:
    """Return xxh3-128 of the JSON of each record, its keys in the order of `names`: 16 bytes each, in one piece.

    The names are those of canonical fields; every column has a value of each record.
    """
    texts = map(_encoder.encode, map(_struct(tuple(names)), *columns))
    return b"".join(map(xxhash.xxh3_128_digest, texts))


@cache
def _struct(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a class of records, which are made and written much faster than a dict."""
    return msgspec.defstruct("Learned", names, gc=False)


def record_id(learned: object) -> str:
    """Return the id of a record without one: xxh3-128 (32 hex digits) of the canonical JSON of what is learned."""
    return xxhash.xxh3_128_hexdigest(canonical_json(learned))


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What else must be known to read a rejected row again: how its input was read, where that is not the usual way.

    `encoding` is that of the bytes of `raw`. `split_named` says that the user named the split in front of the input.
    `task` is set where the row is a canonical one.
    """

    encoding: str = "utf-8"
    split: str | None = None
    split_named: bool = False
    delimiter: str | None = None
    quoting: bool = True
    task: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are set; the encoding is not among them, as lines of rejects are text."""
        usual = ReadAs()
        names = [name for name in self.__slots__ if name != "encoding"]
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(usual, name)}


def reject_line(reject: Reject, read_as: ReadAs | None = None) -> bytes:
    """Return a reject as one line of `rejects.jsonl`; bytes that are not text in their encoding are written as base64.

    `rejects.jsonl` is an input like others: see `formats.rejects`.
    """
    read_as = read_as or ReadAs()
    line: dict[str, Any] = {"file": reject.file, "line": reject.line, "byte": reject.byte, "length": reject.length}
    try:
        text = reject.raw.decode(read_as.encoding)
        whole = text.encode(read_as.encoding) == reject.raw
    except UnicodeError:
        whole = False
    if whole:
        line["raw"] = text
    else:
        line["raw_base64"] = base64.b64encode(reject.raw).decode()
    line["format"] = reject.format
    if reject.header is not None:
        line["header"] = list(reject.header)
    if how := read_as.to_json():
        line["read_as"] = how
    line["reason"] = reject.reason
    line["diagnostics"] = [found.to_json() for found in reject.diagnostics]
    return encode_json(line) + b"\n"
