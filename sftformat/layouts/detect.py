"""Which layout records have: every layout is scored on a sample, and a choice that is not clear is an error.

A layout is a candidate when its required fields are there, its target is there, and its schema fits some of the
sample. The score is the share of the columns it explains, lowered by the share of records that do not fit; columns that
every layout understands (`id`, `split`, `weight`, `group`) do not count. Candidates whose canonical rows would be equal
are one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UndecidedError, UsageError
from sftformat.layouts import LAYOUTS, refused
from sftformat.layouts.bind import bound_schema, placed, with_schema
from sftformat.layouts.cells import read_cells
from sftformat.layouts.layout import MISSING, Binding, Fault, Layout, get, layout
from sftformat.layouts.near import first_misfit, why_none
from sftformat.layouts.reader import reader_of
from sftformat.layouts.suits import target_factor
from sftformat.record import Record
from sftformat.schema.decide import plain

#: Two candidates whose scores differ by less than this share of the better one are a tie.
MARGIN = 0.05
#: A column that is not explained weighs this much of one that is, when it is told how sure a choice is.
LEFT_OVER = 0.25
#: A best candidate that is less sure than this is no answer.
WEAK = 0.2
_SHARED = frozenset({"id", "split", "weight", "group"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A layout that could be meant: its binding, its score from 0 to 1, the share of the sample that fits, and why.

    `coverage` tells how much of the columns it explains, from 0 to 1. `reasons` speak for it; what speaks `against` it
    has lowered the score.
    """

    binding: Binding
    score: float
    fit: float
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()
    coverage: float = 1.0

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

    Raises:
        UndecidedError: the records have the marks of a layout, and which of their columns is meant they do not say.
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


def confidence(found: Sequence[Candidate], index: int = 0) -> float:
    """Return how sure the choice of a candidate is, from 0 to 1: its fit, what it explains, and its lead."""
    weights = [each.score**4 for each in found]
    return found[index].fit * found[index].coverage * weights[index] / sum(weights)


def choose(
    found: Sequence[Candidate],
    records: Sequence[Record],
    name: str,
    preference: str | None = None,
    *,
    textual: bool = False,
) -> Candidate:
    """Return the one layout that is meant; `preference` says that the answers of preferences are wanted.

    Raises:
        UsageError: none fits (the columns there are are named, and what is missing), two fit equally well (both are
            named, and the options that choose), the best explains next to nothing or fits next to none (the first
            that does not is shown), the records are preferences and these were not asked for, or each is but a turn of
            a conversation.
    """
    columns = refused.preference(records)
    if columns and preference is None:
        raise UsageError(
            f"{name}: preference data ({columns}), which is no input with a target; --preference chosen takes what was "
            "preferred for the answer and keeps the rest in meta"
        )
    found = [each for each in found if (each.name in refused.PREFERENCES) == bool(columns)]
    if not found:
        raise UsageError(f"{name}: {why_none(records, textual)}")
    best = found[0]
    rivals = [
        each
        for each in found[1:]
        if best.score - each.score < MARGIN * best.score and not _equal(best, each) and not _within(each, best)
    ]
    if rivals:
        options = " or ".join(f"--layout {each.name} ({each.binding.layout.task})" for each in (best, *rivals))
        raise UsageError(f"{name}: {best.name} and {rivals[0].name} fit equally well: choose {options}")
    if best.binding.layout.task == "text-to-text" and refused.linked(records):
        raise UsageError(
            f"{name}: rows linked by 'parent_id' (h2o-llmstudio), each a turn of a conversation: put them together "
            f"with --layout linked, or take every row by itself with --layout {best.name}"
        )
    if best.name == "openai-chat" and (said := refused.judged(records)):
        raise UsageError(f"{name}: {said}")
    if best.fit * best.coverage < WEAK:
        misfit = first_misfit(best.binding, records, textual)[1]
        why = "; ".join((*best.reasons, *best.against)[:2]) + (f" (one that does not: {misfit})" if misfit else "")
        task = best.binding.layout.task
        raise UsageError(
            f"{name}: {best.name} is the nearest layout, but it {why}: if it is meant say --layout {best.name}, "
            f"else name the fields, as in --task {task} --map input=TEXT --map target=LABEL"
        )
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
        found = placed(known, records, mapping)
    except UndecidedError:
        raise
    except UsageError:
        return None
    if not _complete(found, records, need_target):
        return None
    binding = with_schema(found)
    reasons: list[str] = []
    against: list[str] = []
    fit = _fit_share(binding, shown, textual)
    if not fit:
        return None
    columns = dict.fromkeys(key for record in records for key in record)
    used = _used(binding)
    ignored = {pointer[0] for key, pointer in binding.at.items() if key in _SHARED}
    counted = [key for key in columns if key not in ignored] or list(columns)
    explained = sum(key in used for key in counted)
    share = explained / len(counted)
    coverage = explained / (explained + LEFT_OVER * (len(counted) - explained))
    reasons.append(f"explains {explained} of {len(counted)} columns")
    if fit < 1:
        reasons.append(f"{fit:.0%} of the sample fits")
    against += [f"leaves {_named(counted, used)} unexplained"] if share < 1 else []
    against += [f"{1 - fit:.0%} of the sample does not fit"] if fit < 1 else []
    factor = target_factor(binding, records, textual, bool(mapping), reasons, against) if need_target else 1.0
    if not factor:
        return None
    return Candidate(binding, share * fit * factor, fit, tuple(reasons), tuple(against), coverage)


def _named(columns: Sequence[str], used: set[str]) -> str:
    """Return the columns that are not used, the first few by name."""
    left = [clip(name, 40) for name in columns if name not in used]
    return ", ".join(left[:4]) + (f" and {len(left) - 4} more columns" if len(left) > 4 else "")


def _complete(binding: Binding, records: Sequence[Record], need_target: bool) -> bool:
    """Whether the fields a layout cannot do without are there: what it requires, and its target."""
    known = binding.layout
    if known.module:
        required = bound_schema(known, binding.at)["required"]
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
    faults = reader_of(binding).faults if binding.layout.module else None
    if faults is None and binding.compiled.all_fit(shown):
        return 1.0
    fitting = [record for record in shown if binding.compiled.fits(record)]
    return sum(faults is None or not any(map(_costs_row, faults(record))) for record in fitting) / len(shown)


def _costs_row(fault: Fault) -> bool:
    """Whether a record with this fault is none of the layout; spans that are wrong say nothing against it."""
    return fault.code in ("SFT101", "SFT104")


def _used(binding: Binding) -> set[str]:
    used = {pointer[0] for pointer in binding.at.values()}
    if binding.layout.module:
        reader = reader_of(binding)
        used |= {*reader.keys, *reader.beside}
    return used


def _within(one: Candidate, other: Candidate) -> bool:
    """Whether a candidate explains less than another: fewer columns, or fewer records by the same way of reading."""
    known, best = one.binding.layout, other.binding.layout
    fewer = known.module == best.module is not None and one.fit < other.fit
    return fewer or _used(one.binding) < _used(other.binding)


def _equal(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates give the same canonical rows."""
    return one.binding.layout.task == other.binding.layout.task and one.binding.at == other.binding.at
