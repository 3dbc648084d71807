"""The check stage: rules on canonical rows, batch by batch, and on the whole data set with bounded memory.

A unit of input is checked with `check_rows` and counted with a `Tally`, in whichever process; the summaries of all
units then go to `check_set`. The findings do not depend on batches, units, partitions or the number of processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sftformat.diagnostics import CODES, Diagnostic, Severity
from sftformat.errors import UsageError
from sftformat.repairs import REPAIRS
from sftformat.rules import RULES, duplicate_record
from sftformat.rules.census import Census
from sftformat.rules.rule import Finding, Rule, SetFinding
from sftformat.rules.spill import PARTITIONS
from sftformat.rules.tally import Summary, Tally
from sftformat.rules.texts import Indices, column, folded, input_texts
from sftformat.rules.view import View

__all__ = [
    "PARTITIONS",
    "Settings",
    "Summary",
    "Tally",
    "active",
    "check_rows",
    "check_set",
    "chosen",
    "duplicates",
    "folded",
    "input_texts",
]


@dataclass(frozen=True, slots=True)
class Settings:
    """Which rules run and how.

    `select` and `ignore` hold codes, beginnings of codes (`SFT3`) or names; an empty `select` means every rule that is
    not off by default. `thresholds` are by code or name. `labels` is the label map the user gave.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None


def active(settings: Settings, task: str) -> tuple[Rule, ...]:
    """Return the rules that run, in the order of their codes, with the thresholds of the settings.

    A rule that is off by default runs as a warning when it is selected.

    Raises:
        UsageError: a selector, rule or threshold that does not exist; names the nearest.
    """
    for selector in (*settings.select, *settings.ignore):
        _matches(selector)
    thresholds = _thresholds(settings)
    rules = [rule for rule in RULES if rule.covers(task) and chosen(rule.code, settings, rule.severity)]
    return tuple(
        replace(
            rule,
            severity=Severity.WARNING if rule.severity is Severity.OFF else rule.severity,
            thresholds={**rule.thresholds, **thresholds.get(rule.code, {})},
        )
        for rule in rules
    )


def chosen(code: str, settings: Settings, severity: Severity = Severity.WARNING) -> bool:
    """Tell whether the settings let a code through; of two selectors that cover it the longer decides, then `ignore`.

    Raises:
        UsageError: a selector that does not exist; names the nearest.
    """
    selected = max((_length(selector, code) for selector in settings.select), default=0)
    ignored = max((_length(selector, code) for selector in settings.ignore), default=0)
    by_default = not settings.select and severity is not Severity.OFF
    return ignored == 0 if by_default else selected > ignored


def check_rows(rows: pa.RecordBatch, task: str, rules: Iterable[Rule]) -> list[tuple[int, Diagnostic]]:
    """Run the row rules among `rules` on a batch; return (index in the batch, finding), by row, then by code."""
    view = View(rows, task)
    found: list[tuple[int, int, Finding, Rule]] = []
    for number, rule in enumerate(rules):
        if rule.scope == "row" and rule.covers(task):
            found += [(finding.row, number, finding, rule) for finding in rule.check(view, rule.thresholds)]
    found.sort(key=lambda each: each[:2])
    return [(row, _row_diagnostic(view, finding, rule)) for row, _, finding, rule in found]


def check_set(
    summaries: Sequence[Summary], folder: Path, task: str, settings: Settings, rules: Iterable[Rule] | None = None
) -> Iterator[Diagnostic]:
    """Run the set rules on the tallies of all units: by code, then in the order of the data.

    `folder` is the tallies' folder; more files are written into it. Memory holds one partition of keys at a time.
    """
    census = Census(summaries, folder, task, settings.labels)
    for rule in active(settings, task) if rules is None else rules:
        if rule.scope == "set" and rule.covers(task):
            for finding in rule.check(census, rule.thresholds):
                yield _set_diagnostic(finding, rule)


def duplicates(summaries: Sequence[Summary], folder: Path) -> dict[int, Indices]:
    """Return for each unit the rows that repeat an earlier one exactly (the rows of SFT401), in ascending order.

    A row is counted from 0 among the kept rows of its unit. Units without duplicates are left out.
    """
    found: dict[int, list[int]] = {}
    for pair in Census(summaries, folder, "").pairs("input", duplicate_record.select):
        found.setdefault(pair.later.unit, []).append(pair.later.row)
    return {unit: np.array(rows, np.int64) for unit, rows in found.items()}


def _row_diagnostic(view: View, finding: Finding, rule: Rule) -> Diagnostic:
    source: Mapping[str, Any] = column(view.rows, "source")[finding.row].as_py() or {}
    return Diagnostic(
        code=rule.code,
        name=rule.name,
        severity=rule.severity,
        message=finding.message,
        file=source.get("file") or "",
        line=source.get("line"),
        byte=source.get("byte"),
        path=finding.path,
        expected=finding.expected,
        got=finding.got,
        hint=rule.fix,
        split=str(view.splits[finding.row]),
    )


def _set_diagnostic(finding: SetFinding, rule: Rule) -> Diagnostic:
    place = finding.place
    return Diagnostic(
        code=rule.code,
        name=rule.name,
        severity=rule.severity,
        message=finding.message,
        file=place.file if place else "",
        line=place.line if place and place.line >= 0 else None,
        byte=place.byte if place else None,
        path=finding.path,
        expected=finding.expected,
        got=finding.got,
        hint=finding.hint or rule.fix,
        split=finding.split,
    )


_NAMES = (
    {row.name: row.code for row in REPAIRS}
    | {row.name: row.code for row in CODES.values()}
    | {row.name: row.code for row in RULES}
)


def _matches(selector: str) -> str:
    """Return the beginning of codes that a selector means."""
    start = _NAMES.get(selector, selector.upper())
    if start.startswith("SFT") and any(code.startswith(start) for code in _NAMES.values()):
        return start
    raise UsageError(f"no rule {selector!r}{_nearest(selector, [*_NAMES, *_NAMES.values()])}")


def _length(selector: str, code: str) -> int:
    start = _matches(selector)
    return len(start) if code.startswith(start) else 0


def _nearest(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), 1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _thresholds(settings: Settings) -> dict[str, dict[str, float]]:
    """The thresholds of the settings by code, checked against the table."""
    known = {rule.code: rule for rule in RULES}
    found: dict[str, dict[str, float]] = {}
    for name, values in settings.thresholds.items():
        code = _NAMES.get(name, name.upper())
        if code not in known:
            raise UsageError(f"no rule {name!r} with thresholds{_nearest(name, [*known, *_NAMES])}")
        for key, value in values.items():
            if key not in known[code].thresholds:
                raise UsageError(f"{code} has no threshold {key!r}{_nearest(key, known[code].thresholds)}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UsageError(f"{code} {key}: expected a number, got {value!r}")
            found.setdefault(code, {})[key] = value
    return found
