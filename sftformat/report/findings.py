"""Findings on the terminal: grouped by code, the first places of each, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from sftformat.diagnostics import Diagnostic, Severity, clip, visible
from sftformat.report.places import Places, within_line
from sftformat.report.screen import STYLES, Screen, count

#: How many places of each code the terminal shows.
SHOWN = 5
INDENT = "      "
_ORDER = list(Severity)


@dataclass(frozen=True, slots=True)
class Share:
    """The rows that findings of one code are about, as a share of all rows, and the largest that is tolerated."""

    rows: int
    of: int
    limit: float

    @property
    def value(self) -> float:
        return self.rows / self.of if self.of else 0.0

    @property
    def tolerated(self) -> bool:
        return self.rows <= self.limit * self.of


@dataclass(slots=True)
class Digest:
    """What has been found so far, bounded: how often each code, in how many rows, and its first places."""

    shown: int = SHOWN
    counts: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[Diagnostic]] = field(default_factory=dict)
    shares: dict[str, Share] = field(default_factory=dict)
    _last: dict[str, tuple[str, int, int | None]] = field(default_factory=dict)

    def add(self, found: Diagnostic) -> None:
        """Take one finding in. Findings about one row come one after the other, so its rows can be counted."""
        key = f"{_ORDER.index(found.severity)} {found.code}"
        self.counts[key] += 1
        row = (found.file, found.line, found.byte) if found.line is not None else None
        if row is None or self._last.get(key) != row:
            self.rows[key] += 1
            if row is not None:
                self._last[key] = row
        places = self.first.setdefault(key, [])
        if len(places) < self.shown:
            places.append(found)

    def tolerate(self, read: int, limits: Mapping[str, float]) -> None:
        """Compare the codes that have a limit with it, now that the number of rows read is known."""
        for key in self.counts:
            limit = limits.get(_code(key))
            if limit is not None:
                self.shares[key] = Share(self.rows[key], read, limit)

    def cut(self, key: str) -> bool:
        """Whether there are more findings of a code than the terminal shows."""
        return self.counts[key] > self.shown

    def _number(self, severity: Severity) -> int:
        start = f"{_ORDER.index(severity)} "
        return sum(number for key, number in self.counts.items() if key.startswith(start) and not self._tolerated(key))

    def _tolerated(self, key: str) -> bool:
        return key in self.shares and self.shares[key].tolerated

    @property
    def errors(self) -> int:
        """The errors that are not tolerated."""
        return self._number(Severity.ERROR)

    @property
    def warnings(self) -> int:
        """The warnings that are not tolerated."""
        return self._number(Severity.WARNING)

    @property
    def tolerated(self) -> int:
        """The findings that are no reason to fail, because they are in few enough rows."""
        return sum(number for key, number in self.counts.items() if self._tolerated(key))

    @property
    def number(self) -> int:
        """All findings."""
        return sum(self.counts.values())

    def failed(self, fail_on: str) -> bool:
        """Whether the findings are reason to fail: errors always, warnings when asked for."""
        return bool(self.errors or (fail_on == "warning" and self.warnings))

    def to_json(self) -> dict[str, Any]:
        """Return the counts by code and by severity, and what is tolerated."""
        codes: Counter[str] = Counter()
        for key, number in sorted(self.counts.items()):
            codes[_code(key)] += number
        tolerated = {
            _code(key): {"rows": share.rows, "of": share.of, "max_fraction": share.limit}
            for key, share in sorted(self.shares.items())
            if share.tolerated
        }
        severities = {"errors": self.errors, "warnings": self.warnings}
        return {
            **severities,
            "information": self._number(Severity.INFORMATION),
            "codes": dict(codes),
            "tolerated": tolerated,
        }


def _code(key: str) -> str:
    return key.split(" ", 1)[1]


def show_digest(where: Screen, digest: Digest, places: Places | None = None, limit: int | None = None) -> None:
    """Print the findings grouped by code, errors first; no more than `limit` of them altogether."""
    left = digest.number if limit is None else limit
    places = places or Places()
    for key in sorted(digest.first):
        listed = digest.first[key][: max(left, 0)]
        left -= len(listed)
        _show_code(where, digest, key, [places.opened(found) for found in listed])


def _show_code(where: Screen, digest: Digest, key: str, listed: list[Diagnostic]) -> None:
    head, number = digest.first[key][0], digest.counts[key]
    many = count(number, head.severity.value)
    if head.severity is Severity.INFORMATION:
        many = f"{number:,} × information"
    title = Text.assemble((f"{head.code} {head.name}", f"bold {STYLES[head.severity]}"), f"  {many}")
    if key in digest.shares:
        title.append(f"  {_share(digest.shares[key])}", "dim")
    _print(where, title)
    cures = {} if head.severity is Severity.INFORMATION else dict.fromkeys(found.hint for found in listed)
    for found in listed:
        _print(where, Text("  ").append(place(found), "bold").append(_words(found)))
        if len(cures) > 1 and found.hint:
            _print(where, _cure(found.hint, "    "))
    if number > len(listed):
        where.out.print(Text(f"  … and {number - len(listed):,} more" if listed else "  … not listed", "dim"))
    if head.hint and head.severity is not Severity.INFORMATION and len(cures) < 2:
        _print(where, _cure(head.hint, "  "))


def _cure(hint: str, indent: str) -> Text:
    return Text(f"{indent}→ {visible(hint.rstrip('.'))}", "dim")


def _print(where: Screen, text: Text) -> None:
    """Print one line; on a terminal what does not fit goes on below, indented, and no path is broken."""
    width = where.out.width - len(INDENT)
    if not where.out.is_terminal or max(map(len, text.plain.split()), default=0) > width:
        where.out.print(text, soft_wrap=True)
        return
    for number, part in enumerate(text.wrap(where.out, width)):
        where.out.print(Text(INDENT if number else "").append_text(part), soft_wrap=True)


def _share(share: Share) -> str:
    said = f"{share.rows:,} of {count(share.of, 'row')} ({share.value:.2%})"
    return f"{said}, {'tolerated up to' if share.tolerated else 'more than'} {share.limit:.2%}"


def place(found: Diagnostic) -> str:
    """Return `file:line` as editors and terminals understand it, or the file, or the split."""
    if found.line is not None:
        within = within_line(found)
        return visible(f"{found.file}:{found.line}") + (f" ({within})" if within else "")
    return visible(found.file or found.split or "data set")


def _words(found: Diagnostic) -> str:
    field = found.path if found.code.startswith("SFT2") and found.path not in ("", "/input") else ""
    field = f"  {visible(field)}" if field and field not in found.message else ""
    return f"{field}  {visible(clip(found.message, 300))}"


def closing_style(digest: Digest) -> str:
    """Return the style of the last line."""
    return "bold red" if digest.errors else "bold yellow" if digest.warnings else "bold green"


def closing(digest: Digest, ledger: Mapping[str, Any] | None) -> str:
    """Return the last line: how much was found in how many rows."""
    rows = f" in {count(ledger['read'], 'row')}" if ledger else ""
    more = f", and {digest.tolerated:,} more that {'is' if digest.tolerated == 1 else 'are'} tolerated"
    end = f"{more if digest.tolerated else ''}."
    if not digest.errors and not digest.warnings:
        return f"No errors and no warnings{rows}{end}"
    return f"Found {count(digest.errors, 'error')} and {count(digest.warnings, 'warning')}{rows}{end}"
