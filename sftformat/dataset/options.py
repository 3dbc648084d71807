"""What the user may choose about a data set, and the events that its making yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

from sftformat.check import Settings
from sftformat.dataset.fixes import Fix
from sftformat.diagnostics import Diagnostic
from sftformat.errors import UsageError
from sftformat.formats.source import ReadOptions, Source
from sftformat.layouts.detect import Candidate
from sftformat.layouts.layout import Binding
from sftformat.plan import Progress
from sftformat.repair import Wanted, wanted
from sftformat.repairs.repair import Repaired
from sftformat.split import Fractions

#: The name under which a file of rejects can be asked for; the layout of its rows is told or detected as usual.
REJECTS = "rejects"
#: The layout of rows that are turns, and its other names.
LINKED = ("linked", "h2o", "h2o-llmstudio")


@dataclass(frozen=True, slots=True)
class DatasetOptions:
    """How raw inputs become canonical rows.

    layout, task, mapping  what is told about the shape of records; None and empty = detected
    preference             "chosen": of preferences what was preferred is the answer; None = they are refused
    schema                 a user's JSON Schema (checked), with its name for messages
    settings               the rules that run, their thresholds, and a locked label map
    label_names            names for ids: a target "0" becomes "neg"
    unlabelled             targets are not looked at: the data is only to be predicted
    fractions, stratify    how rows without a split get one; `resplit` = also those that have one
    fix, unsafe_fixes      repair what can be repaired, with `unsafe_fixes` also where that may change meaning
    fixes                  targets to change, each where it is still the one that the fix names
    max_rejects            "100" rows or "5%": past it nothing is committed; None = no limit
    limit                  stop reading after so many records
    workers                processes; never changes a byte of the output
    own                    the options of single inputs, by patterns of their paths
    """

    read: ReadOptions = field(default_factory=ReadOptions)
    layout: str | None = None
    task: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    preference: str | None = None
    schema: Mapping[str, Any] | None = None
    schema_name: str = ""
    settings: Settings = field(default_factory=Settings)
    label_names: Mapping[str, str] = field(default_factory=dict)
    unlabelled: bool = False
    fractions: Fractions | None = None
    stratify: bool = False
    resplit: bool = False
    seed: int = 0
    drop_duplicates: bool = False
    fix: bool = False
    unsafe_fixes: bool = False
    fixes: tuple[Fix, ...] = ()
    max_rejects: str | None = None
    limit: int | None = None
    workers: int = 1
    own: tuple[tuple[str, DatasetOptions], ...] = ()

    def __post_init__(self) -> None:
        """Rows that could be turns are put together, or taken by themselves, as what is said of the layout has it."""
        if self.read.linked is None and (found := self._linked()) is not None:
            object.__setattr__(self, "read", replace(self.read, linked=found))
        reads = tuple((pattern, each.read) for pattern, each in self.own)
        if reads != self.read.own:
            object.__setattr__(self, "read", replace(self.read, own=reads))

    def of(self, path: Path) -> DatasetOptions:
        """Return the options for the input at a path: its own, if a pattern fits."""
        return next((each for pattern, each in self.own if path.match(pattern)), self)

    def _linked(self) -> bool | None:
        if self.layout is not None and self.layout != REJECTS:
            return self.layout in LINKED
        told = (self.schema or {}).get("x-sftformat")
        if isinstance(told, Mapping):
            return told.get("module") == LINKED[0]
        by_row = self.task not in (None, "chat") or bool(self.mapping.keys() & {"input", "target"})
        return False if by_row else None

    def content(self) -> dict[str, Any]:
        """Return everything that decides about the output, for the fingerprint."""
        bare = replace(self, own=())
        found = {key: value for key, value in asdict(bare).items() if key not in ("workers", "max_rejects", "own")}
        del found["read"]["own"]
        if self.own:
            found["own"] = [[pattern, each.content()] for pattern, each in self.own]
        if self.read.join is not None:  # where it lies is not content
            found["read"]["join"] = self.read.join.to_json()
        if self.fix and self.unsafe_fixes:
            from sftformat.repairs import mojibake

            found["ftfy"] = mojibake.library()
        return found

    def unlimited(self) -> DatasetOptions:
        """Return the options without the limit, which says how much is read and nothing about what comes of it."""
        return replace(self, limit=None, own=tuple((pattern, each.unlimited()) for pattern, each in self.own))

    def repairs(self) -> Wanted:
        """Return the repairs that are asked for.

        Raises:
            UsageError: a selector of rules that does not exist, or a package that is needed is missing.
        """
        return wanted(self.unsafe_fixes, self.settings, self.label_names) if self.fix else Wanted()


def too_many(rejected: int, read: int, limit: str | None) -> bool:
    """Whether more rows were rejected than `--max-rejects` allows.

    Raises:
        UsageError: the limit is neither a number nor a percentage.
    """
    if limit is None:
        return False
    try:
        number = float(limit[:-1]) if limit.endswith("%") else float(int(limit))
        if not 0 <= number < inf:
            raise ValueError
        return rejected > (read * number / 100 if limit.endswith("%") else number)
    except ValueError:
        raise UsageError(f"--max-rejects {limit}: give a number of rows or a percentage, as in 5%") from None


@dataclass(frozen=True, slots=True)
class Detected:
    """An input was looked at: how it is read, the layout that was chosen, and what else it could have been.

    `given` says that the user named the layout or the schema.
    """

    source: Source
    binding: Binding
    candidates: tuple[Candidate, ...]
    given: bool
    split: str | None


@dataclass(frozen=True, slots=True)
class Finished:
    """The end: the manifest of the folder, or what it would have said when nothing was to be written.

    `nothing_to_do` says that the folder was there already, made from the same content with the same options. Of the
    `units`, which are ranges of inputs, an earlier run had finished those that were `taken` over.
    """

    manifest: Mapping[str, Any]
    nothing_to_do: bool = False
    taken: int = 0
    units: int = 0


#: What making a data set yields; a Diagnostic is a finding about the data, a Repaired a value that was changed.
Event = Detected | Progress | Diagnostic | Repaired | Finished
