"""Units that an earlier run has finished: kept with their hashes under a key of content, and taken over.

The key says what a unit is made from: its bytes and all before them, how they are read, the options and the version. So
an append to a file leaves all its units but the last one, and a unit that a limit has cut, or in which labels have got
another form, has another key. What is left of a unit stands in a folder named by the key as `result`, with the sha256
of each of its files beside. A unit of which one byte is not as it was is worked on again. What needs all units (labels,
duplicates, a stratified split) is never kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from sftformat.dataset.names import Pairs
from sftformat.folder.files import link, remove, sha256_file
from sftformat.folder.kept import seal, unseal
from sftformat.normalize import ColumnTypes, TypeLines
from sftformat.plan import Unit
from sftformat.record import ReadAs
from sftformat.rules.count import Count
from sftformat.rules.tally import Summary

#: The file of a kept unit that says what came of it; written last.
RESULT = "result"
#: The folder of the tallies, beside the folders of the units; and inside a kept unit.
KEYS = "keys"
#: Stands in the names of kept files of a tally for the number of the unit, which is another one in another run.
_ANY = "any"
#: What of a result is another one in another run, or stands beside.
_NOT_SAID = frozenset({"unit", "folder", "taken", "hashes"})


@dataclass(slots=True)
class UnitResult:
    """What is left of a unit besides its files: counts of rows, JSON types of columns, and the summary of its tally.

    `read_as` says how its rows are read again, should they be rejected; `taken` that an earlier run has finished it.
    `hashes` are the sha256 of its files, by name, where it is kept.
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
    taken: bool = False
    hashes: dict[str, str] = field(default_factory=dict)


def keep(result: UnitResult, key: str, store: Path) -> None:
    """Keep a unit, for a run that goes on after this one was cut off and for one in which other inputs changed.

    Its files then have hashes.

    Raises:
        OSError: the disk did not take it.
    """
    entry = store / key
    remove(entry)
    (entry / KEYS).mkdir(parents=True)
    files: dict[str, str] = {}
    for name, path in _files(result.unit, result.folder):
        link(path, entry / name)
        files[name] = sha256_file(path)
    said = {name: getattr(result, name) for name in UnitResult.__slots__ if name not in _NOT_SAID}
    (entry / RESULT).write_bytes(seal(msgspec.msgpack.encode({"files": files, "result": said})))
    result.hashes = files


def taken_over(
    unit: Unit, folder: Path, key: str, stores: Sequence[Path], below: int | None = None
) -> UnitResult | None:
    """Put back what is kept of a unit in the first store that has it sound; the first store then has it too.

    Returns:
        None where none has, or as many as `below` of its records were read or more.
    """
    for store in stores:
        found = _opened(store / key)
        if found is not None and (below is None or found["result"]["read"] < below):
            for name in found["files"]:
                _put_back(store / key / name, _place(name, unit, folder))
            result = _result(unit, folder, found["result"])
            result.hashes = found["files"]
            if store != stores[0]:
                keep(result, key, stores[0])
            return result
    return None


def _opened(entry: Path) -> dict[str, Any] | None:
    content = unseal(entry / RESULT)
    if content is None:
        return None
    found: dict[str, Any] = msgspec.msgpack.decode(content)
    try:
        return found if all(sha256_file(entry / name) == sha for name, sha in found["files"].items()) else None
    except OSError:
        return None


def _result(unit: Unit, folder: Path, said: dict[str, Any]) -> UnitResult:
    summary = said.pop("summary")
    header = said.pop("header")
    return UnitResult(
        unit,
        folder,
        ReadAs(**said.pop("read_as")),
        splits=Counter(said.pop("splits")),
        rejected_by_code=Counter(said.pop("rejected_by_code")),
        types={name: Counter(counts) for name, counts in said.pop("types").items()},
        header=tuple(header) if header is not None else None,
        summary=_renumbered(msgspec.convert(summary, Summary), unit.index) if summary is not None else None,
        taken=True,
        **said,
    )


def _renumbered(summary: Summary, unit: int) -> Summary:
    """Return the summary of a unit that has another number now; its key records get that number when they are read."""
    kinds: list[Mapping[Any, Count]] = [summary.rows, summary.tag_steps, *summary.labels.values()]
    for count in chain.from_iterable(kind.values() for kind in kinds):
        count.unit = unit
        count.later = [(unit, row, place) for _, row, place in count.later]
    return replace(summary, unit=unit)


def _put_back(kept: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    link(kept, path)


def _files(unit: Unit, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a unit and its tally, each with its name in what is kept."""
    yield from ((path.name, path) for path in sorted(folder.iterdir()))
    mark = f"-{unit.index:05d}."
    for path in sorted((folder.parent / KEYS).glob(f"*{mark}*")):
        yield f"{KEYS}/{path.name.replace(mark, f'-{_ANY}.')}", path


def _place(name: str, unit: Unit, folder: Path) -> Path:
    if name.startswith(f"{KEYS}/"):
        return folder.parent / name.replace(f"-{_ANY}.", f"-{unit.index:05d}.")
    return folder / name
