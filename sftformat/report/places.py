"""Where findings lie, as one would open them from here: `samples/broken.jsonl:3`, which terminals make clickable."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sftformat.dataset.each import names_in_messages, with_places
from sftformat.dataset.options import Detected
from sftformat.diagnostics import Diagnostic
from sftformat.formats.source import Source

_LINES = frozenset({"csv", "tsv", "json", "jsonl", "text", "conll", "conllu", "po", "tmx", "parallel", "class-folders"})
_LINES |= {"yaml", "rasa", "rasa-md", "rasa-json", "json-lists", "vertex"}
#: With more inputs than this the places inside messages keep the names that are recorded.
MESSAGE_NAMES = 1000
#: The first record of a file starts no later than this: after a byte order mark.
_BOM_BYTES = 3


class Places:
    """The inputs that were looked at, by the name under which a finding knows them."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._paths: dict[str, str] = {}
        self._splits: dict[str, str] = {}
        self._folders: list[str] = []
        self._in_messages: re.Pattern[str] | None = None

    def add(self, found: Detected) -> None:
        """Remember an input."""
        name = found.source.name
        self._sources[name] = found.source
        self._folders += [name] if found.source.texts else []
        self._paths[name] = name if name == "stdin" else from_here(found.source.path)
        self._splits.setdefault(found.split or "train", name)
        self._in_messages = None

    def path(self, name: str) -> str:
        """Return the path of an input, or of a file in its class folders, relative to here where it lies below.

        A name that is no input stays.
        """
        if name not in self._paths:
            folder = next((each for each in self._folders if name.startswith(f"{each}/")), None)
            return name if folder is None else self._paths[folder] + name.removeprefix(folder)
        return self._paths[name]

    def has_lines(self, name: str) -> bool:
        """Whether the line of a finding is a line that an editor shows: not in Parquet, not in a compressed file."""
        source = self._sources.get(name)
        if source is None:
            return True
        lines = (
            source.rows or source
        ).format in _LINES or source.origin is not None  # of rejects the line is that of their file
        return lines and source.compression is None

    def file_of(self, found: Diagnostic) -> str:
        """Return the input that a finding is about: its own, else the first of its split, else the first of all."""
        return found.file or self._splits.get(found.split) or next(iter(self._sources), "")

    def opened(self, found: Diagnostic) -> Diagnostic:
        """Return a finding whose places, also those that its message names, can be opened from here."""
        return with_places(found, self._names(), self.path)

    def _names(self) -> re.Pattern[str] | None:
        if self._in_messages is None and 0 < len(self._sources) <= MESSAGE_NAMES:
            self._in_messages = names_in_messages(list(self._sources))
        return self._in_messages


def from_here(path: Path) -> str:
    """Return a path as one would type it from the working folder; outside of it, the absolute path."""
    whole = os.path.abspath(path)
    try:
        short = os.path.relpath(whole)
    except (OSError, ValueError):
        return whole
    return whole if short.startswith("..") else short.replace(os.sep, "/")


def within_line(found: Diagnostic) -> str:
    """Return where in the first line of its file a record starts that does not begin it: of an array on one line."""
    return f"byte {found.byte:,}" if found.line == 1 and (found.byte or 0) > _BOM_BYTES else ""
