"""JSON texts as exact values: fast where nothing can be wrong, and a place and a reason where something is."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf
from typing import Any

import msgspec

from sftformat.diagnostics import clip
from sftformat.record import Number

#: Objects and arrays may stand in each other this deep.
MAX_DEPTH = 512
#: Python reads an integer of at most this many digits from text.
MAX_DIGITS = 4300

BLANK = b" \t\r\n"

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_STRING_START = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")
_WORD = re.compile(r"[-+.\w]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_MINUS_ZERO = re.compile(rb"(?<![^\s:,\[])-0(?![0-9.eE])")
_COLON = re.compile(rb'"[ \t\r\n]*+:')
_NOT_JSON = {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity", "+Infinity": "+Infinity", "-NaN": "NaN"}
_PYTHON_WORDS = {"None": "null", "True": "true", "False": "false"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no JSON value: a code, the 0-based byte in the text, words; `cut` says that the text breaks off."""

    code: str
    byte: int
    message: str
    cut: bool = False


class _Stop(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, code: str, at: int, message: str, cut: bool = False) -> None:
        super().__init__(message)
        self.code, self.at, self.message, self.cut = code, at, message, cut


def _number(text: str) -> Number:
    # Only an exponent or very many digits can pass the largest double; 1e400 is refused, 1e-400 keeps its text.
    if ("e" in text or "E" in text or len(text) > 300) and isinf(float(text)):
        raise ValueError("a number beyond every range")
    return Number(text)


_decode = msgspec.json.Decoder(float_hook=_number).decode
#: What the decoder raises for a text it refuses; the exact reader then says why.
_REFUSED = (msgspec.DecodeError, ValueError, RecursionError)


def values(texts: Sequence[bytes], whole: bytes) -> tuple[list[Any], dict[int, Fault]]:
    """Return the value of each text, and for those that are not one JSON value (None in the list) the fault by index.

    `whole` is all texts in one piece, or anything that holds them. A value need not be an object.
    """
    try:
        found = [_decode(text) for text in texts]
        colons = [text.count(b":") for text in texts]
        plain = colons == list(map(len, found)) and _all_objects(found)
        doubtful = [] if plain else _maybe_twice(texts, found, colons)
    except (*_REFUSED, TypeError):
        return _one_by_one(texts)
    faults: dict[int, Fault] = {}
    for index in {*doubtful, *_unseen_by_decoder(texts, whole)}:
        found[index], fault = value(texts[index])
        if fault:
            faults[index] = fault
    return found, faults


def _all_objects(found: list[Any]) -> bool:
    return set(map(type, found)) <= {dict}


def _unseen_by_decoder(texts: Sequence[bytes], whole: bytes) -> list[int]:
    """Return the indices of texts that may be too deep or hold a `-0`: the decoder would take both."""
    doubtful = []
    if b"-0" in whole and _MINUS_ZERO.search(whole):
        doubtful += [index for index, text in enumerate(texts) if _MINUS_ZERO.search(text)]
    # Five hundred brackets to open and as many to close make a text long.
    if max(map(len, texts), default=0) > 2 * MAX_DEPTH:
        doubtful += [index for index, text in enumerate(texts) if _brackets(text) > MAX_DEPTH]
    return doubtful


def _brackets(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _maybe_twice(texts: Sequence[bytes], found: list[Any], colons: list[int]) -> list[int]:
    """Return the indices of texts in which a key may stand twice: there are fewer keys in the value than in the text.

    Every key as written has a colon, so equal numbers are proof; where they differ, colons inside strings are left out.
    """
    return [
        index
        for index, (value, count) in enumerate(zip(found, colons, strict=True))
        if not (type(value) is dict and len(value) == count) and _keys(value) != _keys_written(texts[index])
    ]


def _keys_written(text: bytes) -> int:
    """Return the number of keys in a JSON text, or more than that when its strings look like keys."""
    if b" :" in text or b"\t:" in text or b"\n:" in text or b"\r:" in text:
        return len(_COLON.findall(text))
    marks = text.count(b'":')
    # Where no backslash is escaped, `\":` is always a quote inside a string, hence no key.
    return marks if b"\\\\" in text else marks - text.count(b'\\":')


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
    for index, text in enumerate(texts):
        result, fault = _quick(text)
        found.append(result)
        if fault:
            faults[index] = fault
    return found, faults


def _quick(text: bytes) -> tuple[Any, Fault | None]:
    if not text.strip(BLANK):
        return None, Fault("SFT001", 0, "column 1: a value was expected, got nothing", True)
    if len(text) <= MAX_DEPTH or _brackets(text) <= MAX_DEPTH:
        try:
            result = _decode(text)
        except _REFUSED:
            return value(text)
        certain = type(result) is dict and (text.count(b":") == len(result) or _keys(result) == _keys_written(text))
        if certain and not (b"-0" in text and _MINUS_ZERO.search(text)):
            return result, None
    return value(text)


def value(text: bytes) -> tuple[Any, Fault | None]:
    """Return (value, None) for exactly one JSON value, or (None, what is wrong with it)."""
    wrong = find_fault(text)
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
        return _decode(text), None
    except RecursionError:
        return _on_fresh_stack(lambda: _decode(text)), None


def _on_fresh_stack(read: Any) -> Any:
    """Call `read` in a thread of its own: a text of legal depth is read however deep the caller stands."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(read()))
    thread.start()
    thread.join()
    return result[0]


def find_fault(text: bytes) -> Fault | None:
    """Return what keeps a text from being exactly one JSON value of RFC 8259 that can be kept, or None.

    Codes: SFT001 syntax, SFT003 duplicate key, SFT004 a number that is none, SFT005 lone surrogate, SFT006 not UTF-8,
    SFT008 NUL byte, SFT010 too deep.
    """
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data"
        return Fault("SFT006", error.start, f"byte {text[error.start]:#04x} is not UTF-8", cut)
    if "\0" in decoded:
        at = text.index(b"\0")
        return Fault("SFT008", at, f"a NUL byte at column {_column(decoded, decoded.index(chr(0)))}")
    try:
        _check(decoded)
    except _Stop as stop:
        byte = len(decoded[: stop.at].encode())
        return Fault(stop.code, byte, f"column {_column(decoded, stop.at)}: {stop.message}", stop.cut)
    return None


def _column(text: str, at: int) -> int:
    """Return the 1-based column of a character in its line."""
    return at - text.rfind("\n", 0, at)


def _check(text: str) -> None:
    """Walk over one value; raises _Stop at the first thing that is wrong."""
    stack: list[set[str] | None] = []  # the keys seen of each open object, None for an array
    at = _space(text, 0)
    while True:
        at, opened = _value(text, at, stack)
        if opened and not _closes_at_once(text, at, stack):
            at = _member(text, at, stack)
            continue
        at = _after_value(text, at, stack, opened)
        if not stack:
            break
        at = _member(text, at, stack)
    at = _space(text, at)
    if at < len(text):
        raise _Stop("SFT001", at, f"the end of the record was expected, got {clip(text[at : at + 30], 24)!r}")


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _closes_at_once(text: str, at: int, stack: list[set[str] | None]) -> bool:
    at = _space(text, at)
    return text[at : at + 1] == ("]" if stack[-1] is None else "}")


def _member(text: str, at: int, stack: list[set[str] | None]) -> int:
    """Return where the next value starts: in an object that is after the key and the colon."""
    at = _space(text, at)
    seen = stack[-1]
    if seen is None:
        if text[at : at + 1] == "]":
            raise _Stop("SFT001", at, "a value was expected after the comma, got ']' (a trailing comma?)")
        return at
    if text[at : at + 1] != '"':
        raise _expected("a key in double quotes", text, at)
    start = at
    key, at = _string(text, at)
    if key in seen:
        raise _Stop("SFT003", start, f"the key {clip(key, 60)!r} stands twice in one object")
    seen.add(key)
    at = _space(text, at)
    if text[at : at + 1] != ":":
        raise _expected("':' after the key", text, at)
    return _space(text, at + 1)


def _after_value(text: str, at: int, stack: list[set[str] | None], opened: bool) -> int:
    """Close what ends here; return where the next member starts, or the end when nothing is open."""
    first = opened  # an object or array that is empty closes without having had a value
    while stack:
        at = _space(text, at)
        close = "]" if stack[-1] is None else "}"
        mark = text[at : at + 1]
        if mark == close:
            stack.pop()
            at += 1
            first = False
        elif mark == "," and not first:
            return at + 1
        else:
            raise _expected(f"',' or '{close}'", text, at)
    return at


def _value(text: str, at: int, stack: list[set[str] | None]) -> tuple[int, bool]:
    """Return (where the value ends, False), or (where the inside of an object or array starts, True)."""
    mark = text[at : at + 1]
    if mark == '"':
        return _string(text, at)[1], False
    if mark in ("{", "["):
        stack.append(set() if mark == "{" else None)
        if len(stack) > MAX_DEPTH:
            raise _Stop("SFT010", at, f"nested deeper than {MAX_DEPTH}")
        return at + 1, True
    match = _WORD.match(text, at)
    if not match:
        raise _expected("a value", text, at)
    word = match.group()
    if word in ("true", "false", "null"):
        return match.end(), False
    number = _NUMBER.fullmatch(word)
    if not number:
        raise _bad_word(word, text, at)
    _check_number(number, at)
    return match.end(), False


def _check_number(number: re.Match[str], at: int) -> None:
    digits = number.group()
    if number.group(1) is None and number.group(2) is None:
        if len(digits.lstrip("-")) > MAX_DIGITS:
            raise _Stop("SFT004", at, f"an integer of {len(digits)} digits; at most {MAX_DIGITS} can be kept")
    elif isinf(float(digits)):
        raise _Stop("SFT004", at, f"the number {clip(digits, 40)} is beyond every range")


def _bad_word(word: str, text: str, at: int) -> _Stop:
    if word in _NOT_JSON:
        return _Stop("SFT004", at, f"{_NOT_JSON[word]} is not a JSON number")
    ends = at + len(word) == len(text)
    cut = ends and (
        any(full.startswith(word) for full in ("true", "false", "null")) or bool(_NUMBER.fullmatch(word + "0"))
    )
    if word in _PYTHON_WORDS:
        return _Stop("SFT001", at, f"a value was expected, got {word}; JSON writes {_PYTHON_WORDS[word]}")
    return _Stop("SFT001", at, f"a value was expected, got {clip(word, 24)!r}", cut)


def _expected(what: str, text: str, at: int) -> _Stop:
    if at >= len(text):
        return _Stop("SFT001", at, f"{what} was expected, got the end of the text", True)
    got = text[at : at + 1]
    if got == "'":
        return _Stop("SFT001", at, f"{what} was expected, got a single quote; JSON has double quotes only")
    if got == "}" and what.startswith("a key"):
        return _Stop("SFT001", at, f"{what} was expected, got '}}' (a trailing comma?)")
    if got == "\ufeff":
        return _Stop("SFT001", at, f"{what} was expected, got a byte order mark")
    return _Stop("SFT001", at, f"{what} was expected, got {got!r}")


def _string(text: str, at: int) -> tuple[str, int]:
    match = _STRING.match(text, at)
    if not match:
        raise _bad_string(text, at)
    token = match.group()
    if "\\" not in token:
        return token[1:-1], match.end()
    decoded: str = json.loads(token)
    if "\\u" in token and _SURROGATE.search(decoded):
        raise _Stop("SFT005", at, "a string holds half of a UTF-16 pair (a lone surrogate)")
    return decoded, match.end()


def _bad_string(text: str, start: int) -> _Stop:
    match = _STRING_START.match(text, start)
    at = match.end() if match else start
    if at >= len(text) or _CUT_ESCAPE.match(text, at):
        return _Stop("SFT001", at, "the closing quote of a string was expected, got the end of the text", True)
    if text[at] == "\\":
        return _Stop("SFT001", at, f"{clip(text[at : at + 6], 8)!r} is not an escape of JSON")
    return _Stop("SFT001", at, f"a string may not hold the control character {text[at]!r}; it is written as an escape")
