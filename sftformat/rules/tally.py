"""What one unit of input leaves for the global rules: key records on disk and a small summary of counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.record import Place
from sftformat.rules.alike import near_texts
from sftformat.rules.count import LATER, Count, tallied
from sftformat.rules.folding import folding
from sftformat.rules.near import NearSpill
from sftformat.rules.pile import Pile
from sftformat.rules.rule import LABEL_TASKS
from sftformat.rules.spill import ALWAYS, KEY, PARTITIONS, PLACE, Keys, Records, Spill, keys, keys_of
from sftformat.rules.tags import STEPS, Step, steps
from sftformat.rules.targets import labels_of, target_keys
from sftformat.rules.texts import (
    Array,
    Indices,
    column,
    input_array,
    with_references,
)

#: Distinct labels counted; beyond, they are no labels (SFT309) and the label rules are silent.
LABELS = 100_000
#: In a batch of more labels than this only the first place of each is noted.
PLACED = 256

_Name = TypeVar("_Name", str, Step)


@dataclass(frozen=True, slots=True)
class Summary:
    """The tally of one unit: plain values, so that it can be pickled or written as JSON.

    `rows` counts rows by split, `labelled` those with a target, `labels` the rows (for token-classification the tokens)
    by split and label. `index` finds the key records of each family in its file, `files` and `splits` name their
    numbers. `named` are splits that the user named, whether or not they have rows. `overflow`: over LABELS labels.
    `tag_steps` counts which tag follows which (token-classification), up to STEPS + 1 of them.
    """

    unit: int
    partitions: int
    files: list[str]
    splits: list[str]
    named: list[str]
    index: dict[str, list[list[int]]]
    rows: dict[str, Count]
    labelled: dict[str, int]
    labels: dict[str, dict[str, Count]]
    overflow: bool
    tag_steps: dict[Step, Count]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the rows of a batch stand, as columns; numbers of the tally's own lists of files and splits."""

    row: Indices
    file: Indices
    split: Indices
    line: Indices
    byte: Indices


class Tally:
    """Counts and keys of one unit. Give it every batch of the unit in order, then call `finish`.

    `unit` numbers the units in input order. Files are written into `folder` (which exists), named by the unit, so that
    units may be worked on in several processes; nothing depends on how many. `near` is the least similarity of near
    texts that will be asked for, None when they will not be. Without `ids` no row of the data set was given one: an id
    that was made of what is learned stands for that, so no two records share one.
    """

    def __init__(
        self,
        folder: Path,
        unit: int,
        task: str,
        *,
        splits: Sequence[str] = (),
        partitions: int = PARTITIONS,
        near: float | None = None,
        ids: bool = True,
    ) -> None:
        self._unit, self._task, self._partitions = unit, task, partitions
        self._spills = {name: Spill(spill_path(folder, unit, name), name, partitions) for name in ALWAYS}
        self._near = None if near is None else NearSpill(folder, unit, near, partitions)
        self._named = list(splits)
        self._ids = ids
        self._pile = Pile()
        self._files: dict[str, int] = {}
        self._splits: dict[str, int] = {}
        self._total = 0
        self._rows: dict[str, Count] = {}
        self._labelled: dict[str, int] = {}
        self._labels: dict[str, dict[str, Count]] = {}
        self._steps: dict[Step, Count] = {}
        self._distinct: set[str] = set()
        self._overflow = False

    def add(self, rows: pa.RecordBatch, kept: Sequence[int] | Indices | None = None) -> None:
        """Count the rows of a batch, or only those at the indexes `kept`; others do not exist for the global rules."""
        if kept is not None:
            rows = rows.take(np.asarray(kept, np.int64))
        if not rows.num_rows:
            return
        for many in self._pile.put(rows):
            self._count(many)

    def _count(self, rows: pa.RecordBatch) -> None:
        places = self._places(rows)
        labels = column(rows, "target").dictionary_encode() if self._task == "classification" else None
        self._spill(rows, places, target_keys(rows, self._task, labels))
        self._count_rows(rows, places)
        if self._task in LABEL_TASKS:
            self._count_labels(*labels_of(column(rows, "target"), self._task, labels), places)
        if self._task == "token-classification":
            self._count_steps(column(rows, "target"), places)
        self._total += rows.num_rows

    def finish(self) -> Summary:
        """Write what is left and return the summary."""
        for many in self._pile.rest():
            self._count(many)
        index = {name: spill.close() for name, spill in self._spills.items()}
        if self._near is not None:
            index["near"] = self._near.close()
        files, splits = list(self._files), list(self._splits)
        counts = (self._rows, self._labelled, self._labels, self._overflow, self._steps)
        return Summary(self._unit, self._partitions, files, splits, self._named, index, *counts)

    def _places(self, rows: pa.RecordBatch) -> _Places:
        source = column(rows, "source")
        part = {name: pc.struct_field(source, name) if pa.types.is_struct(source.type) else None for name in _SOURCE}
        file = _codes(pa.nulls(len(source), pa.string()) if part["file"] is None else part["file"], "", self._files)
        split = _codes(column(rows, "split"), "train", self._splits)
        line, byte = (_numbers(part[name], rows.num_rows) for name in ("line", "byte"))
        return _Places(np.arange(self._total, self._total + rows.num_rows), file, split, line, byte)

    def _spill(self, rows: pa.RecordBatch, places: _Places, target: Keys) -> None:
        inputs = input_array(rows)
        exact, normalized = _input_keys(inputs)
        learned = with_references(inputs, rows)
        exact = exact if learned is inputs else keys(learned)
        columns = self._columns(places, normalized)
        columns |= {"exact": exact[0], "target": target[0]}
        self._spills["input"].append(columns)
        if self._near is not None:
            self._near.append(columns, *near_texts(rows))
        if self._ids:
            given = np.flatnonzero(column(rows, "id").is_valid())
            columns |= zip(("key_hi", "key_lo"), keys(column(rows, "id")), strict=True)
            self._spills["id"].append({name: values.take(given) for name, values in columns.items()})
        self._spill_groups(column(rows, "group"), places)

    def _spill_groups(self, groups: Array, places: _Places) -> None:
        if groups.null_count == len(groups):
            return
        names = groups.cast(pa.string()).dictionary_encode()
        rows = np.flatnonzero(groups.is_valid())
        codes = names.indices.take(pa.array(rows)).to_numpy(zero_copy_only=False).astype(np.int64)
        _, first = np.unique(codes * len(self._splits) + places.split[rows], return_index=True)
        texts = [text.encode() for text in names.dictionary.to_pylist()]
        chosen = codes[first]
        high, low = keys_of(texts)
        columns = self._columns(places, (high[chosen], low[chosen]), rows[first])
        columns["name"] = np.array(texts, "S64")[chosen]
        self._spills["group"].append(columns)

    def _columns(self, places: _Places, key: Keys, rows: Indices | None = None) -> dict[str, Records]:
        """What the key records of rows (None: all) hold: their keys and places."""
        columns = dict(zip(KEY, key, strict=True))
        columns["unit"] = np.full(len(key[0]), self._unit, np.int64)
        stands = {name: getattr(places, name) for name, _ in PLACE[1:]}
        return columns | (stands if rows is None else {name: values[rows] for name, values in stands.items()})

    def _count_rows(self, rows: pa.RecordBatch, places: _Places) -> None:
        labelled, splits = np.asarray(column(rows, "target").is_valid()), list(self._splits)
        for code, index, count in tallied(places.split, len(splits)).tolist():
            self._increase(self._rows, splits[code], splits[code], count, places, index)
            with_target = int(np.count_nonzero(labelled[places.split == code]))
            self._labelled[splits[code]] = self._labelled.get(splits[code], 0) + with_target

    def _count_labels(self, encoded: Array, owners: Indices, places: _Places) -> None:
        names, splits = encoded.dictionary.to_pylist(), list(self._splits)
        own = encoded.indices.to_numpy(zero_copy_only=False)
        codes = own if len(splits) == 1 else places.split[owners] * len(names) + own
        found = tallied(codes, len(splits) * len(names))
        for code, index, count in found[found[:, 1].argsort()].tolist():  # by the data, not by the dictionary
            split, label = splits[code // len(names)], names[code % len(names)]
            if self._known(label):
                labels = self._labels.setdefault(split, {})
                self._increase(labels, label, split, count, places, int(owners[index]))
                if len(found) <= PLACED and len(labels[label].later) < LATER:
                    self._add_places(labels[label], places, owners[codes == code])

    def _count_steps(self, target: Array, places: _Places) -> None:
        splits = list(self._splits)
        for step, count, row in steps(target):
            if step in self._steps or len(self._steps) <= STEPS:
                self._increase(self._steps, step, splits[places.split[row]], count, places, row)

    def _known(self, label: str) -> bool:
        if label not in self._distinct:
            if len(self._distinct) >= LABELS:
                self._overflow = True
                return False
            self._distinct.add(label)
        return True

    def _increase(
        self, counts: dict[_Name, Count], name: _Name, split: str, count: int, places: _Places, index: int
    ) -> None:
        if name in counts:
            counts[name].rows += count
            return
        counts[name] = Count(count, self._unit, int(places.row[index]), split, self._place(places, index))

    def _place(self, places: _Places, index: int) -> Place:
        byte = int(places.byte[index])
        return Place(list(self._files)[places.file[index]], int(places.line[index]), byte if byte >= 0 else None)

    def _add_places(self, count: Count, places: _Places, indexes: Indices) -> None:
        for index in np.unique(indexes[: 8 * LATER]).tolist():
            if places.row[index] != count.row and len(count.later) < LATER:
                count.later.append((self._unit, int(places.row[index]), self._place(places, index)))


_SOURCE = ("file", "line", "byte")


def spill_path(folder: Path, unit: int, family: str) -> Path:
    """Return the path of the key records of one unit and family."""
    return folder / f"{family}-{unit:05d}.keys"


def _codes(values: Array, default: str, numbers: dict[str, int]) -> Indices:
    """The number of each value in `numbers`, which grows; null counts as `default`."""
    if len(values) and not values.null_count and pc.all(pc.equal(values, values[0])).as_py():
        return np.full(len(values), numbers.setdefault(values[0].as_py(), len(numbers)), np.int64)
    encoded = pc.fill_null(values.cast(pa.string()), default).dictionary_encode()
    own = np.array([numbers.setdefault(name, len(numbers)) for name in encoded.dictionary.to_pylist()], np.int64)
    return np.asarray(own[encoded.indices.to_numpy(zero_copy_only=False)])


def _numbers(values: Array | None, rows: int) -> Indices:
    if values is None:
        return np.full(rows, -1, np.int64)
    return np.asarray(pc.fill_null(values.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))


def _input_keys(inputs: Array) -> tuple[Keys, Keys]:
    """The keys of the exact and of the normalized inputs; only texts that folding changes are hashed twice."""
    exact = keys(inputs)
    changed, normal = folding(inputs)
    high, low = exact[0].copy(), exact[1].copy()
    if len(changed):
        high[changed], low[changed] = keys_of(normal)
    return exact, (high, low)
