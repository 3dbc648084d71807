"""The bytes of a file: regular files only, decompressed on the way, damage told from the end of the file."""

from __future__ import annotations

import gzip
import os
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

import pyarrow as pa

from sftformat.errors import InputError
from sftformat.formats.source import Source, fault

CHUNK_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def open_regular(path: Path, name: str) -> Iterator[IO[bytes]]:
    """Open a regular file, or a link to one, for reading; a pipe or device is refused without waiting for it.

    Raises:
        InputError: there is no such file, it is not a regular file, or it may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be opened: {_reason(error)}") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise InputError(f"{name}: {_kind(mode)}, not a regular file")
    with open(descriptor, "rb", buffering=0) as file:
        yield file


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something special")


def compression_of(magic: bytes) -> str | None:
    """Return gzip, zstd or None as the first bytes of a file say."""
    if magic.startswith(GZIP_MAGIC):
        return "gzip"
    return "zstd" if magic.startswith(ZSTD_MAGIC) else None


def chunks(source: Source, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the uncompressed bytes of `source` from `start` to `stop`, in pieces of at most `size`.

    Raises:
        InputError: the file cannot be read, or its compression is damaged (SFT016).
    """
    with open_regular(source.path, source.name) as file:
        if source.start:
            file.seek(source.start)
        left = None if source.stop is None else source.stop - source.start
        stream = _decompressed(file, source.compression)
        while left is None or left > 0:
            piece = _read(stream, size if left is None else min(size, left), source)
            if not piece:
                return
            left = None if left is None else left - len(piece)
            yield piece


def _decompressed(file: IO[bytes], compression: str | None) -> _Readable:
    if compression == "gzip":
        return gzip.GzipFile(fileobj=file, mode="rb")
    if compression == "zstd":
        stream: _Readable = pa.CompressedInputStream(pa.PythonFile(cast(Any, file), mode="r"), "zstd")
        return stream
    return file


def _read(stream: _Readable, size: int, source: Source) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise fault("SFT016", source.name, f"the gzip data is damaged: {error}") from error
    except OSError as error:
        if source.compression == "zstd" and error.errno is None:
            raise fault("SFT016", source.name, f"the zstd data is damaged: {error}") from error
        raise InputError(f"{source.name}: cannot be read: {_reason(error)}") from error


@contextmanager
def seekable(source: Source) -> Iterator[IO[bytes]]:
    """Open `source` for reading anywhere in it; a compressed one is first unpacked into a nameless temporary file."""
    if source.compression is None:
        with open_regular(source.path, source.name) as file:
            yield file
        return
    with tempfile.TemporaryFile() as spool:
        for piece in chunks(source):
            spool.write(piece)
        spool.seek(0)
        yield spool


@contextmanager
def create(path: Path, compression: str | None) -> Iterator[IO[bytes]]:
    """Open `path` for writing; what is written is compressed, with nothing in it of the clock or the name."""
    with open(path, "wb") as file:
        if compression == "gzip":
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed:
                yield packed  # type: ignore[misc]
        elif compression == "zstd":
            with pa.CompressedOutputStream(pa.PythonFile(cast(Any, file), mode="w"), "zstd") as packed_zstd:
                yield packed_zstd  # type: ignore[misc]
        else:
            yield file
