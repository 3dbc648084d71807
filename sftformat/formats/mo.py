"""Gettext catalogues as the programs read them (`.mo`): a table of messages and one of translations, in any byte order.

`line` is the 1-based number of the message in the table. The empty message is the header, and no record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sftformat.diagnostics import Diagnostic, clip
from sftformat.errors import UsageError
from sftformat.formats import catalogue, container, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import BATCH_RECORDS, ReadOptions, Source, fault
from sftformat.record import Batch, Record, Reject, encode_json

MAGIC = 0x950412DE
#: The first bytes of such a file, in either byte order.
MARKS = (MAGIC.to_bytes(4, "little"), MAGIC.to_bytes(4, "big"))
_Table = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """All bytes of a catalogue, and where each message and translation stands: columns length and offset."""

    content: bytes
    messages: _Table
    translations: _Table

    def pair(self, number: int) -> tuple[bytes, bytes]:
        """Return message and translation of one number, as bytes."""
        found = []
        for table in (self.messages, self.translations):
            size, at = table[number]
            found.append(self.content[at : at + size])
        return found[0], found[1]


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the messages of a catalogue with their translations; plurals are a record a form.

    Raises:
        InputError: the file cannot be read, or its tables lead out of it.
    """
    found = _catalogue(source)
    encoding, known = _header(found, options)
    for start, stop in rows.slices(len(found.messages), BATCH_RECORDS // 2):
        yield _batch(source, found, range(start, stop), encoding, known)


def _catalogue(source: Source) -> _Catalogue:
    content = b"".join(container.chunks(source))
    order = {MARKS[0]: "<", MARKS[1]: ">"}.get(content[:4])
    if order is None or len(content) < 20:
        raise fault("SFT016", source.name, "named mo, but the content is not")
    revision, count, messages, translations = struct.unpack(f"{order}4I", content[4:20])
    if revision >> 16 > 1 or max(messages, translations) + 8 * count > len(content):
        raise fault("SFT016", source.name, "the catalogue is damaged: its tables lead out of the file")
    tables = [
        np.frombuffer(content, f"{order}u4", 2 * count, at).astype(np.int64).reshape(-1, 2)
        for at in (messages, translations)
    ]
    if any((table.sum(axis=1) > len(content)).any() for table in tables):
        raise fault("SFT016", source.name, "the catalogue is damaged: a text leads out of the file")
    return _Catalogue(content, *tables)


def _header(found: _Catalogue, options: ReadOptions) -> tuple[str, dict[str, str]]:
    """Return the encoding and the languages that the header says."""
    for number in range(min(1, len(found.messages))):
        message, said = found.pair(number)
        if not message:
            header = said.decode("latin-1")
            declared = catalogue.CHARSET.search(header)
            return options.encoding or (declared[1] if declared else "utf-8"), catalogue.languages(header)
    return options.encoding or "utf-8", {}


def _batch(source: Source, found: _Catalogue, numbers: range, encoding: str, known: dict[str, str]) -> Batch:
    made: list[tuple[Record, int]] = []
    rejects: list[Reject] = []
    for number in numbers:
        message, said = found.pair(number)
        if not message:
            continue
        entry = _entry(message, said, encoding)
        at = int(found.messages[number][1])
        if entry is None:
            raw = message + b"\n" + said
            bad = rows.finding(source, "SFT006", f"a message that is not {encoding}", number + 1, at)
            rejects.append(rows.reject(source, number + 1, at, raw, bad))
        elif why := catalogue.left_out(entry):
            bad = rows.finding(source, "SFT112", why, number + 1, at)
            raw = b"\n".join(encode_json(each) for each in catalogue.records_of(entry, known))
            rejects.append(Reject(source.name, number + 1, at, len(raw), raw, source.format, "filtered", (bad,)))
        else:
            made += [(record, number) for record in catalogue.records_of(entry, known)]
    return Batch(
        source.name,
        source.format,
        [record for record, _ in made],
        [number + 1 for _, number in made],
        [int(found.messages[number][1]) for _, number in made],
        [encode_json(record) for record, _ in made],
        tuple(rejects),
        tuple(_notes(source, numbers)),
    )


def _notes(source: Source, numbers: range) -> list[Diagnostic]:
    return rows.opening_notes(source) if numbers.start == 0 else []


def _entry(message: bytes, said: bytes, encoding: str) -> catalogue.Entry | None:
    try:
        text, forms = message.decode(encoding), said.decode(encoding).split("\0")
    except (UnicodeError, LookupError):
        return None
    context, mark, rest = text.partition("\x04")
    texts = {"msgctxt": context} if mark else {}
    one, plural, many = (rest if mark else text).partition("\0")
    if not plural:
        return catalogue.Entry([], {**texts, "msgid": one, "msgstr": forms[0]})
    return catalogue.Entry(
        [], {**texts, "msgid": one, "msgid_plural": many} | {f"msgstr[{n}]": form for n, form in enumerate(forms)}
    )


# ---------------------------------------------------------------------------------------------------- writing


def held(names: Sequence[str]) -> list[str]:
    """Return the columns that such a catalogue has a place for."""
    known = {"source", "target", "source_lang", "target_lang", "context", "plural"}
    return [name for name in names if name in known]


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Write messages with their translations, sorted as programs look for them; return how many records.

    Raises:
        UsageError: a record has no source and target, two have one message, or they are in several languages.
    """
    texts = {b"": catalogue.header(batches).encode()}
    count = 0
    for entry, number in catalogue.entries(batches):
        key, said = _stored(entry)
        if key in texts:
            raise UsageError(f"a catalogue has one translation of a message; {clip(key.decode())!r} has two here")
        texts[key] = said
        count += number
    with container.create(path, compression) as file:
        file.write(_packed(sorted(texts.items())))
    return count


def _stored(entry: catalogue.Entry) -> tuple[bytes, bytes]:
    """Return the key of an entry and its translations, as they are stored.

    Raises:
        UsageError: a text holds what parts the texts, or a translation is missing.
    """
    message, plural, context = (entry.texts.get(key) for key in ("msgid", "msgid_plural", "msgctxt"))
    parts = [text for text in (message, plural, *entry.forms) if text is not None]
    if not all(entry.forms) or not message or any("\0" in text for text in parts) or "\x04" in f"{context}{message}":
        said = "a message and its translation, without NUL and U+0004"
        raise UsageError(f"a catalogue holds {said}, and a row has not: {clip(message or '', 60)!r}")
    key = message if plural is None else f"{message}\0{plural}"
    return (key if context is None else f"{context}\x04{key}").encode(), "\0".join(entry.forms).encode()


def _packed(texts: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes of a catalogue: head, table of messages, table of translations, texts ended by NUL each."""
    count = len(texts)
    head = struct.pack("<7I", MAGIC, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    tables: list[int] = []
    body: list[bytes] = []
    at = 28 + 16 * count
    for column in (0, 1):
        for pair in texts:
            tables += [len(pair[column]), at]
            body.append(pair[column] + b"\0")
            at += len(body[-1])
    if at >= 1 << 32:
        raise UsageError("a catalogue takes 4 GiB at most: write .po or .jsonl")
    return head + struct.pack(f"<{len(tables)}I", *tables) + b"".join(body)
