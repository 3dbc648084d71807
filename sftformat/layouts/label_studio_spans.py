"""Label Studio, JSON: the text under `data`, and the spans of each annotation as its results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UndecidedError
from sftformat.layouts.cells import as_whole, scalar_text
from sftformat.layouts.label_studio import BESIDE, SPANS, refuse_others, text_keys, which_key
from sftformat.layouts.layout import Binding, Fault, Pointer
from sftformat.layouts.reader import Reader
from sftformat.layouts.spans import Span, spans_of, tagged
from sftformat.layouts.spans import faults as wrong
from sftformat.record import Record


def places(binding: Binding, records: Sequence[Record]) -> Mapping[str, Pointer]:
    """Return no places: each record shows its own.

    Raises:
        UndecidedError: the questions were answered by neither choices nor spans, or no record shows what its text is.
    """
    refuse_others(records)
    marked = [record for record in records if isinstance(record.get("data"), dict) and _is_marked(record)]
    if len(binding.at.get("input", ())) > 1 or not marked or any(_key(each) in each["data"] for each in marked):
        return {}
    raise UndecidedError(which_key(text_keys(marked[0]["data"])))


def _is_marked(record: Record) -> bool:
    """Whether a record, of which nothing is known, has a span."""
    held = record.get("annotations")
    annotations = [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []
    results = [each["result"] for each in annotations if isinstance(each.get("result"), list)]
    return any(isinstance(each, dict) and str(each.get("type")) in SPANS for result in results for each in result)


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


def _key(record: Record, given: str = "") -> str:
    """Return the key of the text among the data: the one given, the only text, the one called `text` or as the tag."""
    if given:
        return given
    texts = [key for key, value in record["data"].items() if isinstance(value, str)]
    if len(texts) == 1 or "text" in texts:
        return texts[0] if len(texts) == 1 else "text"
    marked = (result.get("to_name") for _, each in _annotations(record) for result in each["result"])
    return next((name for name in marked if name in texts), "text")


def faults(record: Record, key: str = "") -> Iterator[Fault]:
    """Find annotations that say different things, and spans that cannot be used; `key` is that of the text."""
    text = record["data"].get(_key(record, key))
    if not isinstance(text, str):
        words = "several texts stand in data, and none is called 'text'"
        words = f"no text stands under {clip(key, 40)!r}" if key else words
        yield Fault("SFT109", ("data",), words)
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


def to_canonical(record: Record, key: str = "") -> Record:
    """Return `input`, `target`, `text` and `offsets` of one record in which `faults` finds no error."""
    return tagged(record["data"][_key(record, key)], _spans(record))


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
_READER = Reader(_KEYS, to_canonical, from_canonical, source_pointer, faults, left_out, holds=_HOLDS, beside=BESIDE)


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:  # noqa: ARG001 - every module is asked alike
    """Return the reader for the key of the text, where the user has named it."""
    given = binding.at.get("input", ())[1:]
    key = given[0] if given else ""
    return replace(_READER, to_canonical=partial(to_canonical, key=key), faults=partial(faults, key=key))
