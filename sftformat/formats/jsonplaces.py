"""Where the parts of a JSON text stand: what is inside objects and arrays, by its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")


def members(text: str, at: int, *, cut: bool = False) -> Iterator[tuple[str, int, Any]]:
    """Yield name, place and value of the members of the object at a place; numbers are texts.

    With `cut` the text may end inside of it: the value of the last member is then None.

    Raises:
        ValueError, RecursionError: it is none.
    """
    at = _mark(text, at, "{")
    while text[at : at + 1] != "}":
        name, at = _value(text, at)
        at = _mark(text, at, ":")
        try:
            value, end = _value(text, at)
        except ValueError:
            if not cut:
                raise
            yield str(name), at, None
            return
        yield str(name), at, value
        at = _next(text, end, "}")


def items(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield where each element of the array at a place begins and ends.

    Raises:
        ValueError, RecursionError: it is none.
    """
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
