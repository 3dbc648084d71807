"""Gettext catalogues as the programs read them (`.mo`): a table of messages and one of translations, in any byte order.

`line` is the 1-based number of the message in the table. The empty message is the header, and no record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sftformat.diagnostics import Diagnostic
from sftformat.errors import UsageError
from sftformat.formats import container, po, rows
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
            declared = po.CHARSET.search(header)
            return options.encoding or (declared[1] if declared else "utf-8"), po.languages(header)
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
        elif why := po.left_out(entry):
            bad = rows.finding(source, "SFT112", why, number + 1, at)
            raw = b"\n".join(encode_json(each) for each in po.records_of(entry, known))
            rejects.append(Reject(source.name, number + 1, at, len(raw), raw, source.format, "filtered", (bad,)))
        else:
            made += [(record, number) for record in po.records_of(entry, known)]
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


def _entry(message: bytes, said: bytes, encoding: str) -> po.Entry | None:
    try:
        text, forms = message.decode(encoding), said.decode(encoding).split("\0")
    except (UnicodeError, LookupError):
        return None
    context, mark, rest = text.partition("\x04")
    texts = {"msgctxt": context} if mark else {}
    one, plural, many = (rest if mark else text).partition("\0")
    if not plural:
        return po.Entry([], {**texts, "msgid": one, "msgstr": forms[0]})
    return po.Entry(
        [], {**texts, "msgid": one, "msgid_plural": many} | {f"msgstr[{n}]": form for n, form in enumerate(forms)}
    )


def write(
    path: Path,
    compression: str | None,  # noqa: ARG001 - every writer is called alike
    batches: Batches,  # noqa: ARG001
    columns: Columns,  # noqa: ARG001
) -> int:
    """Refuse: programs read catalogues that msgfmt has made of a `.po`.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"{path.name}: .mo is not written; write .po, and let msgfmt make it")
