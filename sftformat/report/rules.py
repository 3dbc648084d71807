"""The rules for a person: their table, and the documentation of each, from the source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from inspect import cleandoc

from rich.text import Text

from sftformat.diagnostics import CODES, Code
from sftformat.documented import Page
from sftformat.errors import UsageError
from sftformat.report.screen import STYLES, Screen, add, table
from sftformat.rules import RULES, documentation
from sftformat.rules.rule import Rule

_RULES = {rule.code: rule for rule in RULES}


@cache
def pages() -> dict[str, Page]:
    """Return by code its page, for the codes that are emitted where the thing happens."""
    from sftformat.folder.codes import PAGES as FOLDER
    from sftformat.formats.codes import PAGES as FORMATS
    from sftformat.schema.codes import PAGES as SCHEMA
    from sftformat.tokenize.codes import PAGES as TOKENS

    return {page.code: page for found in (FORMATS, SCHEMA, TOKENS, FOLDER) for page in found}


def all_codes() -> list[Code]:
    """Return every code in order, those of rules with what their docstrings say."""
    rules = [Code(rule.code, rule.name, rule.severity, _finds(rule), rule.fix) for rule in RULES]
    return sorted([*CODES.values(), *rules], key=lambda each: each.code)


def _finds(rule: Rule) -> str:
    """Return what a rule finds, from the first sentence of its docstring: "Flag a text that …."."""
    return documentation(rule).summary.removeprefix("Flag ").rstrip(".")


def show_rules(where: Screen, codes: Sequence[Code]) -> None:
    """Print one line a code."""
    made = table("code", "name", "severity", "finds")
    for each in codes:
        add(made, each.code, each.name, Text(each.severity.value, STYLES[each.severity]), each.finds)
    where.show(made)


def show_rule(where: Screen, wanted: str) -> None:
    """Print what the code or name means, or the table of those that begin so.

    Raises:
        UsageError: there is none; names the nearest.
    """
    codes = all_codes()
    known = {each.code: each for each in codes} | {each.name: each for each in codes}
    found = known.get(wanted) or known.get(wanted.upper())
    begun = [each for each in codes if each.code.startswith(wanted.upper()) or each.name.startswith(wanted)]
    if found is None and len(begun) > 1:
        show_rules(where, begun)
        return
    found = found or next(iter(begun), None)
    if found is None:
        near = get_close_matches(wanted, known, 1, 0.4)
        raise UsageError(f"no rule {wanted!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    where.say(f"{found.code} {found.name} ({found.severity.value})", "bold")
    where.say()
    where.say(text(found.code))
    rule = _RULES.get(found.code)
    where.say()
    where.say(_thresholds(found, rule))


def _thresholds(found: Code, rule: Rule | None) -> str:
    own = dict(rule.thresholds) if rule else {}
    keys = [*(f"{key} = {value:g}" for key, value in own.items()), f'severity = "{found.severity.value}"']
    if "max_fraction" not in own:
        keys.append("max_fraction = 0")
    return f"In the config file, under [rules.{found.code}]: {', '.join(keys)}"


def text(code: str) -> str:
    """Return the documentation of a code as plain text: that of the rule, else that of the table it stands in."""
    rule = _RULES.get(code)
    return cleandoc(rule.docstring) if rule else "\n\n".join(_parts(code))


def markdown(code: str) -> str:
    """Return the documentation of a code as Markdown: its examples are indented, which makes them blocks of code."""
    return re.sub(r"^((?:Breaks|Keeps) it.*:)$", r"\n\1\n", text(code), flags=re.M)


def _parts(code: str) -> Iterator[str]:
    said, page = CODES[code], pages().get(code)
    yield f"Finds {said.finds}."
    if page:
        yield f"Why it matters: {page.why}"
    yield f"What to do: {said.fix}."
    for title, samples in (("Breaks it:", page.breaks), ("Keeps it:", page.keeps)) if page else ():
        for sample in samples:
            yield "\n".join([title, *(f"    {line}" for line in sample.lines())])
