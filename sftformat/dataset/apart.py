"""No output takes the place of what a call reads: that is refused before a byte is written, `--overwrite` or not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sftformat.errors import FolderError, UsageError
from sftformat.folder.manifest import MANIFEST, read_manifest
from sftformat.inputs import named

#: The ending of findings that no folder of inputs has read as data, whatever stands in the file.
_NEVER_READ = ".sarif"


def refuse_file(out: Path, specs: Sequence[str], others: Mapping[str, str | None] | None = None) -> None:
    """Refuse to write a file where one stands that is read: an input, or the file of one of the `others`, by option.

    Whatever name leads there: links are followed, and a file in a folder of inputs is one of them.

    Raises:
        UsageError: it would be written over.
    """
    if not out.is_file():
        return
    for path in named(specs):
        if path.samefile(out):
            raise UsageError(f"{out}: is an input, which is never written over: name another file")
        if path.is_dir() and out.suffix != _NEVER_READ and _inside(out, path):
            raise UsageError(f"{out}: stands in the input {path}, which is never written over: name another file")
    for option, other in (others or {}).items():
        if other is not None and os.path.exists(other) and out.samefile(other):
            raise UsageError(f"{out}: is the file of {option}, which is never written over: name another file")


def refuse_folder(out: Path, specs: Sequence[str]) -> None:
    """Refuse to make a folder where an input stands: the folder itself, or a file that its manifest claims.

    Raises:
        UsageError: it would be replaced by what is made of it.
    """
    if not out.is_dir():
        return
    for path in named(specs):
        if path.samefile(out):
            raise UsageError(f"{out}: is an input, and nothing is made in place: name another folder")
        if path.is_file() and _inside(path, out) and _claimed(path, out):
            raise UsageError(f"{path}: is an input, and would go with the old content of {out}: name another folder")


def _inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _claimed(path: Path, folder: Path) -> bool:
    """Whether a file goes when the folder is made anew; a damaged manifest may claim any."""
    if not (folder / MANIFEST).exists():
        return False
    try:
        files = read_manifest(folder)["files"]
    except FolderError:
        return True
    return path.resolve().relative_to(folder.resolve()).as_posix() in {entry["path"] for entry in files}
