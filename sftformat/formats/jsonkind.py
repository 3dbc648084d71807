"""JSON, JSON Lines or a table whose first cell begins with a bracket: told from how a text begins."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sftformat.formats import jsonfault
from sftformat.formats.source import Source, fault

_AZURE = re.compile(rb'"documents"\s*:\s*\[\s*\{\s*"location"')


@dataclass(frozen=True, slots=True)
class Start:
    """The first line of a text that is not blank, whether it is whole, and what follows it."""

    line: bytes
    whole: bool
    rest: bytes


def start_of(source: Source, text: bytes, complete: bool) -> Start:
    body = text.lstrip(jsonfault.BLANK)
    line, newline, rest = body.partition(b"\r" if source.line_end == "\r" else b"\n")
    return Start(line.strip(jsonfault.BLANK), bool(newline) or complete, rest.strip(jsonfault.BLANK))


def array_or_lines(start: Start, hint: str) -> str | None:
    """A text that starts with `[`: one JSON array, or rows that are (wrongly) arrays, or neither."""
    wrong = jsonfault.find_fault(start.line)
    if wrong is None:
        # A whole array on the first line: with more lines of JSON after it, it is one row of many.
        if start.rest[:1] in (b"[", b"{"):
            return "jsonl"
        return "json" if hint != "jsonl" or start.line[1:].lstrip(jsonfault.BLANK)[:1] == b"{" else "jsonl"
    if hint in ("csv", "tsv") and not wrong.cut:
        return None
    if hint == "jsonl" and not wrong.cut and start.line[1:].lstrip(jsonfault.BLANK)[:1] != b"{":
        return "jsonl"
    return "json"


def object_or_lines(source: Source, start: Start, text: bytes, complete: bool) -> str | None:
    """A text that starts with `{`: JSON Lines, or one object over several lines, which is refused."""
    hint = source.format
    wrong = jsonfault.find_fault(start.line)
    one = False
    if wrong is None or wrong.code != "SFT001":
        one = hint == "json" and not start.rest and complete
    elif wrong.cut and (start.rest or hint == "json"):
        # Bytes that are no UTF-8 say nothing about where an object ends.
        all_of_it = jsonfault.find_fault(text.decode("utf-8", "replace").encode())
        one = all_of_it is None or all_of_it.code != "SFT001" or (all_of_it.cut and (not complete or hint == "json"))
    if one and _holds_records(text.decode("utf-8", "replace")):
        return "json-lists"
    if one:
        message = "one JSON object, not an array of records or JSON Lines"
        hint = "write one object a line, or put the objects into an array, which may stand under 'data'"
        if _AZURE.search(text):
            message = (
                "a project of Azure Language, whose texts stand in files of their own, which are never followed: "
                "put each text beside its category, as in {text, label}"
            )
            hint = ""
        raise fault("SFT002", source.name, message, line=1, byte=source.bom, hint=hint)
    if hint in ("csv", "tsv") and wrong is not None:
        return None
    return "jsonl"


def _holds_records(text: str) -> bool:
    from sftformat.formats import json_lists

    return json_lists.holds_records(text)
