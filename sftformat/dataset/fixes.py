"""Fixes of targets that the user gives in a file: each is made where the target is still the one it names.

A line of the file is `{"file", "line", "id", "from", "to"}`; what else stands in it is not looked at. `evaluate` writes
such a file of the labels it takes for wrong; a person leaves in it what is to be changed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.dataset.standing import UnitResult
from sftformat.diagnostics import Diagnostic, clip, diagnostic
from sftformat.errors import UsageError
from sftformat.repair import relearned, replaced
from sftformat.repairs.repair import Repaired
from sftformat.schema.arrow import arrow_schema

#: The name and the code under which a fix that was made is recorded.
NAME, CODE = "given-fix", "SFT119"


@dataclass(frozen=True, slots=True)
class Fix:
    """The target of the row with this id at a place is to be `after`, if it is still `before`."""

    file: str
    line: int
    id: str
    before: Any
    after: Any


def read_fixes(path: Path) -> tuple[Fix, ...]:
    """Read a file of fixes.

    Raises:
        UsageError: it cannot be read, a line is no fix, or two of them are about the same row; names the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--apply {path}: {error.strerror}") from None
    fixes: dict[tuple[str, int, str], Fix] = {}
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            fix = _fix(line, f"--apply {path}:{number}")
            if fixes.setdefault((fix.file, fix.line, fix.id), fix) is not fix:
                raise UsageError(f"--apply {path}:{number}: {fix.file}:{fix.line} (id {fix.id}) is fixed twice")
    return tuple(fixes.values())


def _fix(line: bytes, where: str) -> Fix:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{where}: not JSON: {error}") from None
    kinds = {"file": str, "line": int, "id": str}
    if not isinstance(found, dict) or any(type(found.get(key)) is not kind for key, kind in kinds.items()):
        raise UsageError(f'{where}: not a fix: write {{"file": …, "line": N, "id": …, "from": …, "to": …}}')
    if found.get("from") is None or found.get("to") is None:
        raise UsageError(f"{where}: `from` and `to` should be targets")
    return Fix(found["file"], found["line"], found["id"], found["from"], found["to"])


def fixes_for(fixes: Sequence[Fix], task: str) -> Mapping[int, Sequence[Fix]]:
    """Return the fixes by line.

    Raises:
        UsageError: a target that the task does not have.
    """
    kind = arrow_schema(task).field("target").type
    by_line: dict[int, list[Fix]] = {}
    for fix in fixes:
        try:
            pa.scalar(fix.after, kind)
        except (pa.ArrowException, TypeError, ValueError):
            wrong = f"`to` is {clip(repr(fix.after), 40)}, which is no target of {task}"
            raise UsageError(f"--apply: {fix.file}:{fix.line}: {wrong}") from None
        by_line.setdefault(fix.line, []).append(fix)
    return by_line


def fix_rows(
    rows: pa.RecordBatch, repaired: dict[int, list[Repaired]], fixes: Mapping[int, Sequence[Fix]]
) -> tuple[pa.RecordBatch, list[Diagnostic]]:
    """Return canonical rows with the fixes made, and what could not be; what was made is added to `repaired`."""
    if not fixes:
        return rows, []
    source: Any = rows.column("source")
    near = pc.is_in(source.field("line"), pa.array(fixes, pa.int64())).to_numpy(zero_copy_only=False)
    indexes: list[int] = np.flatnonzero(near).tolist()
    changed: list[int] = []
    new: list[dict[str, Any]] = []
    found: list[Diagnostic] = []
    for index, row in zip(indexes, rows.take(pa.array(indexes, pa.int64())).to_pylist(), strict=True):
        place = row["source"]
        mine = [fix for fix in fixes[place["line"]] if fix.file == place["file"]]
        fix = next((fix for fix in mine if fix.id == row["id"]), None)
        if fix is None or row["target"] != fix.before:
            found += _refused(row, fix, mine)
            continue
        before, after = (_text(value) for value in (fix.before, fix.after))
        made = Repaired(fix.file, fix.line, place["byte"], "/target", CODE, NAME, before, after)
        repaired.setdefault(index, []).append(made)
        changed.append(index)
        new.append(relearned(row, {**row, "target": fix.after}))
    return replaced(rows, changed, new) if changed else rows, found


def _refused(row: Mapping[str, Any], fix: Fix | None, mine: Sequence[Fix]) -> Iterator[Diagnostic]:
    if not mine or (fix is None and len(mine) > 1):
        return  # of several rows of one line it is known only at the end which fix is not made
    place = row["source"]
    if fix is None:
        why = f"the row has the id {row['id']}, not {clip(mine[0].id, 40)}"
    else:
        why = f"the target is {clip(_text(row['target']), 40)!r}, not {clip(_text(fix.before), 40)!r}"
    yield diagnostic(CODE, f"the fix is not made: {why}", file=place["file"], line=place["line"], path="/target")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def not_placed(fixes: Sequence[Fix], results: Sequence[UnitResult]) -> Iterator[Diagnostic]:
    """Yield the fixes of which nothing was heard: no row that is written comes from their place."""
    heard: Counter[tuple[str, int]] = Counter()
    for result in results if fixes else ():
        for name in ("repairs.jsonl", "diagnostics.jsonl"):
            with open(result.folder / name, "rb") as file:
                said = (msgspec.json.decode(line) for line in file)
                heard.update((each["file"], each["line"]) for each in said if each["code"] == CODE)
    for fix in fixes:
        if heard[fix.file, fix.line]:
            heard[fix.file, fix.line] -= 1
            continue
        words = f"the fix is not made: no row with the id {clip(fix.id, 40)} is written from here"
        yield diagnostic(CODE, words, file=fix.file, line=fix.line, path="/target")
