"""Rows of a second file put beside those of the inputs (`--join FILE:KEY`): each takes the one row with its key.

A record without that one row is a reject: nobody but the user knows what it was to be joined with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sftformat.diagnostics import Diagnostic, clip, diagnostic
from sftformat.errors import InputError, UsageError
from sftformat.formats.source import Join
from sftformat.record import Batch, Record, encode_json


@dataclass(frozen=True, slots=True)
class Partners:
    """The rows of a file by their key, without it; where several have one key, the places of all.

    All of them are held in memory.
    """

    join: Join
    rows: Mapping[str, Record]
    doubled: Mapping[str, tuple[int, ...]]


def parse(said: str) -> tuple[str, str, str]:
    """Return the file, the key in the inputs and the key in that file of `FILE:KEY` or `FILE:KEY=OTHER`.

    Raises:
        UsageError: it is none of the two.
    """
    file, colon, keys = said.rpartition(":")
    key, equals, other = keys.partition("=")
    if not (colon and file and key) or (equals and not other):
        raise UsageError(f"--join {said}: write FILE:KEY, or FILE:KEY=OTHER where the key has another name in FILE")
    return file, key, other or key


def partners(join: Join, batches: Iterator[Batch]) -> Partners:
    """Return the rows of the file that is joined.

    Raises:
        InputError: a row of it cannot be read.
        UsageError: a row has not the key.
    """
    rows: dict[str, Record] = {}
    lines: dict[str, list[int]] = {}
    for batch in batches:
        for reject in batch.rejects:
            found = reject.diagnostics[0]
            raise InputError(f"{join.name}:{reject.line}: {found.message}; a file that is joined must be whole", found)
        for index, record in enumerate(batch.records):
            own = key_of(record, join.other)
            if own is None:
                columns = ", ".join(clip(name, 40) for name in record)
                raise UsageError(f"{join.name}:{batch.lines[index]}: no {join.other!r} to join by, among {columns}")
            rows[own] = {name: value for name, value in record.items() if name != join.other}
            lines.setdefault(own, []).append(batch.lines[index])
    doubled = {own: tuple(places) for own, places in lines.items() if len(places) > 1}
    return Partners(join, {own: record for own, record in rows.items() if own not in doubled}, doubled)


def key_of(record: Record, name: str) -> str | None:
    """Return the text of a key; None where a record has none."""
    value: Any = record.get(name)
    if value is None or value == "" or isinstance(value, list | dict):
        return None
    return value if isinstance(value, str) else encode_json(value).decode()


def joined(batch: Batch, known: Partners) -> Batch:
    """Return a batch whose records have the columns of their partners; those without one are rejects.

    Raises:
        UsageError: a column stands in both files, with two values.
    """
    records: dict[int, Record] = {}
    rejects = list(batch.rejects)
    for index, record in enumerate(batch.records):
        own = key_of(record, known.join.key)
        partner = known.rows.get(own) if own is not None else None
        if partner is None:
            rejects.append(batch.reject(index, (_why(batch, index, own, known),)))
            continue
        clash = next((name for name in partner if name in record and record[name] != partner[name]), None)
        if clash is not None:
            where = f"{batch.file_of(index)}:{batch.lines[index]}"
            raise UsageError(f"{where}: {clip(clash, 40)!r} stands in {known.join.name} too, with another value")
        records[index] = {**record, **partner}
    kept = list(records)
    return replace(
        batch,
        records=list(records.values()),
        lines=[batch.lines[index] for index in kept],
        offsets=[batch.offsets[index] for index in kept],
        raw=[batch.raw[index] for index in kept],
        files=[batch.files[index] for index in kept] if batch.files is not None else None,
        rejects=tuple(sorted(rejects, key=lambda each: each.line)),
    )


def _why(batch: Batch, index: int, own: str | None, known: Partners) -> Diagnostic:
    join = known.join
    if own is None:
        message = f"no {join.key!r} to join {join.name} by"
    elif own in known.doubled:
        places = ", ".join(map(str, known.doubled[own][:4]))
        message = f"{clip(own, 40)!r} is the key of several rows of {join.name}: lines {places}"
    else:
        message = f"no row of {join.name} has the key {clip(own, 40)!r}"
    place = {"file": batch.file_of(index), "line": batch.lines[index], "byte": batch.offsets[index]}
    return diagnostic("SFT022", message, path=f"/{join.key}", **place)


def unasked(known: Partners, batches: Iterator[Batch]) -> Diagnostic | None:
    """Return what is said of the rows of the file that no record of the inputs asks for; None where there are none."""
    left = Counter(dict.fromkeys(known.rows, 1) | {own: len(lines) for own, lines in known.doubled.items()})
    total = left.total()
    for batch in batches:
        for record in batch.records:
            left.pop(key_of(record, known.join.key) or "", None)
    if not left:
        return None
    message = f"{left.total():,} of {total:,} rows of {known.join.name} were not asked for: no record has their key"
    return diagnostic("SFT021", message, hint="nothing to do, if they are not needed")
