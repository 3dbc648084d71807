"""What to read and how: options, one input or a range of it, and the error for a whole file that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sftformat.diagnostics import Diagnostic, diagnostic
from sftformat.errors import InputError, UsageError
from sftformat.formats.index_column import INDEX

#: A batch holds about this many bytes of input and at most this many records.
BATCH_BYTES = 1 << 20
BATCH_RECORDS = 16384

#: Ranges of an input that are worked on by themselves are at least and at most about this many bytes long.
SMALL_UNIT_BYTES, UNIT_BYTES = 4 << 20, 64 << 20

#: Of a row that is too long this many bytes are kept.
KEPT_BYTES = 4096

_EXTENSIONS = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "parquet": "parquet",
    "arrow": "arrow",
    "feather": "arrow",
    "conll": "conll",
    "conllu": "conllu",
    "po": "po",
    "pot": "po",
    "mo": "mo",
    "tmx": "tmx",
    "xlsx": "xlsx",
    "yml": "yaml",
    "yaml": "yaml",
    "conll2003": "conll",
    "bio": "conll",
    "iob": "conll",
    "iob2": "conll",
}
#: What else the endings of files that are written say.
_WRITTEN = {"txt": "text", "yml": "rasa", "yaml": "rasa", "md": "rasa-md"}
_COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}


@dataclass(frozen=True, slots=True)
class Join:
    """A file whose rows go beside those of the inputs where `other` of it has the value of their `key`."""

    path: Path
    name: str
    key: str
    other: str
    sha256: str

    def to_json(self) -> dict[str, str]:
        """Return what a manifest says of it."""
        return {"file": self.name, "key": self.key, "other": self.other, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the user wants inputs read; None means: look at the content.

    `delimiter` is one character, or `tab` or `\\t`. `columns` names the columns of a file without a header.
    `max_line_bytes` bounds one record of a text format, in uncompressed bytes. `sheet` names a sheet of a workbook.
    `join` is a file whose rows are joined to those that are read. `linked` says that rows which name the ones before
    them are put together to conversations. `own` are the options of single inputs, by patterns of their paths.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True
    columns: tuple[str, ...] | None = None
    max_line_bytes: int = 64 << 20
    format: str | None = None
    sheet: str | None = None
    join: Join | None = None
    linked: bool | None = None
    own: tuple[tuple[str, ReadOptions], ...] = ()

    def of(self, path: Path) -> ReadOptions:
        """Return the options for the input at a path: its own, if a pattern fits."""
        return next((own for pattern, own in self.own if path.match(pattern)), self)


def check_columns(options: ReadOptions) -> None:
    """Refuse names for columns that cannot be meant.

    Raises:
        UsageError: a header is there already, or a name is missing or stands twice.
    """
    for _, own in options.own:
        check_columns(own)
    names = [name.strip() for name in options.columns or ()]
    if names and options.header:
        raise UsageError("--columns names the columns of a file without a header: say --no-header too")
    if len(set(names)) != len(names) or "" in names:
        raise UsageError(f"--columns {','.join(names)}: every column needs a name of its own")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows of a file of rejects came from: the input's name, its split, whether the user had named that.

    `task` is that of canonical rows, None for rows as they were read.
    """

    file: str
    split: str | None = None
    split_named: bool = False
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A file in a class folder: its path below the input, '/'-separated, with the label and the split that it says."""

    name: str
    label: str | None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A part of an input that can be read by itself; the fields are those of `Source`.

    `sha256` is that of the input from its start to the end of the part, where it was cut at a byte: it stays, whatever
    is appended. "" where only the input as a whole has one.
    """

    start: int = 0
    stop: int | None = None
    first_line: int = 1
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One input, or a range of it, with everything that was found out about how to read it; it can be pickled.

    name         what is shown and recorded: relative, '/'-separated
    format       csv, tsv, json, jsonl, parquet, arrow, text, …; linked: see `rows`
    compression  gzip, zstd or None
    encoding     a Python codec without byte order mark: utf-8, utf-16-le, cp1252, ...
    bom          bytes of the byte order mark at the start of the file
    line_end     "\\n", "\\r\\n" or "\\r": that of the first line
    delimiter    of csv and tsv
    quoting      csv and tsv: False when `"` is plain text in this file
    header       csv and tsv: the column names as written, or those given for a file without a header
    header_row   csv and tsv: the first record is the header
    start, stop  the range: 0-based bytes, row groups (parquet) or texts (class folders); stop None is the end
    first_line   1-based line, or row of parquet, at `start`
    notes        findings about the file as a whole, reported with its first batch
    origin       a run of lines of a file of rejects: where the rows came from; `format`, `delimiter`, `quoting` and
                 `header` are then those of the rows
    beside       parallel text: the file with the other side
    texts        class folders: the files, `path` being the folder above them all
    rows         linked and intents: how the rows are read that records are made of
    """

    path: Path
    name: str
    format: str
    compression: str | None = None
    encoding: str = "utf-8"
    bom: int = 0
    line_end: str = "\n"
    delimiter: str | None = None
    quoting: bool = True
    header: tuple[str, ...] | None = None
    header_row: bool = True
    start: int = 0
    stop: int | None = None
    first_line: int = 1
    notes: tuple[Diagnostic, ...] = ()
    origin: Origin | None = None
    beside: Source | None = None
    texts: tuple[Text, ...] = ()
    rows: Source | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The keys of the records of a csv or tsv file: the header, trimmed; of an index that has no name, its name."""
        names = tuple(cell.strip() for cell in self.header or ())
        return (INDEX, *names[1:]) if names and not names[0] and INDEX not in names else names

    @property
    def kind(self) -> str:
        """The format in words."""
        return self.format if self.rows is None else f"{self.rows.format} ({self.format})"

    def part(self, part: Range) -> Source:
        """Return the source of one range of this file, as `scan` found it."""
        return replace(self, start=part.start, stop=part.stop, first_line=part.first_line)


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over the bytes of a file as stored tells: sha256 (hex), size in bytes, and its ranges in order."""

    sha256: str
    size: int
    ranges: tuple[Range, ...]


def by_name(name: str) -> tuple[str, str | None] | None:
    """Return (format, compression) as the extensions of a file name say, or None when they say nothing.

    `train.jsonl.gz` is ("jsonl", "gzip").
    """
    parts = name.lower().rsplit("/", 1)[-1].split(".")[1:]
    compression = _COMPRESSIONS.get(parts[-1]) if parts else None
    if compression:
        parts = parts[:-1]
    found = _EXTENSIONS.get(parts[-1]) if parts else None
    return (found, compression) if found else None


def written_as(name: str) -> tuple[str, str | None] | None:
    """As `by_name`, for a file that is to be written, of which nothing but the name says what it is.

    `.txt` is text then, `.yml` and `.md` are training data of Rasa. One to be read may hold anything.
    """
    parts = name.lower().rsplit("/", 1)[-1].split(".")[1:]
    compression = _COMPRESSIONS.get(parts[-1]) if parts else None
    own = _WRITTEN.get("".join((parts[:-1] if compression else parts)[-1:]))
    return (own, compression) if own else by_name(name)


def fault(code: str, name: str, message: str, **fields: Any) -> InputError:
    """Return the error for a file that cannot be read as a whole; its diagnostic carries the code."""
    return InputError(f"{name}: {message}", diagnostic(code, message, file=name, **fields))
