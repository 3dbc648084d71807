"""JSON texts as exact values: fast where nothing can be wrong, and a place and a reason where something is."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from math import isinf
from typing import Any

import msgspec
import numpy as np

from sftformat.formats.jsonfault import BLANK, MAX_DEPTH, Fault, find_fault
from sftformat.formats.lines import occurrences
from sftformat.record import Number

_Numbers = np.ndarray[Any, np.dtype[np.int64]]

_MINUS_ZERO = re.compile(rb"(?<![^\s:,\[])-0(?=[\s,\]}]|\Z)")
#: The same, to look for in long texts: what begins with a letter is found many times as fast.
_ZERO = re.compile(rb"-0(?=[\s,\]}]|\Z)")
_MARK, _QUOTE, _BACKSLASH, _BLANK = b':"\\ '
#: Known without looking: a file may hold very many blank lines.
_NOTHING = Fault("SFT001", 0, "column 1: a value was expected, got the end of the text", True)


def _number(text: str) -> Number:
    # Only an exponent or very many digits can pass the largest double; 1e400 is refused, 1e-400 keeps its text.
    if ("e" in text or "E" in text or len(text) > 300) and isinf(float(text)):
        raise ValueError("a number beyond every range")
    return Number(text)


_decoder = msgspec.json.Decoder(float_hook=_number)
#: A JSON text as its value; a key may stand twice, and more that `value` looks at.
decode = _decoder.decode
#: What the decoder raises for a text it refuses; the exact reader then says why.
REFUSED = (msgspec.DecodeError, ValueError, RecursionError)


def values(
    texts: Sequence[bytes],
    whole: bytes,
    longest: int,
    ends: _Numbers | None = None,
    together: Callable[[bytes], list[Any]] = _decoder.decode_lines,
) -> tuple[list[Any], dict[int, Fault]]:
    """Return the value of each text, and for those that are not one JSON value (None in the list) the fault by index.

    `whole` is all texts in one piece, or anything that holds them, `longest` the length of the longest. Where they are
    the lines of `whole`, and each begins with `{` and ends with `}`, `ends` may say where each of them ends in it;
    where commas are between them instead of line ends, `together` is `elements`. A value need not be an object.
    """
    try:
        # A line end between `}` and `{` is never inside a value, and neither is a comma outside of all brackets. So no
        # value goes on into the next text, each holds one at least, and where there are as many as texts, it holds one.
        read = together(whole) if ends is not None else None
        read = read if read is not None and len(read) == len(texts) else None
        found = read or [decode(text) for text in texts]
        doubtful = _maybe_twice(texts, found, whole, ends if read else None)
    except (*REFUSED, TypeError):
        return _one_by_one(texts)
    faults: dict[int, Fault] = {}
    for index in {*doubtful, *_unseen_by_decoder(texts, whole, longest)}:
        found[index], fault = value(texts[index])
        if fault:
            faults[index] = fault
    return found, faults


def elements(whole: bytes) -> list[Any]:
    """Return the values of an array without its brackets."""
    found: list[Any] = decode(b"[%b]" % whole)
    return found


def _unseen_by_decoder(texts: Sequence[bytes], whole: bytes, longest: int) -> list[int]:
    """Return the indices of texts that may be too deep or hold a `-0`: the decoder would take both."""
    doubtful = []
    # One byte is found many times as fast as two; most texts hold no minus at all.
    if b"-" in whole and any(_MINUS_ZERO.match(whole, each.start()) for each in _ZERO.finditer(whole)):
        doubtful += [index for index, text in enumerate(texts) if b"-0" in text and _MINUS_ZERO.search(text)]
    # Five hundred brackets to open and as many to close make a text long.
    if longest > 2 * MAX_DEPTH:
        doubtful += [index for index, text in enumerate(texts) if _brackets(text) > MAX_DEPTH]
    return doubtful


def _brackets(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _maybe_twice(texts: Sequence[bytes], found: list[Any], whole: bytes, ends: _Numbers | None) -> list[int]:
    """Return the indices of texts in which a key stands twice: there are fewer keys in the value than in the text.

    Every key as written has a colon, so equal numbers are proof. Where they differ, the keys of the text are counted
    exactly. With `ends` all values are objects, and all texts are looked at together first.
    """
    looked_at: Sequence[int] = range(len(found))
    if ends is not None or set(map(type, found)) <= {dict}:
        keys = np.fromiter(map(len, found), np.int64, len(found))
        if occurrences(whole, b":") == keys.sum():
            return []
        looked_at = looked_at if ends is None else _fewer(keys, whole, ends)
    return _twice(texts, found, looked_at)


def _twice(texts: Sequence[bytes], found: list[Any], looked_at: Sequence[int]) -> list[int]:
    """Return those of some indices whose text has more keys than its value."""
    written = zip(looked_at, _keys_written([texts[index] for index in looked_at]), strict=True)
    return [index for index, keys in written if not _has_keys(found[index], keys)]


def _has_keys(value: Any, count: int) -> bool:
    """Whether the objects in a value have so many keys, of which no fewer are written."""
    return (type(value) is dict and len(value) == count) or _keys(value) == count


def _fewer(keys: _Numbers, whole: bytes, ends: _Numbers) -> list[int]:
    """Return the indices of the lines of `whole` whose value has fewer `keys` at its top than the line may have in all.

    A colon behind a quote, with one blank between or not, may be that of a key, and so may one behind more blanks;
    behind a quote with one backslash before it, it is inside a string.
    """
    characters = np.frombuffer(whole, np.uint8)
    colons = np.flatnonzero(characters == _MARK)
    colons = colons[colons > 2]
    one, two, three, four = (characters[colons - steps] for steps in (1, 2, 3, 4))
    apart = one <= _BLANK
    free = (three != _BACKSLASH) | (four == _BACKSLASH)
    marks = np.where(apart, (two <= _BLANK) | ((two == _QUOTE) & free), one == _QUOTE)
    marks &= apart | (two != _BACKSLASH) | (three == _BACKSLASH)
    written = np.bincount(np.searchsorted(ends, colons[marks]), minlength=len(ends))
    return np.flatnonzero(written != keys).tolist()


def _keys_written(texts: Sequence[bytes]) -> list[int]:
    """Return the number of keys in each of some JSON texts: of the colons that stand in no string."""
    whole = b"\n".join(texts).replace(b"\\\\", b"__")  # now a quote is escaped where a backslash stands before it
    characters = np.frombuffer(b" " + whole, np.uint8)
    quotes = np.flatnonzero((characters[1:] == _QUOTE) & (characters[:-1] != _BACKSLASH))
    colons = np.flatnonzero(characters[1:] == _MARK)
    colons = colons[np.searchsorted(quotes, colons) % 2 == 0]
    ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64)
    found: list[int] = np.bincount(np.searchsorted(ends, colons, "right"), minlength=len(texts)).tolist()
    return found


def _keys(value: Any) -> int:
    """Count the keys of all objects in a value."""
    count = 0
    stack = [value]
    while stack:
        value = stack.pop()
        if type(value) is dict:
            count += len(value)
            stack.extend(inner for inner in value.values() if type(inner) in (dict, list))
        elif type(value) is list:
            stack.extend(inner for inner in value if type(inner) in (dict, list))
    return count


def _one_by_one(texts: Sequence[bytes]) -> tuple[list[Any], dict[int, Fault]]:
    found: list[Any] = []
    faults: dict[int, Fault] = {}
    unsure = []
    for index, text in enumerate(texts):
        result, fault = _quick(text)
        found.append(result)
        if fault:
            faults[index] = fault
        elif not (type(result) is dict and text.count(b":") == len(result)):
            unsure.append(index)
    for index in _twice(texts, found, unsure):
        found[index], fault = value(texts[index])
        if fault:
            faults[index] = fault
    return found, faults


def _quick(text: bytes) -> tuple[Any, Fault | None]:
    """As `value`, but a key may stand twice."""
    if not text.strip(BLANK):
        return None, _NOTHING
    if len(text) <= MAX_DEPTH or _brackets(text) <= MAX_DEPTH:
        try:
            result = decode(text)
        except REFUSED:
            return value(text)
        if not (b"-0" in text and _MINUS_ZERO.search(text)):
            return result, None
    return value(text)


def value(text: bytes, *, once: bool = True) -> tuple[Any, Fault | None]:
    """Return (value, None) for exactly one JSON value, or (None, what is wrong with it).

    Without `once` a key may stand twice in an object; the last one counts.
    """
    wrong = find_fault(text, once=once) if text.strip(BLANK) else _NOTHING
    if wrong:
        return None, wrong
    if _MINUS_ZERO.search(text):
        # The decoder makes 0 of -0.
        return _on_fresh_stack(
            lambda: json.loads(
                text, parse_float=Number, parse_int=lambda digits: Number(digits) if digits == "-0" else int(digits)
            )
        ), None
    try:
        return decode(text), None
    except RecursionError:
        return _on_fresh_stack(lambda: decode(text)), None


def _on_fresh_stack(read: Any) -> Any:
    """Call `read` in a thread of its own: a text of legal depth is read however deep the caller stands."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(read()))
    thread.start()
    thread.join()
    return result[0]
