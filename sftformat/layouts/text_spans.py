"""A text with spans of characters, as doccano, spaCy and Label Studio (JSON_MIN) write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sftformat.diagnostics import clip
from sftformat.layouts.cells import as_whole, scalar_text
from sftformat.layouts.layout import Fault, Pointer
from sftformat.layouts.reader import Reader, fixed
from sftformat.layouts.spans import Span, spans_of, tagged
from sftformat.layouts.spans import faults as wrong
from sftformat.record import Number, Record, decode_json

#: Names of the list of spans; the first is the one that is written.
NAMES = ("label", "labels", "entities", "annotations", "spans")
_STARTS = ("start", "start_offset")
_ENDS = ("end", "end_offset")
#: What a number may be: as it was read, or as the schema sees it while the layout is looked for.
_NUMBERS = (int, Number, float, Decimal)


def left_out(record: Record) -> str:
    """Say why a record is not to be used: Prodigy's annotator did not accept it; empty where it is."""
    answer = record.get("answer", "accept")
    return "" if answer in ("accept", None) else f"the annotator's answer is {clip(answer, 40)!r}"


def list_of(record: Record) -> tuple[str, list[Any] | None]:
    """Return the name of the list of spans that a record has, and the list; None where it is not annotated."""
    name = next((name for name in NAMES if isinstance(record.get(name), list)), NAMES[0])
    return name, record.get(name)


def spans_in(record: Record) -> list[Span] | None:
    """Return the spans of a record that fits the schema; None where it is not annotated."""
    name, held = list_of(record)
    return None if held is None else [span_of(item, (name, str(index))) for index, item in enumerate(held)]


def span_of(item: Any, at: Pointer) -> Span:
    """Return the span that one item says: `[start, end, label]`, or an object with these under their usual names.

    Of two names for one thing the first counts whose value is such a thing, as the schema has it.
    """
    if isinstance(item, list):
        return Span(as_whole(item[0]), as_whole(item[1]), scalar_text(item[2]), at)
    start, end = (
        next(as_whole(item[key]) for key in keys if type(item.get(key)) in _NUMBERS) for keys in (_STARTS, _ENDS)
    )
    label = item.get("label")
    name = scalar_text(label if type(label) in (str, *_NUMBERS) else item["labels"][0])
    said = item.get("text")
    return Span(start, end, name, at, said if isinstance(said, str) else None)


def faults(record: Record) -> Iterator[Fault]:
    """Find the spans that cannot be used, and those that are odd."""
    yield from wrong(record["text"], spans_in(record))


def to_canonical(record: Record) -> Record:
    """Return `input`, `target`, `text` and `offsets` of one record in which `faults` finds no error."""
    return tagged(record["text"], spans_in(record))


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the record of one canonical row, as doccano writes it."""
    text, spans, _ = spans_of(row)
    if spans is None:
        return {"text": text}
    return {"text": text, NAMES[0]: [[span.start, span.end, span.label] for span in spans]}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    if pointer[0] == "input":
        return ("text",)
    kept = decode_json(row["meta"]) if row.get("meta") else {}
    return (list_of(kept)[0],)


_KEYS = ("text", *NAMES, "answer")
_HOLDS = ("text", "offsets")
reader = fixed(
    Reader(_KEYS, to_canonical, from_canonical, source_pointer, faults, left_out, holds=_HOLDS, one_of=NAMES)
)
