"""Options of single inputs: the tables `[inputs.PATTERN]` of the config file, and `--join FILE:KEY@PATTERN`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sftformat.cli import options
from sftformat.errors import UsageError

#: Layouts that say how a file is to be read, and leave what its records are to be told from them.
OF_A_FORMAT = {"vertex": "vertex", "vertex-labels": "vertex"}
_OF_READING = ("encoding", "delimiter", "sheet", "max_line_bytes")


def with_own(made: Any, tables: Mapping[str, Mapping[str, Any]], joins: Sequence[str]) -> Any:
    """Return DatasetOptions with those of single inputs; a join that names none is for all.

    Raises:
        UsageError: a join that cannot be meant, or two of them for one input.
    """
    said = {pattern: dict(table) for pattern, table in tables.items()}
    for each in joins:
        file, pattern = apart(each)
        if pattern:
            said.setdefault(pattern, {})["join"] = file
        elif made.read.join is not None:
            raise UsageError(f"--join {each}: another one is for all inputs already; say for which: {file}@PATTERN")
        else:
            made = replace(made, read=replace(made.read, join=join_of(file)))
    return replace(made, own=tuple((pattern, _changed(made, table)) for pattern, table in said.items()))


def reading(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of ReadOptions that options mean; their names are those of parameters or of a config file.

    One that is None, or not there, means nothing.
    """
    said = {key.replace("-", "_"): value for key, value in said.items() if value is not None}
    found = {key: said[key] for key in _OF_READING if key in said}
    if "no_header" in said:
        found["header"] = not said["no_header"]
    if said.get("columns"):
        columns = said["columns"]
        found["columns"] = tuple(columns.split(",") if isinstance(columns, str) else columns)
    if "layout" in said:
        found["format"] = OF_A_FORMAT.get(said["layout"])
    return found


def of_records(layout: str | None) -> str | None:
    """Return the layout of the records that an option names, None where it only says how a file is read."""
    return None if layout in OF_A_FORMAT else layout


def apart(said: str) -> tuple[str, str]:
    """Return the join and the pattern of the inputs that it is for, "" where it names none."""
    file, colon, keys = said.rpartition(":")
    key, _, pattern = keys.partition("@")
    return f"{file}{colon}{key}", pattern


def _changed(made: Any, table: Mapping[str, Any]) -> Any:
    """Return options as a table changes them."""
    read = reading(table)
    if "join" in table:
        read["join"] = join_of(table["join"])
    changed: dict[str, Any] = {}
    if "layout" in table:
        changed["layout"] = of_records(table["layout"])
    if "map" in table:
        maps = table["map"]
        pairs = [maps] if isinstance(maps, str) else maps
        changed["mapping"] = dict(maps) if isinstance(maps, Mapping) else options.pairs(tuple(pairs))
    return replace(made, read=replace(made.read, linked=None, **read), **changed)


def join_of(said: str) -> Any:
    """Return the file that is joined, with the hash of what it holds.

    Raises:
        UsageError: it is not there, or no key is named.
    """
    from sftformat.folder.files import sha256_file
    from sftformat.formats.joined import parse
    from sftformat.formats.source import Join

    file, key, other = parse(said)
    path = Path(file).resolve()
    try:
        return Join(path, Path(file).name, key, other, sha256_file(path))
    except OSError as error:
        raise UsageError(f"--join {file}: {error.strerror or error}") from None
