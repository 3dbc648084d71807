"""From the words of the user to files: inputs with the names they are shown under and the splits that those give."""

from __future__ import annotations

import glob
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from sftformat.errors import FolderError, InputError, UsageError
from sftformat.folder.manifest import MANIFEST, open_folder, read_manifest
from sftformat.formats import class_tree, parallel
from sftformat.formats.source import Text
from sftformat.formats.told import is_data
from sftformat.record import SPLIT_NAMES


@dataclass(frozen=True, slots=True)
class Input:
    """One file to read: where it is, the name it is shown and recorded under, and the split its name gives.

    `prefixed` says that the user named the split, which then goes before a column. `canonical` says that it is a file
    of a data set folder of ours: its rows are canonical already. `state` is what the file looked like when it was
    planned (size, time of change, inode), to notice a change while it is read. `beside` is its pair in parallel text.
    With `texts` it is a folder, and these are the files in its class folders.
    """

    path: Path
    name: str
    split: str | None = None
    canonical: bool = False
    prefixed: bool = False
    state: tuple[int, ...] = ()
    beside: Path | None = None
    texts: tuple[Text, ...] = ()

    @property
    def files(self) -> list[Path]:
        """Every file that is read."""
        if self.texts:
            return [self.path / text.name for text in self.texts]
        return [self.path, *([self.beside] if self.beside is not None else [])]

    @property
    def size(self) -> int:
        """Bytes as stored, of all files that it is made of."""
        return sum(self.state[::3])

    def unchanged(self) -> bool:
        """Whether the file still looks as it did when it was planned."""
        try:
            return state_of(*self.files) == self.state
        except OSError:
            return False


def state_of(*paths: Path) -> tuple[int, ...]:
    """Return size in bytes, time of the last change in nanoseconds and inode of each file."""
    found = (path.stat() for path in paths)
    return tuple(number for each in found for number in (each.st_size, each.st_mtime_ns, each.st_ino))


def resolve(specs: Sequence[str], spool: Path) -> tuple[list[Input], list[str]]:
    """Return the files that the user's words name, in order, and the files in folders that are no data.

    Raises:
        UsageError: nothing is there, or a file is named twice.
    """
    found: list[tuple[_Found, str | None]] = []
    skipped: list[str] = []
    if [where for _, where in map(_told, specs)].count("-") > 1:
        raise UsageError("stdin is named twice, and can be read only once: write one of them to a file")
    for spec in specs:
        split, where = _told(spec)
        found.extend((each, split) for each in _files(where, spool, skipped))
    if not found:
        raise UsageError("no input: name a file, a folder, a glob or '-'")
    absolute = [Path(os.path.abspath(each.path)) for each, _ in found]
    twice = next((path for path in absolute if absolute.count(path) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice.name}: named twice")
    common = Path(os.path.commonpath([path.parent for path in absolute]))
    inputs = []
    beside = parallel.pairs(absolute)
    for path, (each, split) in zip(absolute, found, strict=True):
        name = "stdin" if each.typed == "-" else path.relative_to(common).as_posix()
        given, other = split or split_of(name, each.typed), beside.get(path)
        if path not in beside.values():
            made = Input(path, name, given, each.canonical, split is not None, (), other, each.texts)
            inputs.append(replace(made, state=_state(made)))
    return inputs, skipped


def _told(spec: str) -> tuple[str | None, str]:
    """Return the split that the user's words name, and where the input is."""
    prefix, _, rest = spec.partition("=")
    return (prefix, rest) if prefix in ("train", "validation", "test") and rest else (None, spec)


def named(specs: Sequence[str]) -> Iterator[Path]:
    """Yield the files and folders that the user's words name, without a look into them; what is not there is left out.

    Where stdin is an input nothing is read from it.
    """
    for _, where in map(_told, specs):
        if where != "-":
            matches = [where] if os.path.lexists(where) else glob.glob(where, recursive=True)
            yield from (path for path in map(Path, matches) if path.exists())


def _state(found: Input) -> tuple[int, ...]:
    try:
        return state_of(*found.files)
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class _Found:
    """A file, or a folder with class folders, and how the user came to name it."""

    path: Path
    typed: str
    canonical: bool = False
    texts: tuple[Text, ...] = ()


def _files(where: str, spool: Path, skipped: list[str]) -> Iterator[_Found]:
    if where == "-":
        yield _Found(_spooled(spool), "-")
        return
    if re.match(r"[a-z][a-z0-9+.-]*://", where):
        raise UsageError(f"{where}: URLs are not read yet; fetch the file first")
    path = Path(where)
    if path.is_dir():
        yield from _folder(path, skipped)
    elif path.exists():
        yield _Found(path, where)
    elif glob.has_magic(where):
        matches = sorted(glob.glob(where, recursive=True))
        if not matches:
            raise UsageError(f"{where}: no file matches")
        yield from (_Found(Path(match), match) for match in matches if not Path(match).is_dir())
    else:
        raise UsageError(f"{where}: no such file or folder")


def _spooled(spool: Path) -> Path:
    path = spool / "stdin"
    with open(path, "xb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return path


def _folder(folder: Path, skipped: list[str]) -> Iterator[_Found]:
    if (folder / MANIFEST).exists():
        manifest = open_folder(folder)
        if manifest["kind"] != "dataset":
            raise UsageError(f"{folder}: a folder of kind {manifest['kind']!r}; a data set or raw data is wanted here")
        names = [name for split in manifest["splits"].values() for name in split["files"]]
        yield from (_Found(folder / name, str(folder / name), True) for name in names)
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
    data = [path for path in files if is_data(path) and not (hugging_face and path.suffix == ".json")]
    data += chain.from_iterable(parallel.pairs(files).items())
    texts = () if data else _texts(folder, files, skipped)
    read = {*data, *(folder / text.name for text in texts)}
    skipped.extend(path.relative_to(folder).as_posix() for path in files if path not in read and not hugging_face)
    if not read:
        message = "holds no file of a known format, and no texts in class folders (LABEL/NAME.txt)"
        raise UsageError(f"{folder}: {message}")
    yield from [_Found(folder, str(folder), texts=texts)] if texts else (_Found(path, str(path)) for path in data)


def _texts(folder: Path, files: list[Path], skipped: list[str]) -> tuple[Text, ...]:
    """Return the texts in class folders; a link that leads out of the folder is none, and is named."""
    root = folder.resolve()
    out = [path for path in files if path.is_symlink() and not path.resolve().is_relative_to(root)]
    skipped.extend(f"{path.relative_to(folder).as_posix()} (a link that leads out of the folder)" for path in out)
    files[:] = [path for path in files if path not in out]
    return tuple(class_tree.find([path.relative_to(folder).as_posix() for path in files]))


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
