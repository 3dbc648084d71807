"""Repair: records and canonical rows are mended between reading and checking, only when asked for, and never silently.

Keys of records are repaired before they are validated, texts and labels after they are normalized; what each repair did
is returned beside the rows. The input itself is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.check import Settings, chosen
from sftformat.diagnostics import Diagnostic
from sftformat.layouts.layout import parse, render
from sftformat.normalize import NOT_LEARNED, learned_id
from sftformat.record import Batch
from sftformat.repairs import REPAIRS, padded_key
from sftformat.repairs.repair import Change, Repair, Repaired, changes
from sftformat.rules.rule import LABEL_TASKS
from sftformat.rules.view import Text, View

#: A byte order mark inside a text.
MARK = "\ufeff"
#: Tasks whose inputs are tokens: changing one would move the offsets of the others.
TOKEN_TASKS = frozenset({"token-classification"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The repairs that are made; labels in `meant` stay, and those in `forms` are written in the form given there."""

    repairs: tuple[Repair, ...] = ()
    meant: frozenset[str] = frozenset()
    forms: Mapping[str, str] = field(default_factory=dict)

    def of(self, *scopes: str) -> tuple[Repair, ...]:
        """Return the repairs with one of these scopes, in the order of the table."""
        return tuple(each for each in self.repairs if each.scope in scopes)

    def label(self, label: str, task: str) -> list[Change]:
        """Return what is changed about a label."""
        if label in self.meant:
            return []
        made = changes(label, self.of("label") if task in TOKEN_TASKS else self.of("text", "label"))
        now = made[-1].after if made else label
        form = next(iter(self.of("form")), None)
        if form is None or now not in self.forms:
            return made
        return [*made, Change(form, now, self.forms[now])]


def wanted(unsafe: bool, settings: Settings) -> Wanted:
    """Return the repairs that `--fix` makes, with `unsafe` also those that may change meaning.

    As with rules, `settings` choose: what `--ignore` leaves out is not repaired either.

    Raises:
        UsageError: a selector that does not exist.
    """
    repairs = tuple(each for each in REPAIRS if (each.safe or unsafe) and chosen(each.code, settings))
    return Wanted(repairs, frozenset(settings.labels or ()))


def repair_keys(batch: Batch, how: Wanted) -> tuple[Batch, dict[tuple[int, int | None], list[Repaired]]]:
    """Return a batch with the keys of its records repaired, and what was repaired by (line, byte) of the record."""
    keys: set[str] = set().union(*batch.records) if how.of("key") else set()
    if all(key == padded_key.repaired(key) for key in keys):
        return batch, {}
    row = how.of("key")[0]
    records, made = list(batch.records), {}
    for index, record in enumerate(records):
        names = padded_key.trimmed(record)
        if names:
            records[index] = {names.get(key, key): value for key, value in record.items()}
            place = batch.place(index)
            made[place.line, place.byte] = [
                _record(place.file, place.line, place.byte, render((key,)), Change(row, key, name))
                for key, name in names.items()
            ]
    return replace(batch, records=records), made


def repair_rows(rows: pa.RecordBatch, task: str, how: Wanted) -> tuple[pa.RecordBatch, dict[int, list[Repaired]]]:
    """Return canonical rows with their texts and labels repaired, and what was repaired by index of the row.

    A row that was changed and whose id is the hash of what is learned gets the hash of what is learned now.
    """
    if not how.repairs:
        return rows, {}
    view = View(rows, task)
    found: dict[int, list[tuple[str, Change]]] = {}
    for text in view.texts:
        label = text.field == "target" and task in LABEL_TASKS
        for index, made in (_labels(text, task, how) if label else _texts(text, task, how)).items():
            row, path = text.place(index)
            found.setdefault(row, []).extend((path, change) for change in made)
    if not found:
        return rows, {}
    changed = sorted(found)
    old = rows.take(pa.array(changed, pa.int64())).to_pylist()
    new = [_changed(row, found[index], task) for index, row in zip(changed, old, strict=True)]
    places = [row["source"] for row in old]
    return replaced(rows, changed, new), {
        index: [_record(place["file"], place["line"], place["byte"], path, change) for path, change in found[index]]
        for index, place in zip(changed, places, strict=True)
    }


def still_found(
    findings: Sequence[Diagnostic], batch: Batch, repaired: Mapping[int, Sequence[Repaired]]
) -> list[Diagnostic]:
    """Return what was found while a batch was read without the marks (SFT007) that are now removed from its texts."""
    gone = {
        batch.lines[index]
        for index, made in repaired.items()
        if sum(each.before.count(MARK) - each.after.count(MARK) for each in made) == _marks(batch.raw[index])
    }
    return [each for each in findings if each.code != "SFT007" or each.line not in gone]


def _marks(raw: bytes) -> int:
    return raw.count(MARK.encode())


def _record(file: str, line: int, byte: int | None, path: str, change: Change) -> Repaired:
    return Repaired(file, line, byte, path, change.repair.code, change.repair.name, change.before, change.after)


def _texts(text: Text, task: str, how: Wanted) -> dict[int, list[Change]]:
    """Return what is changed about the texts of a field, by index of the text."""
    repairs = how.of("text") if task not in TOKEN_TASKS else ()
    suspects = sorted({index for each in repairs for index in each.suspects(text)})
    made = {index: changes(text.values[index].as_py(), repairs) for index in suspects}
    return {index: each for index, each in made.items() if each}


def _labels(text: Text, task: str, how: Wanted) -> dict[int, list[Change]]:
    """Return what is changed about the labels of a batch, by index; each distinct label is looked at once."""
    encoded = text.values.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    made = {code: found for code, name in enumerate(names) if (found := how.label(name, task))}
    if not made:
        return {}
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return {int(index): made[int(codes[index])] for index in np.flatnonzero(np.isin(codes, list(made)))}


def _changed(row: dict[str, Any], made: Sequence[tuple[str, Change]], task: str) -> dict[str, Any]:
    """Return a row with changes made to it; labels of a list that have become equal stand there once."""
    names = [name for name in row if name not in NOT_LEARNED]
    own = row["id"] == learned_id(names, [row[name] for name in names])
    for path, change in made:
        holder: Any = row
        *way, last = (int(token) if token.isdigit() else token for token in parse(path))
        for token in way:
            holder = holder[token]
        holder[last] = change.after
    if task == "multilabel" and any(path.startswith("/target/") for path, _ in made):
        row["target"] = list(dict.fromkeys(row["target"]))
    return {**row, "id": learned_id(names, [row[name] for name in names])} if own else row


def relearned(before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return a changed row with the hash of what is learned now for its id, if that of before was its id."""
    names = [name for name in before if name not in NOT_LEARNED]
    own = before["id"] == learned_id(names, [before[name] for name in names])
    return {**after, "id": learned_id(names, [after[name] for name in names])} if own else after


def replaced(rows: pa.RecordBatch, indexes: Sequence[int], new: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Return rows with those at some indexes, which rise, replaced."""
    changed: Any = pa.RecordBatch.from_pylist([dict(row) for row in new], schema=rows.schema)
    order = np.arange(rows.num_rows)
    order[np.array(indexes)] = rows.num_rows + np.arange(len(indexes))
    columns = [
        pa.concat_arrays([rows.column(name), changed.column(name)]).take(pa.array(order)) for name in rows.schema.names
    ]
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)
