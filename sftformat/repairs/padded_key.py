"""Trim blanks around the keys of a record: `" label "` becomes `"label"`.

Only the keys of the record itself, not those of objects inside it. A key that would be empty or stand twice then stays.
The header of CSV and TSV needs no repair: its names are trimmed for matching in any case.
"""

from __future__ import annotations

from sftformat.record import Record


def repaired(key: str) -> str:
    """Return a key without the blanks around it."""
    return key.strip() or key


def trimmed(record: Record) -> dict[str, str]:
    """Return the keys of a record that can be trimmed, and what each becomes."""
    names = [repaired(key) for key in record]
    return {key: name for key, name in zip(record, names, strict=True) if key != name and names.count(name) == 1}
