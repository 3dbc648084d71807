"""Training data of Rasa NLU in JSON, as it was before YAML: what stands under `rasa_nlu_data` and `common_examples`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sftformat.errors import UsageError
from sftformat.formats import jsonl, jsontext, yamltext
from sftformat.formats.itemized import Itemized
from sftformat.formats.rasa import aside_notes
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source, fault
from sftformat.record import Batch

_SPACE = re.compile(r"[ \t\r\n]*")
_PATH = ("rasa_nlu_data", "common_examples")


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:  # noqa: ARG001 - every reader is called alike
    """Yield the examples of a file as they stand; an element that is no record is a reject.

    Raises:
        InputError: the file is no JSON, or there are no examples in it.
    """
    text = yamltext.text_of(source)
    batch = Itemized(source, text)
    aside: Counter[str] = Counter()
    marked, line, seen = 0, 1, 0
    for start, stop in _elements(source, text, aside):
        line, seen = line + text.count("\r" if source.line_end == "\r" else "\n", seen, start), start
        value, wrong = jsontext.value(text[start:stop].encode("utf-8", "surrogatepass"))
        if wrong is not None or type(value) is not dict:
            found = jsonl.explain(source, wrong, value, line, batch.byte(line))
            batch.reject(line, found)
        else:
            marked += bool(value.get("entities"))
            batch.add(value, line)
        if batch.full:
            yield batch.flush()
    batch.notes += aside_notes(source, {name: count for name, count in aside.items() if count}, marked)
    yield batch.flush()


def _elements(source: Source, text: str, aside: Counter[str]) -> Iterator[tuple[int, int]]:
    """Yield where each example begins and ends."""
    try:
        at = _under(text, 0, _PATH[0], aside)
        at = _under(text, at, _PATH[1], aside)
        yield from list(_items(text, at))
    except (ValueError, RecursionError) as error:
        message = f"no JSON of Rasa: {error}"
        raise fault("SFT016", source.name, message, hint="mend it there; nothing was read") from None


def _under(text: str, at: int, wanted: str, aside: Counter[str]) -> int:
    """Return where the value of a name begins in the object at a place; other lists of it are counted."""
    found = -1
    for name, start, value in _members(text, at):
        if name == wanted and found >= 0:
            raise ValueError(f"{wanted!r} stands twice")
        if name == wanted:
            found = start
        elif isinstance(value, list):
            aside[name] += len(value)
    if found < 0:
        raise ValueError(f"no {wanted!r}")
    return found


def _members(text: str, at: int) -> Iterator[tuple[str, int, Any]]:
    """Yield name, place and value of the members of an object."""
    at = _mark(text, at, "{")
    while text[at : at + 1] != "}":
        name, at = _value(text, at)
        at = _mark(text, at, ":")
        value, end = _value(text, at)
        yield str(name), at, value
        at = _next(text, end, "}")


def _items(text: str, at: int) -> Iterator[tuple[int, int]]:
    at = _mark(text, at, "[")
    while text[at : at + 1] != "]":
        _, end = _value(text, at)
        yield at, end
        at = _next(text, end, "]")


def _value(text: str, at: int) -> tuple[Any, int]:
    return json.JSONDecoder(parse_int=str, parse_float=str).raw_decode(text, at)


def _after_blanks(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _mark(text: str, at: int, mark: str) -> int:
    """Return where what comes after a mark begins, the blanks around it left out."""
    at = _after_blanks(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"{mark!r} was expected at character {at + 1}")
    return _after_blanks(text, at + 1)


def _next(text: str, at: int, end: str) -> int:
    at = _after_blanks(text, at)
    if text[at : at + 1] == end:
        return at
    at = _mark(text, at, ",")
    if text[at : at + 1] == end:
        raise ValueError(f"a value was expected at character {at + 1}")
    return at


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Refuse: Rasa itself has left this form.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"{path.name}: Rasa's JSON is not written; write .yml, or .md for the older versions")
