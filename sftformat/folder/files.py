"""Files that appear whole or not at all, and are read without following links."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable
from errno import EIO, EMLINK, ENOSYS, EOPNOTSUPP, EPERM
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, never following a symbolic link and never waiting on a FIFO.

    Raises:
        OSError: it is no regular file, or cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"not a regular file: {path}")
    return os.fdopen(descriptor, "rb")


def sha256_file(path: Path) -> str:
    """Return the sha256 of a regular file in hex; a symbolic link is refused.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Make a file or a folder durable (fsync); errors are never swallowed.

    Raises:
        OSError: the disk did not take it.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, make it durable and rename it: `path` appears whole or not at all.

    Raises:
        OSError: full disk, no permission; nothing is left behind then.
    """
    beside = path.with_name(f".{path.name}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.unlink(missing_ok=True)
    try:
        write(beside)
        sync(beside)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        # Arrow's errors name no file, others the one beside.
        raise OSError(error.errno or EIO, error.strerror or str(error), str(path)) from error
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_folder(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a folder beside `path`, make all of it durable and rename it: it appears whole or not at all.

    Raises:
        OSError: full disk, no permission, or `path` is there and not empty; nothing is left behind then.
    """
    beside = path.with_name(f".{path.name}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    remove(beside)
    try:
        write(beside)
        for folder, _, names in os.walk(beside):
            for name in names:
                sync(Path(folder, name))
            sync(Path(folder))
        os.replace(beside, path)
    except BaseException:
        remove(beside)
        raise
    sync(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file through `write_file`."""

    def write(beside: Path) -> None:
        with open(beside, "xb") as file:
            file.write(content)

    write_file(path, write)


def link(path: Path, name: Path) -> None:
    """Give a file one more name; where the file system knows no such names, make a copy.

    Whoever changes a file so named must write it anew, never in place.
    """
    try:
        os.link(path, name)
    except OSError as error:
        if error.errno not in (EPERM, EOPNOTSUPP, EMLINK, ENOSYS):
            raise
        shutil.copyfile(path, name)


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder; nothing happens where nothing stands."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def dump_json(value: object) -> bytes:
    """Return a value as indented JSON text with sorted keys and a final line end: equal values, equal bytes."""
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
