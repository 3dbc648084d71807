"""Which layout records have: every layout is scored on a sample, and a choice that is not clear is an error.

A layout is a candidate when its required fields are there, its target is there, and its schema fits some of the
sample. The score is the share of the columns it explains, lowered by the share of records that do not fit; columns that
every layout understands (`id`, `split`, `weight`, `group`) do not count. Candidates whose canonical rows would be equal
are one.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts import LAYOUTS, refused
from sftformat.layouts.bind import bind
from sftformat.layouts.cells import read_cells
from sftformat.layouts.layout import MISSING, Binding, Layout, get, layout, module_of
from sftformat.record import Number, Record, decode_json
from sftformat.schema.decide import plain

#: Two candidates whose scores differ by less than this are a tie.
MARGIN = 0.05
#: A column of texts has few distinct values against its rows when it holds classes; answers are nearly all distinct.
CLASS_SHARE = 0.2
ANSWER_SHARE = 0.8
#: From this many rows on the two shares say something.
ENOUGH_ROWS = 20
_SHARED = frozenset({"id", "split", "weight", "group"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A layout that could be meant: its binding, its score from 0 to 1, the share of the sample that fits, and why.

    `reasons` speak for it; what speaks `against` it has lowered the score.
    """

    binding: Binding
    score: float
    fit: float
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.binding.layout.name


def candidates(
    records: Sequence[Record],
    textual: bool,
    *,
    task: str | None = None,
    mapping: Mapping[str, str] | None = None,
    need_target: bool = True,
) -> list[Candidate]:
    """Return the built-in layouts that fit a sample of records, the best first.

    Without `need_target` the target may be missing from all of them: data that is only to be predicted.
    """
    found = []
    shown = records if textual else [plain(record) for record in records]
    for name in LAYOUTS if records else ():
        known = layout(name)
        if task is not None and known.task != task:
            continue
        candidate = _candidate(known, records, shown, textual, mapping, need_target)
        if candidate is not None:
            found.append(candidate)
    return sorted(found, key=lambda each: (-each.score, LAYOUTS.index(each.name)))


def confidence(found: Sequence[Candidate]) -> float:
    """Return how sure the choice of the first candidate is, from 0 to 1: its fit, and its lead over the others."""
    weights = [each.score**4 for each in found]
    return found[0].fit * weights[0] / sum(weights)


def choose(
    found: Sequence[Candidate], records: Sequence[Record], name: str, preference: str | None = None
) -> Candidate:
    """Return the one layout that is meant; `preference` says that the answers of preferences are wanted.

    Raises:
        UsageError: none fits (the columns there are are named, and what is missing), two fit equally well (both are
            named, and the options that choose), or the records are preferences and these were not asked for.
    """
    columns = refused.preference(records)
    if columns and preference is None:
        raise UsageError(
            f"{name}: preference data ({columns}), which is no input with a target; --preference chosen takes what was "
            "preferred for the answer and keeps the rest in meta"
        )
    found = [each for each in found if (each.name in refused.PREFERENCES) == bool(columns)]
    if not found:
        raise UsageError(f"{name}: {_why_none(records)}")
    best = found[0]
    rivals = [each for each in found[1:] if best.score - each.score < MARGIN and not _equal(best, each)]
    if rivals:
        options = " or ".join(f"--layout {each.name} ({each.binding.layout.task})" for each in (best, *rivals))
        raise UsageError(f"{name}: {best.name} and {rivals[0].name} fit equally well: choose {options}")
    return best


def _candidate(
    known: Layout,
    records: Sequence[Record],
    shown: Sequence[Any],
    textual: bool,
    mapping: Mapping[str, str] | None,
    need_target: bool,
) -> Candidate | None:
    try:
        binding = bind(known, records, mapping)
    except UsageError:
        return None
    if not _complete(binding, records, need_target):
        return None
    reasons: list[str] = []
    against: list[str] = []
    fit = _fit_share(binding, shown, textual)
    if not fit:
        return None
    columns = dict.fromkeys(key for record in records for key in record)
    used = _used(binding)
    ignored = {pointer[0] for key, pointer in binding.at.items() if key in _SHARED}
    counted = [key for key in columns if key not in ignored] or list(columns)
    share = sum(key in used for key in counted) / len(counted)
    reasons.append(f"explains {sum(key in used for key in counted)} of {len(counted)} columns")
    if fit < 1:
        reasons.append(f"{fit:.0%} of the sample fits")
    against += [f"leaves {_named(counted, used)} unexplained"] if share < 1 else []
    against += [f"{1 - fit:.0%} of the sample does not fit"] if fit < 1 else []
    factor = _target_factor(binding, records, textual, bool(mapping), reasons, against)
    return Candidate(binding, share * fit * factor, fit, tuple(reasons), tuple(against)) if factor else None


def _named(columns: Sequence[str], used: set[str]) -> str:
    """Return the columns that are not used, the first few by name."""
    left = [clip(name, 40) for name in columns if name not in used]
    return ", ".join(left[:4]) + (f" and {len(left) - 4} more columns" if len(left) > 4 else "")


def _complete(binding: Binding, records: Sequence[Record], need_target: bool) -> bool:
    """Whether the fields a layout cannot do without are there: what it requires, and its target."""
    known = binding.layout
    if known.module:
        required = known.schema.get("required", ())
        return all(any(key in record for record in records) for key in required)
    required = set(known.schema.get("required", ()))
    needed = {key for key, rule in known.fields.items() if required & {pointer[0] for pointer in rule.at}} | {"target"}
    if not need_target:
        needed.discard("target")
    return all(
        key in binding.at and any(get(record, binding.at[key]) is not MISSING for record in records) for key in needed
    )


def _fit_share(binding: Binding, shown: Sequence[Any], textual: bool) -> float:
    assert binding.compiled is not None
    shown = list(read_cells(shown, binding) if textual else shown)
    return 1.0 if binding.compiled.all_fit(shown) else sum(map(binding.compiled.fits, shown)) / len(shown)


def _used(binding: Binding) -> set[str]:
    used = {pointer[0] for pointer in binding.at.values()}
    return used | set(module_of(binding.layout).KEYS) if binding.layout.module else used


def _target_factor(
    binding: Binding,
    records: Sequence[Record],
    textual: bool,
    mapped: bool,
    reasons: list[str],
    against: list[str],
) -> float:
    """Return how well the values of the target suit the task, from 0 (cannot be) to 1.

    The name of a target tells its task, unless it is called `target` or was `mapped` by the user: then the values do.
    """
    task = binding.layout.task
    pointer = binding.at.get("target")
    if pointer is None or binding.layout.module:
        return 1.0
    values = [value for record in records if (value := get(record, pointer)) not in (MISSING, None, "")]
    numbers = [number for value in values if (number := _number(value, textual)) is not None]
    fractions = [number for number in numbers if number != int(number)]
    all_numbers = len(numbers) == len(values) and bool(values)
    if task == "regression":
        named = pointer[-1] in ("score", "rating", "similarity_score")
        if not all_numbers or not (fractions or named):
            return 0.0
        reasons.append("the target holds fractions" if fractions else f"the target is called {pointer[-1]!r}")
        return 1.0
    if task == "classification":
        if textual and all(_is_list(value) for value in values):
            against.append("every target is a list" if values else "no record has a target")
            return 0.5
        unnamed = mapped or pointer == ("target",)
        return 0.0 if fractions and all_numbers else _class_factor(values, unnamed, reasons, against)
    if task == "text-to-text":
        if pointer == ("target",) and binding.at["input"] == ("text",):
            against.append("'text' and 'target' are usual names of a text and its class")
            return 0.9  # AutoTrain's names for a text and its class
        unnamed = mapped or (pointer == ("target",) and binding.layout.name == "prompt-completion")
        return _answer_factor(values, unnamed, reasons, against)
    return 1.0


def _class_factor(values: Sequence[Any], unnamed: bool, reasons: list[str], against: list[str]) -> float:
    distinct = len(set(map(str, values)))
    if unnamed and len(values) >= ENOUGH_ROWS:
        if distinct / len(values) > ANSWER_SHARE:
            against.append("nearly every target is another text")
            return 0.5
        if distinct / len(values) <= CLASS_SHARE:
            reasons.append(f"the target has only {distinct} distinct values in {len(values)} rows")
    return 1.0


def _answer_factor(values: Sequence[Any], unnamed: bool, reasons: list[str], against: list[str]) -> float:
    distinct = len(set(map(str, values)))
    if unnamed and len(values) >= ENOUGH_ROWS:
        if distinct / len(values) <= CLASS_SHARE:
            against.append(f"the target has only {distinct} distinct values in {len(values)} rows")
            return 0.5
        if distinct / len(values) > ANSWER_SHARE:
            reasons.append("nearly every target is another text")
    return 1.0


def _is_list(cell: Any) -> bool:
    try:
        return isinstance(cell, str) and cell.startswith("[") and type(decode_json(cell)) is list
    except (msgspec.DecodeError, RecursionError):
        return False


def _number(value: Any, textual: bool) -> float | None:
    if type(value) in (int, float, Number):
        return float(value)
    if textual and isinstance(value, str):
        try:
            read = decode_json(value)
        except (msgspec.DecodeError, RecursionError):
            return None
        return float(read) if type(read) in (int, Number) else None
    return None


def _equal(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates give the same canonical rows."""
    return one.binding.layout.task == other.binding.layout.task and one.binding.at == other.binding.at


def _why_none(records: Sequence[Record]) -> str:
    columns = list(dict.fromkeys(key for record in records for key in record))
    shown = ", ".join(columns[:12]) + ("…" if len(columns) > 12 else "")
    if not records:
        return "no record to tell the layout from; name it with --layout"
    if why := refused.reason(records):
        return why
    usual = _usual_names()
    hints = []
    for column in columns:
        close = difflib.get_close_matches(column.strip().lower(), usual, 1, 0.75)
        if close and column not in usual:
            hints.append(f"did you mean {close[0]!r} by {column!r}? ")
    if any(column.strip() in usual and column not in usual for column in columns):
        hints = ["--fix trims the blanks around keys (--diff shows it); or "]
    return (
        f"no known layout fits the columns {shown}: {''.join(hints[:2])}"
        "name the fields, as in --task classification --map input=TEXT --map target=LABEL"
    )


def _usual_names() -> list[str]:
    rules = [rule for name in LAYOUTS for key, rule in layout(name).fields.items() if key not in _SHARED]
    return sorted({pointer[0] for rule in rules for pointer in rule.at})
