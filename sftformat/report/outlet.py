"""Where the findings of a command go: counted, shown as a digest or listed on stdout, listed in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sftformat.check import Settings, tolerances
from sftformat.dataset.options import Detected
from sftformat.diagnostics import Diagnostic
from sftformat.errors import InputError, SftformatError
from sftformat.folder.files import sync
from sftformat.repairs.repair import Repaired
from sftformat.report import github, sarif
from sftformat.report.findings import Digest, closing, closing_style, show_digest
from sftformat.report.listing import LISTINGS, Listing, Summary, format_of
from sftformat.report.places import Places
from sftformat.report.redact import names_of, redacted, redacted_repair, redacted_words
from sftformat.report.repairs import RepairDigest
from sftformat.report.screen import Screen


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user wants to see of the findings.

    output_format  what stdout carries: text (a digest), json, jsonl, github or sarif
    file           all findings go here, in the format that its name says; `-` = all of them on stdout
    redact         no value of the data is shown
    max_findings   at most so many are listed; counts stay exact
    """

    output_format: str = "text"
    file: str | None = None
    redact: bool = False
    max_findings: int | None = None
    fail_on: str = "error"
    settings: Settings = field(default_factory=Settings)


class Outlet:
    """Takes what a command finds, in one stage or several: `digest` counts the stage at hand, `total` all of them.

    `mended` counts repairs, which `on_repair` is shown as they come. `lists_all` says that the command takes a file
    for all findings, which is then pointed out; `would_change`, that it only shows repairs and is warned by them.
    Each stage: `look`, `take` and `mend` while it works, then `show`, then `close` (or `next_stage` before the next).
    """

    def __init__(self, where: Screen, wanted: Wanted, listings: list[Listing], places: Places) -> None:
        self.where, self.wanted, self.places = where, wanted, places
        self.machine = wanted.output_format != "text" or wanted.file == "-"
        self.digest, self.total = Digest(), Digest()
        self.listed = 0
        self.lists_all = self.would_change = False
        self.mended = RepairDigest()
        self.on_repair: Callable[[Repaired], None] | None = None
        self.manifest: Mapping[str, Any] | None = None
        self._listings = listings
        self._known: set[str] = set()

    def look(self, found: Detected) -> None:
        """Take in how an input is read: where it lies, and which names its layout knows."""
        self.places.add(found)
        self._known.update(names_of(found))

    def take(self, found: Diagnostic) -> None:
        """Take one finding in."""
        if self.wanted.redact:
            found = redacted(found, self._known)
        self.digest.add(found)
        self.total.add(found)
        if self.wanted.max_findings is None or self.listed < self.wanted.max_findings:
            self.listed += 1
            for listing in self._listings:
                listing.add(found)

    def mend(self, made: Repaired) -> None:
        """Take one repair in."""
        if self.wanted.redact:
            made = redacted_repair(made)
        self.mended.add(made)
        if self.on_repair is not None:
            self.on_repair(made)

    def say(self, text: str, style: str = "") -> None:
        """Print a line of the result; where stdout is for machines it is a note on stderr."""
        if self.machine:
            self.where.note(text, style)
        else:
            self.where.say(text, style)

    def show(self, manifest: Mapping[str, Any] | None, digest: bool = True) -> None:
        """End a stage: show its `digest`; the account of rows decides which findings are tolerated."""
        self.manifest = manifest or self.manifest
        read = self._ledger()["read"] if self._ledger() else 0
        for each in (self.digest, self.total):
            each.tolerate(read, tolerances(self.wanted.settings))
        if digest and not self.machine:
            show_digest(self.where, self.digest, self.places, self.wanted.max_findings)

    def close(self, ledger: Mapping[str, Any] | None, lead: str = "") -> None:
        """Print the closing line of a stage, after a `lead` as a note, and begin the next."""
        digest, self.digest = self.digest, Digest()
        words = closing(digest, ledger)
        if lead:
            self.where.note(f"{lead}: {words[0].lower()}{words[1:]}")
        else:
            self.say(words, closing_style(digest))
        if self.wanted.file not in (None, "-"):
            self.where.note(f"all findings: {self.wanted.file}", "dim")
        elif self.lists_all and not self.machine and any(digest.cut(key) for key in digest.counts):
            self.where.note(f"all {digest.number:,} findings: the same command with -o FILE", "dim")

    def next_stage(self) -> None:
        """Begin the next stage without a closing line."""
        self.digest = Digest()

    def _ledger(self) -> Any:
        return self.manifest.get("ledger") if self.manifest else None

    def status(self) -> int:
        """Return the exit status that the findings of all stages mean."""
        warned = self.would_change and self.wanted.fail_on == "warning"
        return int(warned or self.total.failed(self.wanted.fail_on))

    def end(self, error: SftformatError | None = None) -> None:
        """Finish the lists, also when an error ended the run: what was found before it stands in them."""
        words = self.words(error) if error is not None else None
        summary = Summary(
            task=self.manifest.get("task") if self.manifest else None,
            rows=self._ledger()["read"] if self._ledger() else 0,
            listed=self.listed,
            status=self.status() if error is None else error.exit_code,
            error=words,
            ledger=self._ledger(),
            best=tuple(github.best(self.total.first[key] for key in sorted(self.total.first))),
            **self.total.to_json(),
        )
        for listing in self._listings:
            listing.end(summary)
        self._notes(summary)

    def words(self, error: SftformatError) -> str:
        """Return the words of an error, without what it quotes under `--redact`."""
        return redacted_words(str(error)) if self.wanted.redact else str(error)

    def _notes(self, summary: Summary) -> None:
        forms = {self.wanted.output_format, format_of(self.wanted.file or "", "")}
        if self.listed < self.total.number and self.machine:
            self.where.note(f"{self.total.number - self.listed:,} more findings are not listed (--max-findings)")
        if "sarif" in forms and self.listed > sarif.RESULTS:
            self.where.warn(f"GitHub takes no SARIF of over {sarif.RESULTS:,} results: use --max-findings")
        page = os.environ.get("GITHUB_STEP_SUMMARY")
        if self.wanted.output_format == "github" and page:
            _append(Path(page), self._summary(summary))

    def _summary(self, summary: Summary) -> str:
        rows = []
        for key, places in sorted(self.total.first.items()):
            head = self.places.opened(places[0])
            at = f"{head.file}:{head.line}" if head.line is not None else head.file or head.split
            rows.append((head.severity.value, head.code, head.name, self.total.counts[key], at))
        return github.summary(rows, summary.error or closing(self.total, self._ledger()))


def _append(page: Path, text: str) -> None:
    with open(page, "a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


@contextmanager
def outlet(where: Screen, wanted: Wanted) -> Iterator[Outlet]:
    """Give an Outlet; when the block ends, the lists are finished and the file stands, whole or not at all.

    An error that ends the run goes on, and the lists say what was found before it; a diagnostic that it carries is
    listed too. A wrong call leaves no file.
    """
    with _opened(wanted.file) as file:
        places = Places()
        made = Outlet(where, wanted, _listings(where, wanted, places, file), places)
        try:
            yield made
        except SftformatError as error:
            if isinstance(error, InputError) and error.diagnostic is not None:
                made.take(error.diagnostic)
            made.end(error)
            error.args = (made.words(error),)
            raise
        made.end()


@contextmanager
def _opened(name: str | None) -> Iterator[IO[str] | None]:
    if name in (None, "-"):
        yield None
        return
    path = Path(str(name))
    if path.exists() and not path.is_file():  # a pipe, /dev/stdout: written as it is
        with open(path, "w", encoding="utf-8") as file:
            yield file
        return
    beside = path.with_name(f".{path.name}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.unlink(missing_ok=True)
    ended: SftformatError | None = None
    try:
        with open(beside, "x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            try:
                yield file
            except InputError as error:
                ended = error
        sync(beside)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if ended is not None:
        raise ended


def _listings(where: Screen, wanted: Wanted, places: Places, file: IO[str] | None) -> list[Listing]:
    made = []
    if file is not None:
        made.append(LISTINGS[format_of(str(wanted.file), wanted.output_format)](file.write, places))
    if wanted.output_format != "text" or wanted.file == "-":
        made.append(LISTINGS[wanted.output_format](where.out.file.write, places))
    return made
