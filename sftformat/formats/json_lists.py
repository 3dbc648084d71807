"""One JSON object that holds the records in lists: `{"data": […]}`, or a list for each split, as `{"train": […]}`.

The records of a split have its name under `split`, unless they have a split of their own. What stands beside the lists
is not read, and told. The file is read whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sftformat.diagnostics import Diagnostic, clip
from sftformat.formats import json, jsonl, jsonplaces, jsontext, rows, yamltext
from sftformat.formats.itemized import Itemized
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source, fault
from sftformat.record import SPLIT_NAMES, Batch

_BEGINS = re.compile(r"\[[ \t\r\n]*\{")
#: Names of a list of records; others are parts of one record as well.
_NAMES = frozenset({"data", "rows", "records", "examples", "items", "instances", "samples", "dataset"})


def holds_records(text: str) -> bool:
    """Whether a text, or its beginning, is an object with a list of records, or one for each split."""
    try:
        held = list(jsonplaces.members(text, 0, cut=True))
    except (ValueError, RecursionError):
        return False
    return bool(_chosen([name for name, at, value in held if _is_list(value) or _BEGINS.match(text, at)]))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _chosen(names: Sequence[str]) -> list[str]:
    """Return which lists are read: those of splits, else the one that is called so."""
    splits = [name for name in names if name in SPLIT_NAMES]
    known = [name for name in names if name in _NAMES]
    return splits or (known if len(known) == 1 else [])


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:  # noqa: ARG001 - every reader is called alike
    """Yield the records of a file; `line` is that on which one begins, and an element that is none is a reject.

    Raises:
        InputError: the file is no JSON.
    """
    text = yamltext.text_of(source)
    batch = Itemized(source, text)
    end = "\r" if source.line_end == "\r" else "\n"
    line, seen = 1, 0
    for split, start, stop in _elements(source, text, batch.notes):
        line, seen = line + text.count(end, seen, start), start
        value, wrong = jsontext.value(text[start:stop].encode("utf-8", "surrogatepass"))
        if wrong is not None or type(value) is not dict:
            batch.reject(line, jsonl.explain(source, wrong, value, line, batch.byte(line)))
        else:
            batch.add({**value, "split": split} if split and "split" not in value else value, line)
        if batch.full:
            yield batch.flush()
    yield batch.flush()


def _elements(source: Source, text: str, notes: list[Diagnostic]) -> Iterator[tuple[str, int, int]]:
    """Yield the split, where it is told, and the place of each element; what is not read goes to `notes`."""
    try:
        held = [(name, at, value) for name, at, value in jsonplaces.members(text, 0)]
        places = {name: at for name, at, _ in held}
        chosen = _chosen([name for name, _, value in held if _is_list(value)])
        if len(places) < len(held) or not chosen:
            raise ValueError("a name stands twice" if chosen else "no list of records")
        found = [(name, *place) for name in chosen for place in list(jsonplaces.items(text, places[name]))]
    except (ValueError, RecursionError) as error:
        hint = "mend it there; nothing was read"
        raise fault("SFT016", source.name, f"no JSON with lists of records: {error}", hint=hint) from None
    others = [_counted(name, value) for name, _, value in held if name not in chosen]
    if others:
        shown = ", ".join(others[:6]) + ("…" if len(others) > 6 else "")
        message = f"beside {' and '.join(map(repr, chosen))}, and not read: {shown}"
        names = any(name == "intents" for name, _, _ in held)
        hint = "--labels takes this file too, for the names of the intents" if names else ""
        notes.append(rows.finding(source, "SFT021", message, 1, 0, hint=hint))
    yield from ((name if name in SPLIT_NAMES else "", start, stop) for name, start, stop in found)


def _counted(name: str, value: Any) -> str:
    return f"{len(value)} × {clip(name, 40)}" if isinstance(value, list) else clip(name, 40)


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:
    """Write records as one JSON array; return how many."""
    return json.write(path, compression, batches, columns)
