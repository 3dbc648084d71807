"""The rules for a person: their table, and the documentation of each, from the source."""

from __future__ import annotations

import json
from difflib import get_close_matches
from inspect import cleandoc

from rich.text import Text

from sftformat.diagnostics import CODES, Code
from sftformat.errors import UsageError
from sftformat.report.findings import STYLES
from sftformat.report.screen import Screen, add, table
from sftformat.rules import RULES, documentation
from sftformat.rules.rule import Rule


def all_codes() -> list[Code]:
    """Return every code in order, those of rules with what their docstrings say."""
    rules = [Code(rule.code, rule.name, rule.severity, _finds(rule), rule.fix) for rule in RULES]
    return sorted([*CODES.values(), *rules], key=lambda each: each.code)


def _finds(rule: Rule) -> str:
    """Return what a rule finds, from the first sentence of its docstring: "Flag a text that …."."""
    return documentation(rule).summary.removeprefix("Flag ").rstrip(".")


def show_rules(where: Screen) -> None:
    """Print one line a code."""
    made = table("code", "name", "severity", "finds")
    for each in all_codes():
        add(made, each.code, each.name, Text(each.severity.value, STYLES[each.severity]), each.finds)
    where.show(made)


def show_rule(where: Screen, wanted: str) -> None:
    """Print what one code means.

    Raises:
        UsageError: there is none; names the nearest.
    """
    known = {each.code: each for each in all_codes()} | {each.name: each for each in all_codes()}
    found = known.get(wanted) or known.get(wanted.upper())
    if found is None:
        near = get_close_matches(wanted, known, 1, 0.4)
        raise UsageError(f"no rule {wanted!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    where.say(f"{found.code} {found.name} ({found.severity.value})", "bold")
    where.say()
    rule = next((rule for rule in RULES if rule.code == found.code), None)
    where.say(_text(rule) if rule else f"Finds {found.finds}.\n\nWhat to do: {found.fix}.")
    if rule and rule.thresholds:
        where.say()
        where.say(f"Thresholds: {json.dumps(dict(rule.thresholds))}  (in the config file under [rules.{rule.code}])")


def _text(rule: Rule) -> str:
    import sys

    return cleandoc(sys.modules[rule.check.__module__].__doc__ or "")
