"""Spans of characters in a running text: from them to a tag for each word, and back; the span layouts stand on it.

Words are what BERT splits a text into before anything else: runs without blanks and punctuation, punctuation and CJK
characters by themselves. Where a span begins or ends inside a word the word is cut there, so that its tag is exact.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts.layout import Fault, Pointer, where_of

Place = tuple[int, int]
#: Beyond this code point no script in use has punctuation of its own.
_MARKS_END = 0x12000


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text, [start, end) in code points, and its label; `said` is its text as the annotator has it.

    `at` is where it stands in the record.
    """

    start: int
    end: int
    label: str
    at: Pointer = ()
    said: str | None = None


@cache
def _word() -> re.Pattern[str]:
    """Return what a word is; the table of punctuation is made once, when the first text comes."""
    marks = "".join(chr(code) for code in range(_MARKS_END) if _is_mark(chr(code)))
    cjk = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ceaf\U0002f800-\U0002fa1f"
    closed = f"{re.escape(marks)}{cjk}"
    return re.compile(f"[^\\s{closed}]+|[{closed}]")


def _is_mark(character: str) -> bool:
    ascii_mark = character < "\x7f" and not character.isalnum() and character > " "
    return ascii_mark or unicodedata.category(character).startswith("P")


@lru_cache(maxsize=64)  # a text is looked at for faults, for units and for tags, one after the other
def words(text: str) -> tuple[Place, ...]:
    """Return where the words of a text stand, in order."""
    return tuple(match.span() for match in _word().finditer(text))


# ---------------------------------------------------------------------------------------------------- there


def tagged(text: str, spans: Sequence[Span] | None, tokens: Sequence[Place] | None = None) -> dict[str, Any]:
    """Return the canonical fields of a text with spans that `faults` finds nothing wrong with; BIO tags.

    `tokens` are given ones, else the words are taken. Without `spans` (None) the text is not annotated.
    """
    spans = in_points(text, spans or ()) if spans is not None else None
    places = list(tokens) if tokens is not None else _cut(words(text), spans or ())
    tags = None
    if spans is not None:
        tags = ["O"] * len(places)
        for span in spans:
            inside = [index for index, (start, end) in enumerate(places) if span.start <= start and end <= span.end]
            for index in inside:
                tags[index] = f"{'I' if index != inside[0] else 'B'}-{span.label}"
    offsets = [list(place) for place in places]
    return {"input": [text[start:end] for start, end in places], "target": tags, "text": text, "offsets": offsets}


def _cut(places: Sequence[Place], spans: Sequence[Span]) -> list[Place]:
    edges = sorted({edge for span in spans for edge in (span.start, span.end)})
    if not edges:
        return list(places)
    made = []
    for start, end in places:
        inner = [edge for edge in edges if start < edge < end]
        made += list(zip([start, *inner], [*inner, end], strict=True))
    return made


def in_points(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return spans with offsets in code points, in order; they are taken for UTF-16 where only that fits."""
    chosen = [_from_utf16(text, span) for span in spans] if in_utf16(text, spans) else spans
    return sorted(chosen, key=lambda span: (span.start, span.end))


def in_utf16(text: str, spans: Sequence[Span]) -> bool:
    """Whether offsets fit as UTF-16 code units and not as code points: the texts they are said to mark, else the end.

    Offsets that fit both ways are code points; a span that is then off by one cuts a word (SFT110).
    """
    if text.isascii() or max(text, default="") <= "\uffff" or not spans or _fit(text, spans):
        return False
    others = [_from_utf16(text, span) for span in spans]
    return _fit(text, others)


def _fit(text: str, spans: Sequence[Span]) -> bool:
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            return False
        if span.said is not None and text[span.start : span.end] != span.said:
            return False
    return True


def _from_utf16(text: str, span: Span) -> Span:
    """Return a span with its offsets counted anew; -1 where one is no place between two characters."""
    units = [0]
    for character in text:
        units.append(units[-1] + 1 + (character > "\uffff"))
    places = {unit: index for index, unit in enumerate(units)}
    return replace(span, start=places.get(span.start, -1), end=places.get(span.end, -1))


# ---------------------------------------------------------------------------------------------------- what is wrong


def faults(text: str, spans: Sequence[Span] | None, tokens: Sequence[Place] | None = None) -> Iterator[Fault]:
    """Find the spans that no tags can say, and what is odd about the others."""
    if not spans:
        return
    if in_utf16(text, spans):
        message = "the offsets fit in UTF-16 code units and not in code points; they are read as such"
        yield Fault("SFT111", spans[0].at, message)
    spans = in_points(text, spans)
    bad = [found for span in spans if (found := _unusable(text, span)) is not None]
    yield from bad
    if bad:
        return
    yield from _overlapping(text, spans)
    edges = {edge for place in tokens for edge in place} if tokens is not None else None
    inner = {at for start, end in words(text) for at in range(start + 1, end)}
    for span in spans:
        words_inside = tokens if tokens is not None else [(span.start, span.end)]
        cut = text[span.start : span.end]
        if edges is not None and not {span.start, span.end} <= edges:
            yield Fault("SFT109", span.at, f"the span {_quoted(cut)} does not begin and end with a token")
        elif tokens is not None and not any(span.start <= start and end <= span.end for start, end in words_inside):
            yield Fault("SFT109", span.at, f"the span {_quoted(cut)} holds no token")
        elif tokens is None and (span.start in inner or span.end in inner):
            message = f"the span {_quoted(cut)} begins or ends inside a word, which is cut there"
            yield Fault("SFT110", span.at, message + _in_utf16_instead(text, span))


def _in_utf16_instead(text: str, span: Span) -> str:
    """Say what a span of code points would be in UTF-16, where that is whole words: an emoji stands before it."""
    other = _from_utf16(text, span)
    if text.isascii() or not 0 <= other.start < other.end or (other.start, other.end) == (span.start, span.end):
        return ""
    cut = text[other.start : other.end]
    inner = any(start < at < end for start, end in words(text) for at in (other.start, other.end))
    return "" if inner or cut != cut.strip() else f"; counted in UTF-16 it would be {_quoted(cut)}"


def _unusable(text: str, span: Span) -> Fault | None:
    if not 0 <= span.start < span.end <= len(text):
        message = f"a span from {span.start:,} to {span.end:,} in a text of {len(text):,} characters"
        return Fault("SFT109", span.at, message, f"0 to {len(text):,}, in order", f"{span.start}, {span.end}")
    cut = text[span.start : span.end]
    if span.said is not None and cut != span.said:
        message = (
            f"the text has {_quoted(cut)} at {span.start:,} to {span.end:,}, but the span says {_quoted(span.said)}"
        )
        return Fault("SFT109", span.at, message, _quoted(span.said), _quoted(cut))
    if not cut.strip():
        return Fault("SFT109", span.at, f"a span of blanks only, at {span.start:,} to {span.end:,}")
    if not span.label:
        return Fault("SFT109", span.at, f"the span {_quoted(cut)} has no label")
    return None


def _overlapping(text: str, spans: Sequence[Span]) -> Iterator[Fault]:
    last = spans[0]
    for span in spans[1:]:
        if span.start < last.end:
            one, other = _quoted(text[last.start : last.end]), _quoted(text[span.start : span.end])
            message = f"the spans {one} ({clip(last.label, 30)}) and {other} ({clip(span.label, 30)}) overlap"
            yield Fault("SFT109", span.at, message)
        last = max(last, span, key=lambda each: each.end)


def _quoted(text: str) -> str:
    return f'"{clip(text, 40)}"'


# ---------------------------------------------------------------------------------------------------- and back

_TAG = re.compile(r"(?P<letter>[BIESLUM])-(?P<type>.+)", re.DOTALL)
_BEHIND = re.compile(r"(?P<type>.+)-(?P<letter>[BIESLUM])", re.DOTALL)


def running_text(row: Mapping[str, Any]) -> tuple[str, list[Place]]:
    """Return the text of a canonical row and where its tokens stand; without one the tokens with blanks between."""
    tokens: Sequence[str] = row["input"]
    if row.get("text") is not None and row.get("offsets") is not None:
        return row["text"], [(start, end) for start, end in row["offsets"]]
    places, at = [], 0
    for token in tokens:
        places.append((at, at + len(token)))
        at += len(token) + 1
    return " ".join(tokens), places


def spans_of(row: Mapping[str, Any]) -> tuple[str, list[Span] | None, list[Place]]:
    """Return the text of a canonical row, its spans, and where its tokens stand; without tags the spans are None.

    A run of one type is a span; B, S and U begin one, E, S and L end it. Types may stand before their letters.
    A tag of no scheme is a span by itself.

    Raises:
        UsageError: the tags are ids, of which nobody knows which one stands for no span.
    """
    text, places = running_text(row)
    if row["target"] is None:
        return text, None, places
    if row["target"] and all(map(str.isdecimal, row["target"])):
        said = f"the tags are ids (first at {where_of(row)}), and which of them is O is not said"
        raise UsageError(f"{said}: name them with --labels FILE, a line 0=O for each")
    made: list[Span] = []
    is_open = False
    for (start, end), tag in zip(places, row["target"], strict=False):
        if tag == "O":
            is_open = False
            continue
        match = _TAG.fullmatch(tag) or _BEHIND.fullmatch(tag)
        letter, label = (match["letter"], match["type"]) if match else ("S", tag)
        if is_open and made[-1].label == label and letter not in "BSU":
            made[-1] = replace(made[-1], end=end)
        else:
            made.append(Span(start, end, label))
        is_open = letter not in "ESLU"
    return text, made, places
