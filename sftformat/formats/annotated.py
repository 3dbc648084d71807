"""Texts with entities marked as Rasa does: `to [Berlin](city)`, `to [NYC]{"entity": "city", "value": "New York"}`.

The text is what stands there without the marks. Entities have the form that Rasa has for them in JSON: `start`, `end`
(code points of the text), `value`, `entity`, and perhaps `role` and `group`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sftformat.record import decode_json, encode_json

#: As in Rasa: a text in brackets, then a name in parentheses, an object, or a list of objects.
_MARK = re.compile(
    r"\[(?P<text>[^\]]+?)\](\((?P<name>[^:)]+?)(?::(?P<value>[^)]+))?\)|\{(?P<one>[^}]+?)\}|\[(?P<all>.*?)\])"
)
_HELD = frozenset({"start", "end", "value", "entity", "role", "group"})
Entity = Mapping[str, Any]


def read(marked: str) -> tuple[str, list[dict[str, Any]]] | str:
    """Return the text without its marks and the entities that they mark, or what is wrong with a mark."""
    pieces: list[str] = []
    found: list[dict[str, Any]] = []
    at = length = 0
    for mark in _MARK.finditer(marked):
        text = mark["text"]
        pieces += [marked[at : mark.start()], text]
        start = length + mark.start() - at
        length, at = start + len(text), mark.end()
        said = _said(mark)
        if isinstance(said, str):
            return said
        found += [{"start": start, "end": length, "value": text, **each} for each in said]
    return "".join([*pieces, marked[at:]]), found


def _said(mark: re.Match[str]) -> list[dict[str, Any]] | str:
    """Return what a mark says of its text, or why it says nothing."""
    if mark["name"] is not None:
        return [{"entity": mark["name"], **({"value": mark["value"]} if mark["value"] else {})}]
    try:
        said = decode_json("{" + mark["one"] + "}" if mark["one"] is not None else f"[{mark['all']}]")
    except msgspec.DecodeError:
        return f"what marks {mark['text']!r} is no JSON"
    several = said if isinstance(said, list) else [said]
    if not all(isinstance(each, dict) and isinstance(each.get("entity"), str) for each in several):
        return f"what marks {mark['text']!r} names no entity"
    return [{key: value for key, value in each.items() if key not in ("start", "end")} for each in several]


def write(text: str, entities: Sequence[Entity]) -> str | None:
    """Return a text with its entities marked, such that `read` gives both back; None where no marks can say them."""
    spans: dict[tuple[int, int], list[Entity]] = {}
    for each in entities:
        if not isinstance(each, Mapping) or not {"start", "end", "entity"} <= each.keys() <= _HELD:
            return None
        spans.setdefault((each["start"], each["end"]), []).append(each)
    pieces: list[str] = []
    at = 0
    for (start, end), held in spans.items():
        if not (isinstance(start, int) and isinstance(end, int) and at <= start < end <= len(text)):
            return None
        pieces += [text[at:start], _mark(text[start:end], held)]
        at = end
    marked = "".join([*pieces, text[at:]])
    again = read(marked)
    whole = [{"value": text[each["start"] : each["end"]], **each} for each in entities]
    return marked if again == (text, whole) else None


def _mark(text: str, held: Sequence[Entity]) -> str:
    said = [{key: value for key, value in each.items() if key not in ("start", "end")} for each in held]
    said = [{key: value for key, value in each.items() if (key, value) != ("value", text)} for each in said]
    if len(said) == 1 and said[0].keys() == {"entity"} and re.fullmatch(r"[\w-]+", str(said[0]["entity"])):
        return f"[{text}]({said[0]['entity']})"
    return f"[{text}]" + encode_json(said[0] if len(said) == 1 else said).decode()
