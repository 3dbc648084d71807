"""What a rule is: its row in the table, what it finds, and the documentation in its docstring."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Literal

from sftformat.diagnostics import Severity, clip
from sftformat.record import Place, Record, decode_json

TASKS = ("classification", "multilabel", "regression", "token-classification", "text-to-text", "chat")

#: Tasks whose targets are names of classes.
LABEL_TASKS = frozenset({"classification", "multilabel", "token-classification"})

Thresholds = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a row rule found: `row` is the 0-based index in the batch, `path` a JSON Pointer into the record."""

    row: int
    message: str
    path: str = "/input"
    expected: str = ""
    got: str = ""


@dataclass(frozen=True, slots=True)
class SetFinding:
    """What a set rule found, with the place of the first row concerned; None when it concerns no row."""

    message: str
    place: Place | None = None
    split: str = ""
    path: str = ""
    expected: str = ""
    got: str = ""
    hint: str = ""


def where(place: Place) -> str:
    """Return a place as FILE:LINE."""
    return f"{place.file}:{place.line}" if place.line >= 0 else place.file or "an earlier row"


def quoted(label: str) -> str:
    """Return a label in quotes, so that its blanks are seen; at most 80 characters of it."""
    return f'"{clip(label)}"'


#: A nearest name is looked for only for so many labels and among so many names: it takes time.
NEAREST_FOR, NEAREST_AMONG = 100, 1000


def did_you_mean(label: str, names: Collection[str], number: int) -> str:
    """Return a hint with the name nearest to a label, for the `number`th label (0-based) that asks; or ""."""
    near = get_close_matches(label, names, 1) if number < NEAREST_FOR and len(names) <= NEAREST_AMONG else []
    return f"did you mean {quoted(near[0])}?" if near else ""


@dataclass(frozen=True, slots=True)
class Example:
    """Records of one task from a docstring (a set rule takes them as one data set), with the settings they need.

    `labels` is the locked label map, `splits` are the splits that the user named.
    """

    records: tuple[Record, ...]
    task: str = "classification"
    thresholds: Thresholds = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    splits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Documentation:
    """A rule's docstring, taken apart."""

    summary: str
    why: str
    fix: str
    breaks: tuple[Example, ...]
    keeps: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table of rules; its module here has its name. `tasks` None means every task.

    A rule whose severity is OFF runs only when selected. `given` are thresholds of the user. The docstring is read from
    the source; all else that the module says imports it.
    """

    code: str
    name: str
    severity: Severity
    scope: Literal["row", "set"]
    tasks: frozenset[str] | None = None
    given: Thresholds = field(default_factory=dict)

    def covers(self, task: str) -> bool:
        """Tell whether the rule speaks about this task."""
        return self.tasks is None or task in self.tasks

    @property
    def check(self) -> Callable[[Any, Thresholds], Iterable[Any]]:
        """Return what finds.

        That of a row rule takes (`view.View` of a batch, thresholds) and gives `Finding`s; that of a set rule takes
        (`census.Census`, thresholds) and gives `SetFinding`s.
        """
        found: Callable[[Any, Thresholds], Iterable[Any]] = self._module.check
        return found

    @property
    def thresholds(self) -> Thresholds:
        """Return the numbers that users may set, as they are here."""
        return {**getattr(self._module, "THRESHOLDS", {}), **self.given}

    @property
    def needs(self) -> str:
        """Return the package that the rule cannot do without and that is installed by an extra, or ""."""
        found: str = getattr(self._module, "NEEDS", "")
        return found

    @property
    def docstring(self) -> str:
        return docstring(self._path)

    @property
    def documentation(self) -> Documentation:
        return parse(self.docstring)

    @property
    def summary(self) -> str:
        return self.documentation.summary

    @property
    def fix(self) -> str:
        return self.documentation.fix

    @property
    def _module(self) -> ModuleType:
        return _imported(self._path)

    @property
    def _path(self) -> str:
        return f"sftformat.rules.{self.name.replace('-', '_')}"


#: A module for each batch and rule: to find it imported already still takes a while.
_imported = cache(import_module)


@cache
def docstring(module: str) -> str:
    """Return the docstring of a module without importing it: from its source, where it stands first, in three quotes.

    So it is there under `python -OO` too.
    """
    loader: Any = getattr(find_spec(module), "loader", None)
    before, quotes, after = loader.get_source(module).partition('"""')
    found: str = literal_eval(before + quotes + after.partition('"""')[0] + quotes)
    return found


_SECTION = re.compile(r"^(Why it matters|What to do|Breaks it|Keeps it)(?: \((.+?)\))?:", re.MULTILINE)


@cache
def parse(docstring: str) -> Documentation:
    """Take a rule's docstring apart.

    The sections are `Why it matters:` and `What to do:` (text), and `Breaks it:` and `Keeps it:`, each as often as
    needed, with indented records, a JSON object a line; lines that are none are words for the reader. What the records
    need stands in brackets, as in `Breaks it (multilabel, min_rows=4, labels=a|b, splits=train|test):` - the task when
    it is not classification, thresholds, a locked label map, the splits that were named.
    """
    head, *sections = _sections(docstring)
    texts = {name: " ".join(body.split()) for name, _, body in sections}
    examples = {
        name: tuple(_example(words, body) for title, words, body in sections if title == name)
        for name in ("Breaks it", "Keeps it")
    }
    summary = " ".join(head[2].split("\n\n")[0].split())
    why, fix = texts.get("Why it matters", ""), texts.get("What to do", "")
    return Documentation(summary, why, fix, examples["Breaks it"], examples["Keeps it"])


def _sections(docstring: str) -> list[tuple[str, str, str]]:
    matches = list(_SECTION.finditer(docstring))
    ends = [match.start() for match in matches[1:]] + [len(docstring)]
    head = docstring[: matches[0].start()] if matches else docstring
    found = [(m.group(1), m.group(2) or "", docstring[m.end() : end]) for m, end in zip(matches, ends, strict=False)]
    return [("", "", head), *found]


def _example(words: str, body: str) -> Example:
    parts = [part.strip().partition("=") for part in words.split(",") if part.strip()]
    task = next((name for name, equals, _ in parts if not equals), "classification")
    given = {name: value for name, equals, value in parts if equals}
    labels, splits = given.pop("labels", None), given.pop("splits", None)
    return Example(
        records=tuple(decode_json(line) for line in body.splitlines() if line.lstrip().startswith("{")),
        task=task,
        thresholds={name: float(value) for name, value in given.items()},
        labels=None if labels is None else tuple(labels.split("|")),
        splits=() if splits is None else tuple(splits.split("|")),
    )
