"""YAML: the records of a list, be it the whole document or what stands under one of its names.

Where the items of that list are lists themselves, a record is an item under the name of the list; what stands beside
the list belongs to every record. Several documents are a record each. `line` is where an item begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats import yamltext
from sftformat.formats.itemized import Itemized
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source, fault
from sftformat.formats.yamltext import Node, Unfit, value_of
from sftformat.record import Batch, Record


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:  # noqa: ARG001 - every reader is called alike
    """Yield the records of a YAML file; an item that is no record is a reject.

    Raises:
        UsageError: PyYAML is missing.
        InputError: the file is no YAML, or holds no list of records.
    """
    text = yamltext.text_of(source)
    batch = Itemized(source, text)
    name, items, beside = _records(source, yamltext.documents(source, text))
    for item in items:
        try:
            batch.add({**_record(name, item, beside), **beside}, item.line)
        except Unfit as found:
            batch.reject(item.line, batch.finding(found.code, str(found), item.line))
        if batch.full:
            yield batch.flush()
    yield batch.flush()


def _record(name: str, item: Node, beside: Record) -> Record:
    held = value_of(item)
    record = held if isinstance(held, dict) else {name: held} if name and isinstance(held, list) else None
    if record is None:
        raise Unfit("SFT002", f"expected a mapping, got {clip(held, 40)!r}")
    clash = next((key for key in record if key in beside), None)
    if clash is not None:
        raise Unfit("SFT003", f"the key {clip(clash, 40)!r} stands in the record and beside the list of records")
    return record


def _records(source: Source, found: list[Node]) -> tuple[str, list[Node], Record]:
    """Return the list of records with the name it stands under, and what stands beside it."""
    if len(found) > 1:
        return "", found, {}
    top = found[0] if found else Node(1, items=[])
    if top.items is not None:
        return "", top.items, {}
    lists = [(key, value) for key, value in top.pairs or () if any(each.text is None for each in value.items or ())]
    if len(lists) != 1:
        names = ", ".join(clip(key.text or "", 40) for key, _ in lists) or "none"
        message = f"one list of records was expected, there are: {names}"
        raise fault("SFT016", source.name, message, hint="write a list of mappings")
    try:
        everything = [(key, value) for key, value in top.pairs or () if value is not lists[0][1]]
        return lists[0][0].text or "", lists[0][1].items or [], value_of(Node(top.line, pairs=everything))
    except Unfit as wrong:
        raise fault(wrong.code, source.name, str(wrong), line=top.line) from None


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001
    """Refuse: there is no one form for records in YAML.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"{path.name}: YAML is written as training data of Rasa only: --to rasa; else write .jsonl")
