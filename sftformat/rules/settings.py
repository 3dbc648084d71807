"""Which rules run and how: selectors, severities and thresholds that the user gave, checked against the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.util import find_spec

from sftformat.diagnostics import CODES, Diagnostic, Severity
from sftformat.errors import UsageError
from sftformat.rules import RULES
from sftformat.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Settings:
    """Which rules run and how.

    `select` and `ignore` hold codes, beginnings of codes (`SFT3`), names, ALL, or DEFAULT (what is not off by default);
    an empty `select` means DEFAULT. `thresholds` are by code or name: the numbers of the rule itself and, for every
    code, `severity` ("error", "warning" or "off") and `max_fraction`, the share of rows up to which its findings are
    no reason to fail. `labels` is the label map the user gave.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    thresholds: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None


def active(settings: Settings, task: str) -> tuple[Rule, ...]:
    """Return the rules that run, in the order of their codes, with the severities and thresholds of the settings.

    A rule that is off by default runs as a warning when it is selected.

    Raises:
        UsageError: a selector, rule, severity or threshold that does not exist (names the nearest), or a rule that
            needs a package which is not installed.
    """
    for selector in (*settings.select, *settings.ignore):
        _matches(selector)
    given, (own, _) = severities(settings), _thresholds(settings)
    rules = [rule for rule in RULES if rule.covers(task) and chosen(rule.code, settings, rule.severity)]
    for rule in rules:
        _require(rule)
    return tuple(
        replace(
            rule,
            severity=_severity(rule.severity, given.get(rule.code)),
            given=own.get(rule.code, {}),
        )
        for rule in rules
    )


def _severity(default: Severity, given: Severity | None) -> Severity:
    """The severity of a rule that runs: it was selected, so "off" is not meant."""
    return next((each for each in (given, default) if each not in (None, Severity.OFF)), Severity.WARNING)


def _require(rule: Rule) -> None:
    if rule.needs and find_spec(rule.needs) is None:
        raise UsageError(
            f"{rule.code} {rule.name} needs the package {rule.needs}: pip install 'sftformat[near]', "
            f"or leave it out with --ignore {rule.name}"
        )


def near_similarity(rules: Iterable[Rule]) -> float | None:
    """Return the least similarity of near texts that any of the rules asks for, which a Tally must know; else None."""
    return min(
        (rule.thresholds["min_similarity"] for rule in rules if "min_similarity" in rule.thresholds), default=None
    )


def chosen(code: str, settings: Settings, severity: Severity = Severity.WARNING) -> bool:
    """Tell whether the settings let a code through; of two selectors that cover it the longer decides, then `ignore`.

    A severity in the settings is the default severity of the code: "off" leaves it out, unless it is selected.

    Raises:
        UsageError: a selector that does not exist; names the nearest.
    """
    severity = severities(settings).get(code, severity)
    selected = max((_length(selector, code, severity) for selector in settings.select), default=0)
    ignored = max((_length(selector, code, severity) for selector in settings.ignore), default=0)
    by_default = not settings.select and severity is not Severity.OFF
    return ignored == 0 if by_default else selected > ignored


def severities(settings: Settings) -> dict[str, Severity]:
    """Return the severities that the settings give, by code.

    Raises:
        UsageError: one that does not exist, or "off" for a code that costs rows: nothing is lost silently.
    """
    found = {}
    for name, values in settings.thresholds.items():
        if not isinstance(values, Mapping):
            raise UsageError(
                f"{_code(name)}: thresholds are given by name, as in {{'max_fraction': 0.1}}; got {values!r}"
            )
        if "severity" not in values:
            continue
        code, said = _code(name), str(values["severity"])
        if said not in (Severity.ERROR, Severity.WARNING, Severity.OFF):
            raise UsageError(f"{code} severity: expected error, warning or off, got {said!r}")
        if said == Severity.OFF and code in COSTLY:
            raise UsageError(f"{code} costs rows and cannot be off: nothing is lost silently; say warning")
        found[code] = Severity(said)
    return found


def tolerances(settings: Settings) -> dict[str, float]:
    """Return the share of rows up to which the findings of a code are no reason to fail, for codes that have one.

    Raises:
        UsageError: a rule or threshold that does not exist; names the nearest.
    """
    return _thresholds(settings)[1]


def told(found: Diagnostic, settings: Settings, costs_row: bool = False) -> Diagnostic | None:
    """Return a finding as the settings want it, with the severity they give its code; None when they leave it out.

    A finding that costs a row is never left out.
    """
    if not costs_row and not chosen(found.code, settings, found.severity):
        return None
    severity = _severity(found.severity, severities(settings).get(found.code))
    return found if severity is found.severity else replace(found, severity=severity)


#: The repairs by name, with the code of the rule that finds what each mends: they are chosen as rules are.
REPAIRED = {
    "padded-key": "SFT102",
    "html-entities": "SFT209",
    "mojibake": "SFT207",
    "invisible-characters": "SFT208",
    "label-blanks": "SFT301",
    "label-form": "SFT301",
}
_NAMES = REPAIRED | {row.name: row.code for row in CODES.values()} | {row.name: row.code for row in RULES}
#: Codes of records that cannot be read or do not fit: whatever is selected, the record is not written.
COSTLY = frozenset(row.code for row in CODES.values() if row.code[3] in "01" and row.severity is Severity.ERROR) - {
    "SFT105"
}
ALL, DEFAULT = "ALL", "DEFAULT"
#: What every code may have in a config file besides its own thresholds.
SHARED = ("severity", "max_fraction")


def _matches(selector: str) -> str:
    """Return the beginning of codes that a selector means; ALL and DEFAULT as they are."""
    start = _NAMES.get(selector, selector.upper())
    if start in (ALL, DEFAULT) or (start.startswith("SFT") and any(code.startswith(start) for code in _NAMES.values())):
        return start
    raise UsageError(f"no rule {selector!r}{_nearest(selector, [*_NAMES, *_NAMES.values(), ALL, DEFAULT])}")


def _length(selector: str, code: str, severity: Severity) -> int:
    start = _matches(selector)
    if start in (ALL, DEFAULT):
        return int(start == ALL or severity is not Severity.OFF)
    return len(start) if code.startswith(start) else 0


def _nearest(name: str, names: Iterable[str]) -> str:
    known = list(names)
    near = get_close_matches(name, known, 1, cutoff=0.5) or get_close_matches(name.upper(), known, 1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _code(name: str) -> str:
    code = _NAMES.get(name, name.upper())
    if code not in _NAMES.values():
        raise UsageError(f"no rule {name!r} with thresholds{_nearest(name, [*_NAMES.values(), *_NAMES])}")
    return code


def _thresholds(settings: Settings) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """The thresholds of the settings by code, checked against the table: those of rules, and `max_fraction` of all."""
    rules = {rule.code: rule for rule in RULES}
    names: dict[str, str] = {}
    for name in settings.thresholds:
        if names.setdefault(_code(name), name) != name:
            raise UsageError(f"{_code(name)} is set twice, as {names[_code(name)]!r} and as {name!r}: say it once")
    own: dict[str, dict[str, float]] = {}
    shared: dict[str, float] = {}
    for name, values in settings.thresholds.items():
        code = _code(name)
        known = rules[code].thresholds if code in rules else {}
        for key, value in values.items():
            if key == "severity":
                continue
            if key not in known and key not in SHARED:
                raise UsageError(f"{code} has no threshold {key!r}{_nearest(key, [*known, *SHARED])}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UsageError(f"{code} {key}: expected a number, got {value!r}")
            if key == "max_fraction" and not 0 <= value <= 1:
                raise UsageError(f"{code} max_fraction: a share of the rows is between 0 and 1, got {value!r}")
            if key in known:
                own.setdefault(code, {})[key] = value
            else:
                shared[code] = value
    return own, shared
