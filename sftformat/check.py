"""The check stage: rules on canonical rows, batch by batch, and on the whole data set with bounded memory.

A unit of input is checked with `check_rows` and counted with a `Tally`, in whichever process; the summaries of all
units then go to `check_set`. The findings do not depend on batches, units, partitions or the number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sftformat.diagnostics import Diagnostic, Severity, diagnostic
from sftformat.rules import duplicate_record, mojibake
from sftformat.rules.census import Census
from sftformat.rules.folding import folded
from sftformat.rules.rule import Finding, Rule, SetFinding
from sftformat.rules.settings import Settings, active, chosen, near_similarity, severities, told, tolerances
from sftformat.rules.signs import FORMAT
from sftformat.rules.spill import PARTITIONS
from sftformat.rules.subjects import html, marks, templates
from sftformat.rules.tally import Summary, Tally
from sftformat.rules.texts import Indices, column, input_texts
from sftformat.rules.view import View
from sftformat.workers import run

__all__ = [
    "PARTITIONS",
    "Settings",
    "Summary",
    "Tally",
    "View",
    "active",
    "check_rows",
    "check_set",
    "chosen",
    "duplicates",
    "folded",
    "inner_marks",
    "input_texts",
    "near_similarity",
    "ready",
    "severities",
    "told",
    "tolerances",
]


#: U+FEFF in UTF-8, as one number.
_MARK = int.from_bytes("\ufeff".encode())

#: From a JSON Pointer into a canonical row, and what gives that row, to the pointer that is told.
Locate = Callable[[str, Callable[[], Mapping[str, Any]]], str]


def ready() -> None:
    """Do now what rules put off until a text asks for it: for a process that would wait meanwhile."""
    pa.array(np.zeros(0))  # imports a part of NumPy
    active(Settings(), "classification")  # imports the rules
    for put_off in (mojibake.fixing, html, templates, marks):
        put_off()


def check_rows(view: View, rules: Iterable[Rule], locate: Locate | None = None) -> list[tuple[int, Diagnostic]]:
    """Run the row rules among `rules` on a batch; return (index in the batch, finding), by row, then by code.

    The paths lead into the canonical rows, or to where `locate` says that such a path leads.
    """
    found: list[tuple[int, int, Finding, Rule]] = []
    for number, rule in enumerate(rules):
        if rule.scope == "row" and rule.covers(view.task):
            found += [(finding.row, number, finding, rule) for finding in rule.check(view, rule.thresholds)]
    found.sort(key=lambda each: each[:2])
    return [(row, _row_diagnostic(view, finding, rule, locate)) for row, _, finding, rule in found]


def inner_marks(view: View, locate: Locate | None = None) -> Iterator[Diagnostic]:
    """Yield SFT007 as a warning for each text that holds U+FEFF, whatever its file format and however it was written.

    The readers of lines report the mark too, as bytes of a line, in a text or not. The paths are as in `check_rows`.
    """
    for text in view.texts:
        for index in text.signs.owners(text.signs.at(FORMAT)[text.signs.codes(FORMAT) == _MARK]).tolist():
            row, path = text.place(index)
            yield diagnostic(
                "SFT007",
                "a byte order mark (U+FEFF) inside a text",
                severity=Severity.WARNING,
                path=path if locate is None else locate(path, partial(_row, view, row)),
                **_place(view, row),
            )


def check_set(
    summaries: Sequence[Summary],
    folder: Path,
    task: str,
    settings: Settings,
    rules: Iterable[Rule] | None = None,
    workers: int = 1,
) -> Iterator[Diagnostic]:
    """Run the set rules on the tallies of all units: by code, then in the order of the data.

    `folder` is the tallies' folder; more files are written into it. Memory holds a few partitions of keys at a time,
    and so does each of several `workers`, which look for keys that stand more than once.
    """
    census = Census(summaries, folder, task, settings.labels, partial(run, workers=workers))
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


def _row_diagnostic(view: View, finding: Finding, rule: Rule, locate: Locate | None) -> Diagnostic:
    return Diagnostic(
        code=rule.code,
        name=rule.name,
        severity=rule.severity,
        message=finding.message,
        path=finding.path if locate is None else locate(finding.path, partial(_row, view, finding.row)),
        expected=finding.expected,
        got=finding.got,
        hint=rule.fix,
        **_place(view, finding.row),
    )


def _row(view: View, row: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = view.rows.slice(row, 1).to_pylist()[0]
    return found


def _place(view: View, row: int) -> dict[str, Any]:
    source: Mapping[str, Any] = column(view.rows, "source")[row].as_py() or {}
    return {
        "file": source.get("file") or "",
        "line": source.get("line"),
        "byte": source.get("byte"),
        "split": str(view.splits[row]),
    }


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
