"""Findings as SARIF 2.1.0, the form that code scanning and editors read: the parts of one run, ready for JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from sftformat import __version__
from sftformat.diagnostics import Diagnostic, Severity, clip, visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note", Severity.OFF: "none"}
#: GitHub takes no file with more results.
RESULTS = 25_000


@cache
def driver() -> dict[str, Any]:
    """Return the tool with all its rules, each with its documentation."""
    from sftformat.report.rules import all_codes, markdown, text

    rules = []
    for code in all_codes():
        off = code.severity is Severity.OFF
        configuration: dict[str, Any] = {"level": "warning" if off else LEVELS[code.severity]}
        rules.append(
            {
                "id": code.code,
                "name": code.name,
                "shortDescription": {"text": f"{code.name}: {code.finds}"},
                "fullDescription": {"text": f"Finds {code.finds}."},
                "help": {"text": text(code.code), "markdown": markdown(code.code)},
                "defaultConfiguration": {**configuration, **({"enabled": False} if off else {})},
            }
        )
    return {"name": "sftformat", "version": __version__, "rules": rules}


@cache
def _index() -> Mapping[str, int]:
    return {rule["id"]: number for number, rule in enumerate(driver()["rules"])}


def result(found: Diagnostic, file: str, has_lines: bool) -> dict[str, Any]:
    """Return one result; `file` is the path to show, `has_lines` False says that its lines are rows of a table."""
    made: dict[str, Any] = {"ruleId": found.code}
    if found.code in _index():
        made["ruleIndex"] = _index()[found.code]
    made["level"] = LEVELS[found.severity]
    made["message"] = {"text": visible(clip(found.message, 300))}
    if file:
        place: dict[str, Any] = {"artifactLocation": artifact(file)}
        region = {"startLine": found.line, "byteOffset": found.byte}
        shown = {key: value for key, value in region.items() if value is not None}
        if shown and has_lines:
            place["region"] = shown
        made["locations"] = [{"physicalLocation": place}]
    row = {} if has_lines or found.line is None else {"row": found.line}
    more = {key: getattr(found, key) for key in ("path", "keyword", "expected", "got", "hint", "split")}
    said = {**{key: visible(value) for key, value in more.items() if value}, **row}
    return {**made, **({"properties": said} if said else {})}


def artifact(file: str) -> dict[str, str]:
    """Return an artifactLocation: relative to the root of the sources, or a file URI."""
    try:
        uri = quote(os.fsencode(file))
    except UnicodeEncodeError:  # half of a UTF-16 pair, which no file of this system is named by
        uri = quote(file.encode("utf-8", "surrogatepass"))
    return {"uri": f"file://{uri}"} if file.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def invocation(status: int, error: str | None) -> dict[str, Any]:
    """Return how the run ended; an error that ended it is a notification."""
    made: dict[str, Any] = {"executionSuccessful": error is None, "exitCode": status}
    if error is not None:
        made["toolExecutionNotifications"] = [{"level": "error", "message": {"text": visible(error)}}]
    return made
