"""Label Studio, JSON: the text under `data`, and the spans of each annotation as its results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sftformat.layouts.cells import as_whole, scalar_text
from sftformat.layouts.label_studio import BESIDE, SPANS
from sftformat.layouts.layout import Fault, Pointer
from sftformat.layouts.reader import Reader, fixed
from sftformat.layouts.spans import Span, spans_of, tagged
from sftformat.layouts.spans import faults as wrong
from sftformat.record import Record


def left_out(record: Record) -> str:
    """Say why a record is not to be used: its annotations were all cancelled; empty where it is."""
    held = record["annotations"]
    return "every annotation was cancelled" if held and not _annotations(record) else ""


def _annotations(record: Record) -> list[tuple[int, Record]]:
    return [(index, each) for index, each in enumerate(record["annotations"]) if each.get("was_cancelled") is not True]


def _spans(record: Record) -> list[Span] | None:
    """Return the spans of the first annotation that counts; None where there is none."""
    found = _annotations(record)
    return _spans_of(*found[0]) if found else None


def _spans_of(number: int, annotation: Record) -> list[Span]:
    return [
        _span(result["value"], ("annotations", str(number), "result", str(index), "value"))
        for index, result in enumerate(annotation["result"])
        if isinstance(kind := result.get("type"), str) and kind in SPANS
    ]


def _span(value: Record, at: Pointer) -> Span:
    """Return the span of a result with its first label; one of several or none is found by `faults`."""
    said, labels = value.get("text"), value["labels"]
    label = scalar_text(labels[0]) if labels else ""
    return Span(as_whole(value["start"]), as_whole(value["end"]), label, at, said if isinstance(said, str) else None)


def _key(record: Record) -> str:
    """Return the key of the text among the data: the only text, or the one called `text`."""
    texts = [key for key, value in record["data"].items() if isinstance(value, str)]
    return texts[0] if len(texts) == 1 else "text"


def faults(record: Record) -> Iterator[Fault]:
    """Find annotations that say different things, and spans that cannot be used."""
    text = record["data"].get(_key(record))
    if not isinstance(text, str):
        yield Fault("SFT109", ("data",), "several texts stand in data, and none is called 'text'")
        return
    said = [sorted((s.start, s.end, s.label) for s in _spans_of(*each)) for each in _annotations(record)]
    if any(other != said[0] for other in said[1:]):
        message = f"{len(said)} annotations of this text differ: which one is right cannot be known"
        yield Fault("SFT109", ("annotations",), message)
        return
    spans = _spans(record) or []
    several = next((s for s in spans if len(_labels(record, s.at)) != 1), None)
    if several is not None:
        yield Fault("SFT109", several.at, f"a span with {len(_labels(record, several.at))} labels, where one is wanted")
        return
    yield from wrong(text, spans)


def _labels(record: Record, at: Pointer) -> list[Any]:
    found: list[Any] = record["annotations"][int(at[1])]["result"][int(at[3])]["value"]["labels"]
    return found


def to_canonical(record: Record) -> Record:
    """Return `input`, `target`, `text` and `offsets` of one record in which `faults` finds no error."""
    return tagged(record["data"][_key(record)], _spans(record))


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the record of one canonical row, as a task that Label Studio imports."""
    text, spans, _ = spans_of(row)
    if spans is None:
        return {"data": {"text": text}, "annotations": []}
    results = [
        {
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {"start": s.start, "end": s.end, "text": text[s.start : s.end], "labels": [s.label]},
        }
        for s in spans
    ]
    return {"data": {"text": text}, "annotations": [{"result": results}]}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:  # noqa: ARG001 - as other modules
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    return ("data",) if pointer[0] == "input" else ("annotations",)


_KEYS = ("data", "annotations")
_HOLDS = ("text", "offsets")
reader = fixed(
    Reader(_KEYS, to_canonical, from_canonical, source_pointer, faults, left_out, holds=_HOLDS, beside=BESIDE)
)
