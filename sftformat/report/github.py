"""Findings as annotations of GitHub Actions: workflow commands on stdout, and a summary for the page of the step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sftformat.diagnostics import Diagnostic, Severity, clip, visible
from sftformat.report.places import within_line

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "notice"}
#: GitHub shows so many errors, so many warnings and so many notices of one step.
SHOWN = 10


def annotation(found: Diagnostic, has_lines: bool = True) -> str:
    """Return one workflow command; `has_lines` False keeps the line in the words, for files without lines to show."""
    where = {"file": found.file} if found.file else {}
    if found.line is not None and has_lines:
        where["line"] = str(found.line)
    where["title"] = f"{found.code} {found.name}"
    properties = ",".join(f"{key}={_property(value)}" for key, value in where.items())
    row = f"row {found.line}" if found.line is not None and not has_lines else within_line(found)
    words = (
        (f"{row}: " if row else "")
        + visible(clip(found.message, 300))
        + (f"\n→ {visible(found.hint)}" if found.hint else "")
    )
    return f"::{COMMANDS[found.severity]} {properties}::{_escaped(words)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(visible(text)).replace(":", "%3A").replace(",", "%2C")


def best(groups: Iterable[list[Diagnostic]]) -> Iterator[Diagnostic]:
    """Yield the findings that should come first, as GitHub shows ten of a kind: the first of each code, the second …"""
    waiting = [list(group) for group in groups]
    for index in range(max(map(len, waiting), default=0)):
        yield from (group[index] for group in waiting if index < len(group))


def summary(rows: Iterable[tuple[str, str, str, int, str]], closing: str) -> str:
    """Return Markdown for the page of the step: a row of (severity, code, name, count, first place) a code."""
    lines = ["### sftformat", "", "| severity | code | count | first at |", "|---|---|---:|---|"]
    lines += [f"| {kind} | {code} {name} | {count:,} | {_cell(place)} |" for kind, code, name, count, place in rows]
    return "\n".join([*(lines if len(lines) > 4 else lines[:1]), "", closing, ""])


def _cell(text: str) -> str:
    plain = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;").replace("`", "&#96;")
    return f"<code>{plain}</code>"
