"""Prodigy: a text with its tokens, spans over them, and whether the annotator accepted it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip
from sftformat.layouts.cells import as_whole
from sftformat.layouts.layout import Fault, Pointer
from sftformat.layouts.prodigy import BESIDE
from sftformat.layouts.reader import Reader, fixed
from sftformat.layouts.spans import Place, Span, spans_of, tagged
from sftformat.layouts.spans import faults as wrong
from sftformat.layouts.text_spans import left_out, span_of
from sftformat.record import Record


def _spans(record: Record) -> list[Span] | None:
    held = record.get("spans")
    return None if held is None else [span_of(item, ("spans", str(index))) for index, item in enumerate(held)]


def _places(record: Record) -> Sequence[Place] | None:
    held = record.get("tokens")
    return None if held is None else [(as_whole(token["start"]), as_whole(token["end"])) for token in held]


def faults(record: Record) -> Iterator[Fault]:
    """Find tokens that are not what stands in the text, and spans that cannot be used."""
    text, places = record["text"], _places(record)
    for index, (token, (start, end)) in enumerate(zip(record.get("tokens") or (), places or (), strict=True)):
        cut = text[start:end] if 0 <= start <= end <= len(text) else ""
        if cut != token["text"]:
            message = f'token "{clip(token["text"], 40)}", but the text has "{clip(cut, 40)}" there'
            yield Fault("SFT109", ("tokens", str(index)), message)
            return
    yield from wrong(text, _spans(record), places)


def to_canonical(record: Record) -> Record:
    """Return `input`, `target`, `text` and `offsets` of one record in which `faults` finds no error."""
    return tagged(record["text"], _spans(record), _places(record))


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the record of one canonical row."""
    text, spans, places = spans_of(row)
    tokens = [
        {"text": text[start:end], "start": start, "end": end, "id": number, "ws": text[end : end + 1] == " "}
        for number, (start, end) in enumerate(places)
    ]
    record: Record = {"text": text, "tokens": tokens}
    if spans is not None:
        record["spans"] = [_written(span, places) for span in spans]
    return record


def _written(span: Span, places: Sequence[Place]) -> Record:
    inside = [index for index, (start, end) in enumerate(places) if span.start <= start and end <= span.end]
    ends = {"token_start": inside[0], "token_end": inside[-1]} if inside else {}
    return {"start": span.start, "end": span.end, **ends, "label": span.label}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:  # noqa: ARG001 - as other modules
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    return ("text",) if pointer[0] == "input" else ("spans",)


_KEYS = ("text", "tokens", "spans", "answer")
_HOLDS = ("text", "offsets")
reader = fixed(
    Reader(_KEYS, to_canonical, from_canonical, source_pointer, faults, left_out, holds=_HOLDS, beside=BESIDE)
)
