"""The table of rules against the folder, the documentation and the docstrings' own examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sftformat.rules
from sftformat.diagnostics import CODES, Severity
from sftformat.rules import MECHANISM, RULES, documentation
from sftformat.rules.rule import TASKS, Documentation, Rule, parse

FOLDER = Path(sftformat.rules.__file__).parent
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def test_every_file_is_in_the_table_and_every_row_has_a_file():
    files = {path.stem for path in FOLDER.glob("*.py")} - MECHANISM - {"__init__"}
    assert files == {rule.name.replace("-", "_") for rule in RULES}


def test_every_rule_has_a_test_file():
    here = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert {rule.name.replace("-", "_") for rule in RULES} <= here


def test_codes_are_in_order_and_used_once():
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert not set(codes) & set(CODES)
    names = [rule.name for rule in RULES] + [code.name for code in CODES.values()]
    assert len(names) == len(set(names))


@each_rule
def test_row_fits_its_module(rule: Rule):
    assert rule.check.__module__ == f"sftformat.rules.{rule.name.replace('-', '_')}"
    assert re.fullmatch(r"SFT[234]\d\d", rule.code)
    assert rule.severity in set(Severity)
    assert rule.scope in {"row", "set"}
    assert rule.tasks is None or rule.tasks <= set(TASKS)


@each_rule
def test_documentation_is_whole(rule: Rule):
    written = documentation(rule)
    assert written.summary.startswith("Flag ")
    assert written.summary.endswith(".")
    assert written.why
    assert written.fix
    assert (rule.summary, rule.fix) == (written.summary, written.fix)
    assert written.breaks
    assert written.keeps


EXAMPLES = [
    pytest.param(rule, example, breaks, id=f"{rule.code}-{'breaks' if breaks else 'keeps'}-{number}")
    for rule in RULES
    for breaks, examples in ((True, documentation(rule).breaks), (False, documentation(rule).keeps))
    for number, example in enumerate(examples)
]


@pytest.mark.parametrize(("rule", "example", "breaks"), EXAMPLES)
def test_examples_do_what_they_say(found, rule, example, breaks):
    findings = found(rule.code, example.records, example.task, example.labels, example.splits, **example.thresholds)
    assert bool(findings) == breaks, findings
    for finding in findings:
        severity = Severity.WARNING if rule.severity is Severity.OFF else rule.severity
        assert (finding.code, finding.name, finding.severity) == (rule.code, rule.name, severity)
        assert finding.message
        assert finding.hint


def test_parse_tolerates_no_docstring():
    assert parse("") == Documentation("", "", "", (), ())
