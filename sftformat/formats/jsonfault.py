"""What is wrong with a JSON text: where, and what was expected there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import isinf

from sftformat.diagnostics import clip

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


def find_fault(text: bytes, *, once: bool = True) -> Fault | None:
    """Return what keeps a text from being exactly one JSON value of RFC 8259 that can be kept, or None.

    Codes: SFT001 syntax, SFT003 duplicate key, SFT004 a number that is none, SFT005 lone surrogate, SFT006 not UTF-8,
    SFT008 NUL byte, SFT010 too deep. Without `once` a key may stand twice, as the RFC allows.
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
        _check(decoded, once)
    except _Stop as stop:
        byte = len(decoded[: stop.at].encode())
        return Fault(stop.code, byte, f"column {_column(decoded, stop.at)}: {stop.message}", stop.cut)
    return None


def _column(text: str, at: int) -> int:
    """Return the 1-based column of a character in its line."""
    return at - text.rfind("\n", 0, at)


def _check(text: str, once: bool) -> None:
    """Walk over one value; raises _Stop at the first thing that is wrong."""
    stack: list[set[str] | None] = []  # the keys seen of each open object, None for an array
    at = _space(text, 0)
    while True:
        at, opened = _value(text, at, stack)
        if opened and not _closes_at_once(text, at, stack):
            at = _member(text, at, stack, once)
            continue
        at = _after_value(text, at, stack, opened)
        if not stack:
            break
        at = _member(text, at, stack, once)
    at = _space(text, at)
    if at < len(text):
        raise _Stop("SFT001", at, f"the end of the record was expected, got {clip(text[at : at + 30], 24)!r}")


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _closes_at_once(text: str, at: int, stack: list[set[str] | None]) -> bool:
    at = _space(text, at)
    return text[at : at + 1] == ("]" if stack[-1] is None else "}")


def _member(text: str, at: int, stack: list[set[str] | None], once: bool) -> int:
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
    if key in seen and once:
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
