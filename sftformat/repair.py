"""Repair: records and canonical rows are mended between reading and checking, only when asked for, and never silently.

Keys of records are repaired before they are validated, texts and labels after they are normalized; what each repair did
is returned beside the rows. The input itself is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.check import Settings, chosen
from sftformat.diagnostics import Diagnostic
from sftformat.ids import NOT_LEARNED, learned_id
from sftformat.layouts.layout import parse, render
from sftformat.record import Batch
from sftformat.repairs import REPAIRS, padded_key
from sftformat.repairs.repair import ROUNDS, Change, Repair, Repaired, changes
from sftformat.rules.rule import LABEL_TASKS
from sftformat.rules.view import Text, View

#: A byte order mark inside a text.
MARK = "\ufeff"
#: Tasks whose inputs are tokens: changing one would move it away from its `text` and `offsets`.
TOKEN_TASKS = frozenset({"token-classification"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The repairs that are made; labels in `meant` stay, and those in `forms` are written in the form given there.

    `names` are the names of ids: one that stood between blanks, and so was no id when names were read, gets its name.
    """

    repairs: tuple[Repair, ...] = ()
    meant: frozenset[str] = frozenset()
    forms: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, *scopes: str) -> tuple[Repair, ...]:
        """Return the repairs with one of these scopes, in the order of the table."""
        return tuple(each for each in self.repairs if each.scope in scopes)

    def label(self, label: str, texts: Sequence[Repair]) -> list[Change]:
        """Return what is changed about a label; `texts` are the repairs of texts that are made to it."""
        if label in self.meant:
            return []
        made = changes(label, [*texts, *self.of("label")])
        if made and made[-1].after in self.names:
            made[-1] = replace(made[-1], after=self.names[made[-1].after])
        now = made[-1].after if made else label
        form = next(iter(self.of("form")), None)
        if form is None or now not in self.forms:
            return made
        return [*made, Change(form, now, self.forms[now])]


def wanted(unsafe: bool, settings: Settings, names: Mapping[str, str] | None = None) -> Wanted:
    """Return the repairs that `--fix` makes, with `unsafe` also those that may change meaning.

    `names` are the names that ids of labels have. As with rules, `settings` choose: what `--ignore` leaves out is not
    repaired either.

    Raises:
        UsageError: a selector that does not exist.
    """
    repairs = tuple(each for each in REPAIRS if (each.safe or unsafe) and chosen(each.code, settings))
    return Wanted(repairs, frozenset(settings.labels or ()), names=names or {})


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

    What a repair makes of one text may let a rule find another in its row, or no more: rows are looked at again until
    nothing is found in them, so repairing twice is repairing once. A row that is not at rest after ROUNDS rounds stays.
    A row that was changed and whose id is the hash of what is learned gets the hash of what is learned now.
    """
    found = _until_rest(rows, task, how) if how.repairs else {}
    if not found:
        return rows, {}
    changed = sorted(found)
    old = rows.take(pa.array(changed, pa.int64())).to_pylist()
    new = [_settled(row, found[index], task) for index, row in zip(changed, old, strict=True)]
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
        (batch.file_of(index), batch.lines[index])
        for index, made in repaired.items()
        if sum(each.before.count(MARK) - each.after.count(MARK) for each in made) == _marks(batch.raw[index])
    }
    return [each for each in findings if each.code != "SFT007" or (each.file, each.line) not in gone]


def _marks(raw: bytes) -> int:
    return raw.count(MARK.encode())


def _record(file: str, line: int, byte: int | None, path: str, change: Change) -> Repaired:
    return Repaired(file, line, byte, path, change.repair.code, change.repair.name, change.before, change.after)


#: What is changed about a row: the path of each value, and what one repair did to it.
_Made = list[tuple[str, Change]]


def _until_rest(rows: pa.RecordBatch, task: str, how: Wanted) -> dict[int, _Made]:
    """Return what is changed about each row until nothing more is found in it, by its index."""
    made: dict[int, _Made] = {}
    at, found = list(range(rows.num_rows)), _found(rows, task, how)
    for _ in range(ROUNDS):
        if not found:
            return made
        changed = sorted(found)
        old = rows.take(pa.array(changed, pa.int64())).to_pylist()
        new = [_changed(row, found[index]) for index, row in zip(changed, old, strict=True)]
        at = [at[index] for index in changed]
        for index, row in zip(changed, at, strict=True):
            made.setdefault(row, []).extend(found[index])
        rows = pa.RecordBatch.from_pylist(new, schema=rows.schema)
        found = _found(rows, task, how)
    return {row: each for row, each in made.items() if row not in {at[index] for index in found}}


def _found(rows: pa.RecordBatch, task: str, how: Wanted) -> dict[int, _Made]:
    """Return what is changed about each row as it stands, by its index."""
    view = View(rows, task)
    found: dict[int, _Made] = {}
    for text in view.texts:
        label = text.field == "target" and task in LABEL_TASKS
        for index, made in (_labels(text, view, how) if label else _texts(text, view, how)).items():
            row, path = text.place(index)
            found.setdefault(row, []).extend((path, change) for change in made)
    return found


def _repairs_of(text: Text, view: View, how: Wanted) -> dict[int, list[Repair]]:
    """Return the repairs that are made to the texts of a field, by index of the text: those whose rule finds it."""
    found: dict[int, list[Repair]] = {}
    for each in how.of("text"):
        for index in each.suspects(text, view):
            found.setdefault(index, []).append(each)
    return found


def _texts(text: Text, view: View, how: Wanted) -> dict[int, list[Change]]:
    """Return what is changed about the texts of a field, by index of the text."""
    repairs = sorted(_repairs_of(text, view, how).items())
    made = {index: changes(text.values[index].as_py(), found) for index, found in repairs}
    tokens = view.task in TOKEN_TASKS
    return {index: each for index, each in made.items() if each and not (tokens and _bound(text, view, index, each))}


def _bound(text: Text, view: View, index: int, made: Sequence[Change]) -> bool:
    """Whether a token has a place in a text, or would be no token any more: nothing at all, or two words."""
    row, _ = text.place(index)
    placed = any(view.column(name)[row].is_valid for name in ("text", "offsets"))
    return placed or len(made[-1].after.split()) != len(made[0].before.split())


def _labels(text: Text, view: View, how: Wanted) -> dict[int, list[Change]]:
    """Return what is changed about the labels of a batch, by index; each distinct label is looked at once."""
    encoded = text.values.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    repairs = _repairs_of(Text(text.field, encoded.dictionary), view, how)
    made = {code: found for code, name in enumerate(names) if (found := how.label(name, repairs.get(code, ())))}
    if not made:
        return {}
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return {int(index): made[int(codes[index])] for index in np.flatnonzero(np.isin(codes, list(made)))}


def _settled(row: dict[str, Any], made: _Made, task: str) -> dict[str, Any]:
    """Return a row with all its changes and its id; labels of a list that have become equal stand there once."""
    after = _changed(deepcopy(row), made)
    if task == "multilabel" and any(path.startswith("/target/") for path, _ in made):
        after["target"] = list(dict.fromkeys(after["target"]))
    return relearned(row, after)


def _changed(row: dict[str, Any], made: _Made) -> dict[str, Any]:
    """Return a row with changes made to it, one after the other."""
    for path, change in made:
        holder: Any = row
        *way, last = (int(token) if token.isdecimal() else token for token in parse(path))
        for token in way:
            holder = holder[token]
        holder[last] = change.after
    return row


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
