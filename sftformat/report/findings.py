"""Findings on the terminal: grouped by code, the first places of each, what to do; and complete in a file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from rich.text import Text

from sftformat.diagnostics import Diagnostic, Severity, clip, visible
from sftformat.report.screen import Screen, count

#: How many places of each code the terminal shows.
SHOWN = 5
STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFORMATION: "cyan", Severity.OFF: ""}
_ORDER = list(Severity)


@dataclass(slots=True)
class Digest:
    """What has been found so far, bounded: how often each code, and its first places."""

    shown: int = SHOWN
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[Diagnostic]] = field(default_factory=dict)
    severities: Counter[Severity] = field(default_factory=Counter)

    def add(self, found: Diagnostic) -> None:
        """Take one finding in."""
        key = f"{_ORDER.index(found.severity)} {found.code}"
        self.counts[key] += 1
        self.severities[found.severity] += 1
        places = self.first.setdefault(key, [])
        if len(places) < self.shown:
            places.append(found)

    @property
    def errors(self) -> int:
        return self.severities[Severity.ERROR]

    @property
    def warnings(self) -> int:
        return self.severities[Severity.WARNING]

    def failed(self, fail_on: str) -> bool:
        """Whether the findings are reason to fail: errors always, warnings when asked for."""
        return bool(self.errors or (fail_on == "warning" and self.warnings))

    def to_json(self) -> dict[str, Any]:
        """Return the counts by code and by severity."""
        codes = {key.split(" ", 1)[1]: number for key, number in sorted(self.counts.items())}
        return {"errors": self.errors, "warnings": self.warnings, "codes": codes}


def show_digest(where: Screen, digest: Digest) -> None:
    """Print the findings grouped by code, errors first."""
    for key in sorted(digest.first):
        places = digest.first[key]
        head = places[0]
        style = STYLES[head.severity]
        title = Text.assemble(
            (f"{head.code} {head.name}", f"bold {style}"),
            f"  {count(digest.counts[key], head.severity.value)}"
            if head.severity is not Severity.INFORMATION
            else f"  {digest.counts[key]:,} × information",
        )
        where.show(title)
        for found in places:
            where.out.print(Text("  ").append(place(found), "bold").append(_words(found)), soft_wrap=True)
        more = digest.counts[key] - len(places)
        if more > 0:
            where.out.print(Text(f"  … and {more:,} more", "dim"))
        if head.hint and head.severity is not Severity.INFORMATION:
            where.out.print(Text(f"  → {visible(head.hint.rstrip('.'))}", "dim"), soft_wrap=True)


def place(found: Diagnostic) -> str:
    """Return `file:line` as editors and terminals understand it, or the file, or the split."""
    if found.line is not None:
        return visible(f"{found.file}:{found.line}")
    return visible(found.file or found.split or "data set")


def _words(found: Diagnostic) -> str:
    return f"  {visible(clip(found.message, 300))}"


def closing(digest: Digest, ledger: Mapping[str, Any] | None) -> str:
    """Return the last line: how much was found in how many rows."""
    rows = f" in {count(ledger['read'], 'row')}" if ledger else ""
    if not digest.errors and not digest.warnings:
        return f"No errors and no warnings{rows}."
    return f"Found {count(digest.errors, 'error')} and {count(digest.warnings, 'warning')}{rows}."


class FindingsFile:
    """All findings, complete, one JSON object a line; without a path it takes them and keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.file: IO[str] | None = None

    def __enter__(self) -> Self:
        if self.path is not None:
            self.file = open(self.path, "w", encoding="utf-8", newline="\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.file is not None:
            self.file.close()

    def add(self, found: Diagnostic) -> None:
        """Write one finding."""
        if self.file is not None:
            self.file.write(json_line(found) + "\n")


def json_line(found: Diagnostic) -> str:
    """Return a finding as one line of JSON in ASCII, so nothing in it can reach a terminal as a command."""
    return json.dumps(found.to_json(), ensure_ascii=True)
