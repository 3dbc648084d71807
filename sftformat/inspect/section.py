"""What inspection tells: a section for all inputs that are read alike, and its JSON (`schemas/inspect.schema.json`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sftformat.dataset.options import Detected
from sftformat.formats.source import Source
from sftformat.inspect.lengths import Advice, Lengths
from sftformat.layouts.detect import Candidate, confidence
from sftformat.layouts.layout import render
from sftformat.layouts.near import Near

#: Strings in the JSON of first rows are cut to this many characters; `…` is put in place of the rest.
SHOWN = 500


@dataclass(frozen=True, slots=True)
class Looked:
    """One input and its account: `read` records are `fitting` the layout or rejected, by the code that says why.

    `size` is in bytes as stored. `split` is what its name says, None when it says nothing. Without a layout every
    record that can be read counts as fitting.
    """

    source: Source
    size: int
    split: str | None
    read: int
    fitting: int
    rejected: Counter[str]
    blank_lines: int

    def to_json(self) -> dict[str, Any]:
        """Return what is known under names."""
        source = self.source
        table = source.format in ("csv", "tsv")
        own = {"delimiter": source.delimiter, "quotes": source.quoting, "header": source.header_row} if table else {}
        text = source.format not in ("parquet", "arrow")
        lines = {"encoding": source.encoding, "byte_order_mark": source.bom > 0, "line_end": source.line_end}
        return {
            "file": source.name,
            "format": source.format,
            "compression": source.compression,
            **(lines if text else {}),
            **own,
            "bytes": self.size,
            "split": self.split,
            "read": self.read,
            "fitting": self.fitting,
            "rejected": dict(sorted(self.rejected.items())),
            "blank_lines": self.blank_lines,
            "notes": [note.to_json() for note in source.notes],
        }


@dataclass(frozen=True, slots=True)
class Unread:
    """An input that cannot be read, or not to its end; its section then counts what came before."""

    file: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the two under names."""
        return {"file": self.file, "message": self.message}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the records: how many records hold which JSON type there, and the canonical field it becomes.

    `field` is "meta" for a column that no field takes, and "" without a layout. `missing` records lack it.
    """

    name: str
    types: Mapping[str, int]
    missing: int
    field: str

    def to_json(self) -> dict[str, Any]:
        """Return what is known under names."""
        made = {"name": self.name, "types": dict(self.types), "missing": self.missing}
        return {**made, "field": self.field} if self.field else made


@dataclass(frozen=True, slots=True)
class Scores:
    """The targets of regression: `bins` are ten equal steps from `least` to `most`, with the rows in each."""

    rows: int
    mean: float
    least: float
    most: float
    bins: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers under names."""
        return {"rows": self.rows, "mean": self.mean, "min": self.least, "max": self.most, "bins": list(self.bins)}


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows with the input and target of an earlier row, with its input but another target, and with its input in
    another split (up to case and blanks): what SFT401, SFT402 and SFT403 find."""

    duplicate: int
    conflicting: int
    leaked: int

    def to_json(self) -> dict[str, Any]:
        """Return the numbers under names."""
        return {"duplicate": self.duplicate, "conflicting": self.conflicting, "leaked": self.leaked}


@dataclass(frozen=True, slots=True)
class First:
    """One of the first rows: its file and line, and the canonical row, or without a layout the record as read."""

    file: str
    line: int
    row: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return it with long strings cut."""
        return {"file": self.file, "line": self.line, "row": shortened(self.row)}


@dataclass(frozen=True, slots=True)
class Section:
    """All inputs of one layout, with the fields in the same places; or one input whose layout is not clear.

    candidates  what the layout could be, the best first; empty when it was told or taken from other inputs
    why         without `detected`: why no layout was chosen
    near        without candidates: the layouts that the records nearly have
    rows        rows by split; `unlabelled` of them have no target
    labels      rows by split and label (token classification: tokens); None when the task has none
    too_many    there are more labels than are counted
    characters, tokens  lengths by field, `row` of whole rows
    """

    inputs: tuple[Looked, ...]
    detected: Detected | None
    candidates: tuple[Candidate, ...]
    why: str
    near: tuple[Near, ...]
    columns: tuple[Column, ...]
    rows: Mapping[str, int]
    unlabelled: int
    labels: Mapping[str, Mapping[str, int]] | None
    too_many: bool
    scores: Scores | None
    repeats: Repeats | None
    characters: Mapping[str, Lengths]
    tokens: Mapping[str, Lengths]
    advice: Advice | None
    first: tuple[First, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the section as `schemas/inspect.schema.json` says."""
        return {
            "inputs": [each.to_json() for each in self.inputs],
            "layout": self._layout(),
            "candidates": [_candidate(each) for each in self.candidates],
            "near": [{"layout": each.layout, "task": each.task, "why": each.why} for each in self.near],
            "columns": [each.to_json() for each in self.columns],
            "rows": dict(self.rows),
            "unlabelled": self.unlabelled,
            "labels": None if self.labels is None else {split: dict(found) for split, found in self.labels.items()},
            "labels_complete": not self.too_many,
            "scores": self.scores.to_json() if self.scores else None,
            "repeats": self.repeats.to_json() if self.repeats else None,
            "characters": {field: each.to_json() for field, each in self.characters.items()},
            "tokens": {field: each.to_json() for field, each in self.tokens.items()},
            "advice": self.advice.to_json() if self.advice else None,
            "first_rows": [each.to_json() for each in self.first],
        }

    def _layout(self) -> dict[str, Any]:
        if self.detected is None:
            return {"name": None, "why": self.why}
        binding = self.detected.binding
        found = binding.to_json()
        sure = confidence(self.candidates) if self.candidates else None
        return {
            "name": found.pop("layout"),
            "task": found.pop("task"),
            "told": self.detected.given,
            "confidence": sure,
            "fields": found.pop("fields"),
            **found,
        }


def _candidate(each: Candidate) -> dict[str, Any]:
    return {
        "layout": each.name,
        "task": each.binding.layout.task,
        "score": each.score,
        "fit": each.fit,
        "for": list(each.reasons),
        "against": list(each.against),
        "fields": {key: render(pointer) for key, pointer in each.binding.at.items()},
    }


def shortened(value: Any) -> Any:
    """Return a value with every string in it cut to SHOWN characters, and lists to as many items."""
    if isinstance(value, str):
        return value if len(value) <= SHOWN else value[:SHOWN] + "…"
    if isinstance(value, Mapping):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value[:SHOWN]]
    return value


def present(value: Any) -> Any:
    """Return a canonical row, or a part of one, without its fields that are null: those that are not there."""
    if isinstance(value, dict):
        return {key: present(item) for key, item in value.items() if item is not None}
    return [present(item) for item in value] if isinstance(value, list) else value
