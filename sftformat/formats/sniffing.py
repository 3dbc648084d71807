"""What a file is, by its content: compression, encoding, line ends, format. The extension is only a hint."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sftformat.errors import UsageError
from sftformat.formats import jsonfault, jsonkind, parallel, rows
from sftformat.formats.container import chunks, compression_of, open_regular
from sftformat.formats.source import ReadOptions, Source, Text, by_name, fault
from sftformat.formats.told import told

#: The start of the text, in bytes, that decides what a file is.
HEAD_BYTES = 1 << 20

#: The first bytes of a compiled catalogue, in either byte order.
_MO = (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde")
#: What begins the documents of a project of Azure Language.
_RECORD_CR = re.compile(rb"\}[ \t]*\r\s*\{")
_BINARY = ("parquet", "arrow", "mo", "xlsx")
_TEXT = ("csv", "tsv", "json", "jsonl", "text", "conll", "conllu", "po", "tmx")
_FORMATS = (*_TEXT, *_BINARY, "yaml", "rasa", "rasa-md", "rasa-json", "vertex", "json-lists")
#: Formats whose names are to be trusted: what their text looks like otherwise says nothing.
_BY_NAME = frozenset({"conll", "conllu", "po", "tmx"})


def sniffed(
    path: Path, name: str, options: ReadOptions, beside: Path | None = None, texts: Sequence[Text] = ()
) -> Source:
    """Return what the file at `path` is and how it is to be read; `name` is what is shown and recorded for it.

    With `beside` the two are parallel text. With `texts` it is a folder, and they are its class folders.

    A byte order mark decides the encoding, else `options.encoding`, else UTF-8; it is never guessed.

    Raises:
        InputError: the file cannot be opened, is damaged, is none of the formats, or has a header that cannot be used.
        UsageError: an option that cannot be meant: an unknown encoding or format, a delimiter of two characters.
    """
    if options.format is not None and options.format not in _FORMATS:
        raise UsageError(f"unknown format {options.format!r}; known are {', '.join(_FORMATS)}")
    if texts:
        encoding = _codec(options.encoding) if options.encoding else "utf-8"
        return Source(path, name, "class-folders", encoding=encoding, texts=tuple(texts))
    if beside is not None:
        return _pair(path, name, beside, options)
    head, compression = _head(path, name)
    hint = by_name(name) or (None, None)
    source = Source(path, name, options.format or hint[0] or "", compression)
    if not head and compression is None and hint[1]:
        raise fault("SFT016", name, f"the {hint[1]} file is empty")
    binary = options.format if options.format in _BINARY else _binary(head, source)
    if binary:
        return replace(source, format=binary)
    source = _encoded(source, head, options)
    text, complete = _text(source, head)
    source = replace(source, line_end=_line_end(text))
    named = options.format or (source.format if source.format in _BY_NAME and text.strip() else None)
    source = replace(source, format=named or told(source.format, text) or _format(source, text, complete))
    if source.format == "po":
        from sftformat.formats import po

        return po.detect(source, text, options)
    if source.format == "conll":
        from sftformat.formats import conll

        return conll.detect(source, _whole_lines(text, source, complete).decode("utf-8", "replace"), options)
    if source.format == "vertex" or (source.format == "csv" and _is_vertex(source, text, complete, options)):
        from sftformat.formats import vertex

        return vertex.detect(source, options)
    if source.format in ("csv", "tsv"):
        from sftformat.formats import dialect

        return dialect.detect(source, _whole_lines(text, source, complete), complete, options)
    if source.line_end == "\r" and not _RECORD_CR.search(text):
        # A CR is also white space inside a record.
        return replace(source, line_end="\n")
    return source


def _is_vertex(source: Source, text: bytes, complete: bool, options: ReadOptions) -> bool:
    if options.columns or options.delimiter or not options.header:
        return False
    from sftformat.formats import vertex

    whole = _whole_lines(text, source, complete).decode("utf-8", "surrogateescape")
    return vertex.looks_like(whole.split("\r" if source.line_end == "\r" else "\n"))


def _pair(path: Path, name: str, beside: Path, options: ReadOptions) -> Source:
    found = []
    for each, said in ((path, name), (beside, name.removesuffix(path.name) + beside.name)):
        head, compression = _head(each, said)
        source = _encoded(Source(each, said, "parallel", compression), head, options)
        found.append(replace(source, line_end=_line_end(_text(source, head)[0])))
    return parallel.joined(*found)


def _head(path: Path, name: str) -> tuple[bytes, str | None]:
    with open_regular(path, name) as file:
        compression = compression_of(file.read(4))
    head: list[bytes] = []
    size = 0
    for piece in chunks(Source(path, name, "", compression)):
        head.append(piece)
        size += len(piece)
        if size >= HEAD_BYTES:
            break
    return b"".join(head), compression


def _binary(head: bytes, source: Source) -> str | None:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith(_MO):
        return "mo"
    if head.startswith(b"FEA1"):
        raise fault("SFT016", source.name, "Feather version 1; write it again as version 2 (Arrow IPC)", hint="")
    if head.startswith(b"PK\x03\x04") and source.compression is None and _is_sheet(source.path):
        return "xlsx"
    if source.format in _BINARY:
        raise fault("SFT016", source.name, f"named {source.format}, but the content is not")
    for magic, what in ((b"PK\x03\x04", "a zip archive"), (b"BZh", "bzip2 data"), (b"\xfd7zXZ", "xz data")):
        if head.startswith(magic):
            raise fault("SFT016", source.name, f"{what}, which is not read; unpack it first", hint="")
    return None


def _is_sheet(path: Path) -> bool:
    from sftformat.formats import xlsx

    return xlsx.is_sheet(path)


def _is_table(lines: list[str], newline: str, complete: bool) -> bool:
    from sftformat.formats import csvrow, dialect

    return max(dialect.consistency(lines, csvrow.Dialect(mark, True, newline), complete) for mark in ",;\t|") > 0.5


def _is_conll(text: str) -> bool:
    from sftformat.formats import conll

    return conll.looks_like(text)


def _is_conllu(text: str) -> bool:
    from sftformat.formats import conllu

    return conllu.looks_like(text)


def _encoded(source: Source, head: bytes, options: ReadOptions) -> Source:
    asked = _codec(options.encoding) if options.encoding else None
    for mark, encoding in rows.MARKS:
        if head.startswith(mark):
            return replace(source, encoding=encoding, bom=len(mark))
    if asked:
        return replace(source, encoding=asked)
    sample = head[: 1 << 12]
    if sample.count(0) > len(sample) // 4:
        guess = rows.likely_encoding(sample) or "utf-16"
        hint = f"it may be {guess}: say --encoding {guess}" if guess.startswith("utf-16") else "it may be binary"
        raise fault("SFT006", source.name, "NUL bytes in every part: not UTF-8", byte=sample.index(0), hint=hint)
    return source


def _codec(encoding: str) -> str:
    """Return the codec a user means, without the byte order mark that some of them write."""
    try:
        found = codecs.lookup(encoding).name
        ("\n" * 2).encode(found).decode(found)
    except (LookupError, UnicodeError, TypeError, ValueError) as error:
        raise UsageError(f"unknown encoding {encoding!r}") from error
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le", "ascii": "utf-8"}.get(found, found)


def _text(source: Source, head: bytes) -> tuple[bytes, bool]:
    """Return the start of the text in UTF-8 and whether that is all; bytes that are no text stay or become U+FFFD."""
    complete = len(head) < HEAD_BYTES
    head = head[source.bom :]
    return (head if source.encoding == "utf-8" else head.decode(source.encoding, "replace").encode()), complete


def _line_end(text: bytes) -> str:
    at = text.find(b"\n")
    if at >= 0:
        return "\r\n" if text[at - 1 : at] == b"\r" else "\n"
    return "\r" if b"\r" in text.rstrip(b" \t\r") else "\n"


def _whole_lines(text: bytes, source: Source, complete: bool) -> bytes:
    if complete:
        return text
    return text[: text.rfind(b"\r" if source.line_end == "\r" else b"\n") + 1] or text


def _format(source: Source, text: bytes, complete: bool) -> str:
    """Return the text format, by content where that is certain, else by extension."""
    start = jsonkind.start_of(source, text, complete)
    hint = source.format
    if not start.line:
        return _empty(source)
    if start.line[:1] == b"[":
        found = jsonkind.array_or_lines(start, hint)
    elif start.line[:1] == b"{":
        found = jsonkind.object_or_lines(source, start, text, complete)
    else:
        found = None
    if found:
        return found
    if hint in (None, "", "tsv") and b"\t" in text and _is_conllu(text.decode("utf-8", "replace")):
        return "conllu"
    if hint in (None, "", "tsv") and _has_blank_line(text) and _is_conll(text.decode("utf-8", "replace")):
        return "conll"
    if hint:
        return "jsonl" if hint == "json" and b"\n{" in text else hint
    if text.lstrip(jsonfault.BLANK).startswith(b"{") or b"\n{" in text[: 1 << 14]:
        return "jsonl"
    newline = "\r" if source.line_end == "\r" else "\n"
    if start.line.startswith(b"__label__"):
        return "text"
    sample = [line for line in text.decode("utf-8", "replace").split(newline)[:200] if line.strip()]
    if _is_table(sample, newline, complete):
        return "csv"
    message = "the format cannot be told from the content or the name"
    if parallel.tag_of(source.name):
        message += "; parallel text is two files: name both, as in train.en train.de"
    hint = "give it the ending of its format (.csv, .jsonl, .conll and others); plain text alone has no target"
    raise fault("SFT016", source.name, message, hint=hint)


def _has_blank_line(text: bytes) -> bool:
    return any(not line.strip(jsonfault.BLANK) for line in text.strip().split(b"\n"))


def _empty(source: Source) -> str:
    if source.format in ("jsonl", "csv", "tsv"):
        return source.format
    message = "the file is empty" if source.format else "the file is empty and its name says no format"
    raise fault("SFT016", source.name, message, hint="")
