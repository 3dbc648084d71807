"""Units that an earlier, interrupted run of the same fingerprint has finished: kept with their hashes, and taken over.

What is left of a unit stands beside its files as `result`, with the sha256 of each of them. A unit of which one byte is
not as it was is worked on again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sftformat.dataset.names import Pairs
from sftformat.folder.files import sha256_file
from sftformat.normalize import ColumnTypes, TypeLines
from sftformat.plan import Unit
from sftformat.record import ReadAs
from sftformat.rules.tally import Summary

#: The file of a unit's folder that says what came of it; written last.
RESULT = "result"
#: The folder of the tallies, beside the folders of the units.
KEYS = "keys"


@dataclass(slots=True)
class UnitResult:
    """What is left of a unit besides its files: counts of rows, JSON types of columns, and the summary of its tally.

    `read_as` says how its rows are read again, should they be rejected.
    """

    unit: Unit
    folder: Path
    read_as: ReadAs
    read: int = 0
    rejected: int = 0
    filtered: int = 0
    rows: int = 0
    splits: Counter[str] = field(default_factory=Counter)
    blank_lines: int = 0
    rejected_by_code: Counter[str] = field(default_factory=Counter)
    types: ColumnTypes = field(default_factory=dict)
    type_lines: TypeLines = field(default_factory=dict)
    names: Pairs = field(default_factory=dict)
    header: tuple[str, ...] | None = None
    summary: Summary | None = None


def keep(result: UnitResult) -> None:
    """Write down what came of a unit, for a run that goes on after this one was cut off.

    Raises:
        OSError: the disk did not take it.
    """
    said = {name: getattr(result, name) for name in UnitResult.__slots__ if name not in ("unit", "folder")}
    files = {path.name: sha256_file(path) for path in _files(result.unit, result.folder)}
    (result.folder / RESULT).write_bytes(msgspec.msgpack.encode({"files": files, "result": said}))


def taken_over(unit: Unit, folder: Path) -> UnitResult | None:
    """Return what came of a unit in an earlier run; None where nothing did, or where a file is not as it was."""
    try:
        kept: dict[str, Any] = msgspec.msgpack.decode((folder / RESULT).read_bytes())
        paths = {path.name: path for path in _files(unit, folder)}
        if any(name not in paths or sha256_file(paths[name]) != digest for name, digest in kept["files"].items()):
            return None
        said = kept["result"]
        return UnitResult(
            unit,
            folder,
            ReadAs(**said.pop("read_as")),
            splits=Counter(said.pop("splits")),
            rejected_by_code=Counter(said.pop("rejected_by_code")),
            types={name: Counter(counts) for name, counts in said.pop("types").items()},
            header=tuple(header) if (header := said.pop("header")) is not None else None,
            summary=msgspec.convert(said.pop("summary"), Summary),
            **said,
        )
    except (OSError, msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return None


def _files(unit: Unit, folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.name != RESULT)
    yield from sorted((folder.parent / KEYS).glob(f"*-{unit.index:05d}.*"))
