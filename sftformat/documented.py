"""What the documentation of a code is made of where no rule has a docstring: why it matters, and files that show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: The same character so often that nobody counts it. All else is shown whole, so that it can be tried.
_LONG_RUN = re.compile(r"(.)\1{40,}")


@dataclass(frozen=True, slots=True)
class Sample:
    """Files that show a code, or the lack of it, and the command and options that are run on them.

    `files` are names and bytes; one whose name begins with "schema", "template", "fixes" or
    "joined" is no input. `words` say
    what cannot be shown as text, and name the fixture of the tests then.
    """

    files: tuple[tuple[str, bytes], ...]
    options: tuple[str, ...] = ()
    words: str = ""
    command: str = "validate"

    def lines(self) -> Iterator[str]:
        """Yield the sample as a page shows it: what is not printable ASCII as an escape, long runs of one sign cut."""
        if self.words:
            yield self.words
        for name, content in self.files:
            if len(self.files) > 1 or not name.endswith(".jsonl"):
                yield f"{name}:"
            yield from _shown(content)
        if self.options:
            yield " ".join(["with", *([self.command] if self.command != "validate" else []), *self.options])


def _shown(content: bytes) -> Iterator[str]:
    for line in content.decode("latin-1").split("\n")[: content.count(b"\n") + bool(content.rpartition(b"\n")[2])]:
        text = "".join(char if " " <= char <= "~" else f"\\x{ord(char):02x}" for char in line)
        yield _LONG_RUN.sub(lambda run: f"{run[0][:8]} ... {run[0][-8:]}", text)


@dataclass(frozen=True, slots=True)
class Page:
    """The documentation of a code of `diagnostics.CODES`, whose `finds` and `fix` say the rest."""

    code: str
    why: str
    breaks: tuple[Sample, ...]
    keeps: tuple[Sample, ...]


def jsonl(content: bytes, *options: str) -> Sample:
    """Return a sample of one JSONL file."""
    return Sample((("a.jsonl", content),), options)


def named(name: str, content: bytes, *options: str) -> Sample:
    """Return a sample of one file, whose name says the format."""
    return Sample(((name, content),), options)


def fixture(words: str) -> Sample:
    """Return a sample that the tests make; the words name it."""
    return Sample((), (), words)
