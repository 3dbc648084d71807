"""From the words of the user to files: inputs with the names they are shown under and the splits that those give."""

from __future__ import annotations

import glob
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sftformat.errors import FolderError, InputError, UsageError
from sftformat.folder.manifest import MANIFEST, open_folder, read_manifest
from sftformat.formats import by_name, parallel
from sftformat.layouts.layout import SPLIT_NAMES


@dataclass(frozen=True, slots=True)
class Input:
    """One file to read: where it is, the name it is shown and recorded under, and the split its name gives.

    `prefixed` says that the user named the split, which then goes before a column. `canonical` says that it is a file
    of a data set folder of ours: its rows are canonical already. `state` is what the file looked like when it was
    planned (size, time of change, inode), to notice a change while it is read. `beside` is its pair in parallel text.
    """

    path: Path
    name: str
    split: str | None = None
    canonical: bool = False
    prefixed: bool = False
    state: tuple[int, ...] = ()
    beside: Path | None = None

    @property
    def size(self) -> int:
        """Bytes as stored, of both files of a pair."""
        return sum(self.state[::3])

    def unchanged(self) -> bool:
        """Whether the file still looks as it did when it was planned."""
        try:
            return state_of(self.path, self.beside) == self.state
        except OSError:
            return False


def state_of(*paths: Path | None) -> tuple[int, ...]:
    """Return size in bytes, time of the last change in nanoseconds and inode of each file."""
    found = (path.stat() for path in paths if path is not None)
    return tuple(number for each in found for number in (each.st_size, each.st_mtime_ns, each.st_ino))


def resolve(specs: Sequence[str], spool: Path) -> tuple[list[Input], list[str]]:
    """Return the files that the user's words name, in order, and the files in folders that are no data.

    Raises:
        UsageError: nothing is there, or a file is named twice.
    """
    found: list[tuple[Path, str, str | None, bool]] = []
    skipped: list[str] = []
    for spec in specs:
        prefix, _, rest = spec.partition("=")
        split, where = (prefix, rest) if prefix in ("train", "validation", "test") and rest else (None, spec)
        found.extend((path, typed, split, own) for path, typed, own in _files(where, spool, skipped))
    if not found:
        raise UsageError("no input: name a file, a folder, a glob or '-'")
    absolute = [Path(os.path.abspath(path)) for path, _, _, _ in found]
    twice = next((path for path in absolute if absolute.count(path) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice.name}: named twice")
    common = Path(os.path.commonpath([path.parent for path in absolute]))
    inputs = []
    beside = parallel.pairs(absolute)
    for path, (_, typed, split, own) in zip(absolute, found, strict=True):
        name = "stdin" if typed == "-" else path.relative_to(common).as_posix()
        given, other = split or split_of(name, typed), beside.get(path)
        if path not in beside.values():
            inputs.append(Input(path, name, given, own, split is not None, _state(path, other), other))
    return inputs, skipped


def _state(path: Path, beside: Path | None) -> tuple[int, ...]:
    try:
        return state_of(path, beside)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _files(where: str, spool: Path, skipped: list[str]) -> Iterator[tuple[Path, str, bool]]:
    if where == "-":
        yield _spooled(spool), "-", False
        return
    if re.match(r"[a-z][a-z0-9+.-]*://", where):
        raise UsageError(f"{where}: URLs are not read yet; fetch the file first")
    path = Path(where)
    if path.is_dir():
        yield from ((each, str(each), own) for each, own in _folder(path, skipped))
    elif path.exists():
        yield path, where, False
    elif glob.has_magic(where):
        matches = sorted(glob.glob(where, recursive=True))
        if not matches:
            raise UsageError(f"{where}: no file matches")
        yield from ((Path(match), match, False) for match in matches if not Path(match).is_dir())
    else:
        raise UsageError(f"{where}: no such file or folder")


def _spooled(spool: Path) -> Path:
    path = spool / "stdin"
    with open(path, "xb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return path


def _folder(folder: Path, skipped: list[str]) -> Iterator[tuple[Path, bool]]:
    if (folder / MANIFEST).exists():
        manifest = open_folder(folder)
        if manifest["kind"] != "dataset":
            raise UsageError(f"{folder}: a folder of kind {manifest['kind']!r}; a data set or raw data is wanted here")
        names = [name for split in manifest["splits"].values() for name in split["files"]]
        yield from ((folder / name, True) for name in names)
        return
    ours = {path.parent for path in folder.rglob(MANIFEST) if _is_ours(path)}
    skipped.extend(f"{path.relative_to(folder).as_posix()}/ (made by sftformat)" for path in sorted(ours))
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not _hidden(path, folder) and not ours.intersection(path.parents)
    )
    hugging_face = any(path.name == "state.json" for path in files)
    aside = [path for path in files if path.name.endswith(("rejects.jsonl", "repairs.jsonl"))]
    skipped.extend(f"{path.relative_to(folder).as_posix()} (of sftformat; name it to have it read)" for path in aside)
    files = [path for path in files if path not in aside]
    data = [path for path in files if by_name(path.name) and not (hugging_face and path.suffix == ".json")]
    data += chain.from_iterable(parallel.pairs(files).items())
    skipped.extend(path.relative_to(folder).as_posix() for path in files if path not in data and not hugging_face)
    if not data:
        raise UsageError(f"{folder}: holds no file of a known format")
    yield from ((path, False) for path in data)


def _is_ours(manifest: Path) -> bool:
    try:
        read_manifest(manifest.parent)
    except FolderError:
        return False
    return True


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def split_of(name: str, typed: str) -> str | None:
    """Return the split that a file's name says: by the words of its stem, else by a folder that is named so.

    Folders count where the user typed them or they lie below the common one. Words for different splits say nothing.
    """
    words = re.split(r"[^a-z]+", name.rpartition("/")[2].lower())
    said = {SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES}
    if len(said) == 1:
        return said.pop()
    shown = typed if not os.path.isabs(typed) else name
    folders = {part.lower() for part in (*name.split("/")[:-1], *shown.replace(os.sep, "/").split("/")[:-1])}
    said = {SPLIT_NAMES[part] for part in folders if part in SPLIT_NAMES}
    return said.pop() if len(said) == 1 else None
