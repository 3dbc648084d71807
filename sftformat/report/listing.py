"""All findings, complete, in one of five formats, written as they come: memory does not grow with their number."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol

from sftformat.diagnostics import Diagnostic, clip, visible
from sftformat.report import github, sarif
from sftformat.report.places import Places

Write = Callable[[str], Any]
_SPOOLED = 1 << 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known at the end: counts of all findings, listed or not, and how the command ended.

    `codes` counts by code; `tolerated` are the codes whose findings are no reason to fail. `ledger` is None when
    the run ended before its account was closed, and `error` says why. `best` are the first findings of each code, in
    the order in which they should be seen where not all can be.
    """

    task: str | None = None
    rows: int = 0
    errors: int = 0
    warnings: int = 0
    information: int = 0
    listed: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    tolerated: dict[str, dict[str, float]] = field(default_factory=dict)
    status: int = 0
    error: str | None = None
    ledger: Any = None
    best: tuple[Diagnostic, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the counts and the end, ready for a JSON writer; the ledger is told beside them."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("ledger", "best")}


class Listing(Protocol):
    """Where findings are written: `add` each, then `end` once."""

    def add(self, found: Diagnostic) -> None: ...
    def end(self, summary: Summary) -> None: ...


class TextListing:
    """One line a finding, as editors and compilers write them: `FILE:LINE: error: CODE name: message (what to do)`."""

    def __init__(self, write: Write, places: Places) -> None:
        self.write, self.places = write, places

    def add(self, found: Diagnostic) -> None:
        shown = self.places.opened(found)
        where = f"{shown.file or shown.split or 'data set'}" + (f":{shown.line}" if shown.line is not None else "")
        cure = f" ({shown.hint.rstrip('.')})" if shown.hint else ""
        words = visible(clip(shown.message, 300) + cure)
        self.write(f"{visible(where)}: {found.severity}: {found.code} {found.name}: {words}\n")

    def end(self, summary: Summary) -> None:
        """Nothing follows: every line is a finding."""


class JsonlListing:
    """One JSON object a line (schemas/diagnostic.schema.json)."""

    def __init__(self, write: Write, places: Places) -> None:
        self.write, self.places = write, places

    def add(self, found: Diagnostic) -> None:
        self.write(json_line(found) + "\n")

    def end(self, summary: Summary) -> None:
        """Nothing follows: every line is a finding."""


class JsonListing:
    """One object: `findings`, the `ledger` and the `summary`; its counts also stand beside them, for short scripts."""

    def __init__(self, write: Write, places: Places) -> None:
        self.write, self.places = write, places
        self._next = '{"findings": ['

    def add(self, found: Diagnostic) -> None:
        self.write(self._next + "\n" + json_line(found))
        self._next = ","

    def end(self, summary: Summary) -> None:
        said = summary.to_json()
        brief = {key: said[key] for key in ("task", "errors", "warnings", "codes")}
        rest = json.dumps({"ledger": summary.ledger, "summary": said, **brief})
        self.write(f"{self._next if self._next != ',' else ''}],\n{rest[1:]}\n")


class GithubListing:
    """Workflow commands. GitHub shows ten of a kind, so the first findings of every code go before all others."""

    def __init__(self, write: Write, places: Places) -> None:
        self.write, self.places = write, places
        self.file: IO[str] = SpooledTemporaryFile(  # noqa: SIM115 - closed by `end`
            _SPOOLED, "w+", encoding="utf-8", errors="surrogatepass"
        )

    def add(self, found: Diagnostic) -> None:
        self.file.write(self._line(found) + "\n")

    def _line(self, found: Diagnostic) -> str:
        return github.annotation(self.places.opened(found), self.places.has_lines(found.file))

    def end(self, summary: Summary) -> None:
        first = list(dict.fromkeys(map(self._line, summary.best)))
        for line in first[: summary.listed]:
            self.write(line + "\n")
        left, again = summary.listed - len(first), set(first)
        self.file.seek(0)
        for line in (text.removesuffix("\n") for text in self.file):
            if line in again:
                again.remove(line)
            elif left > 0:
                left -= 1
                self.write(line + "\n")
        self.file.close()


class SarifListing:
    """SARIF 2.1.0: the rules first, then the results as they come, then how the run ended."""

    def __init__(self, write: Write, places: Places) -> None:
        self.write, self.places = write, places
        head = {"$schema": sarif.SCHEMA, "version": "2.1.0"}
        tool = json.dumps({"tool": {"driver": sarif.driver()}, "columnKind": "unicodeCodePoints"})
        self._next = f'{json.dumps(head)[:-1]}, "runs": [{tool[:-1]}, "results": ['

    def add(self, found: Diagnostic) -> None:
        file = self.places.file_of(found)
        has_lines = self.places.has_lines(found.file)
        shown = sarif.result(self.places.opened(found), self.places.path(file), has_lines)
        self.write(self._next + "\n" + json.dumps(shown))
        self._next = ","

    def end(self, summary: Summary) -> None:
        rest = {
            "invocations": [sarif.invocation(summary.status, summary.error)],
            "properties": {"ledger": summary.ledger, "summary": summary.to_json()},
        }
        self.write(f"{self._next if self._next != ',' else ''}],\n{json.dumps(rest)[1:]}]}}\n")


#: Output format -> what writes it.
LISTINGS: dict[str, Callable[[Write, Places], Listing]] = {
    "text": TextListing,
    "json": JsonListing,
    "jsonl": JsonlListing,
    "github": GithubListing,
    "sarif": SarifListing,
}
_ENDINGS = {".sarif": "sarif", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "text"}


def format_of(name: str, told: str) -> str:
    """Return the format of a file of findings: what its name says, else what was told, else a JSON object a line."""
    if name.endswith(".sarif.json"):
        return "sarif"
    ending = next((form for end, form in _ENDINGS.items() if name.lower().endswith(end)), None)
    if ending == "json" and told == "sarif":
        return "sarif"
    return ending or (told if told != "text" else "jsonl")


def json_line(found: Diagnostic) -> str:
    """Return a finding as one line of JSON in ASCII, so nothing in it can reach a terminal as a command."""
    return json.dumps(found.to_json(), ensure_ascii=True)
