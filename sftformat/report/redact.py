"""`--redact`: a finding or a repair without any value of the data. What is shown is chosen, never what is hidden.

Shown are the code, the place, the names of files and of columns that the layout knows, numbers of ours, and what a
schema expects, without the values that it names. The message stays only for codes whose messages never hold a value; a
test plants values to prove it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sftformat.dataset.options import Detected
from sftformat.diagnostics import CODES, Diagnostic
from sftformat.repairs import REPAIRS
from sftformat.repairs.repair import Repaired
from sftformat.rules import RULES

#: Codes whose messages and hints are made of words, counts and places of ours alone.
WITHOUT_VALUES = frozenset(
    f"SFT{number:03}"
    for number in (2, 5, *range(7, 14), 17, 18, 23, *range(201, 205), 302, *range(401, 406), 407, 409, 501, 502, 503)
)
HIDDEN = "…"
#: What is said of keywords that name values, which may be those of the data, and of those that hold schemas.
_NAMED = {
    "enum": "one of the values of the schema",
    "const": "the value of the schema",
    "pattern": "what the pattern of the schema matches",
} | {
    keyword: f"what {keyword} of the schema says"
    for keyword in (
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "contains", "minContains", "maxContains"),
        *("dependencies", "dependentSchemas", "dependentRequired", "disallow", "extends"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "divisibleBy"),
    )
}
_KEYS = frozenset(each.name for each in REPAIRS if each.scope == "key")
_POSITION = re.compile(r"\A(?:column|row) [\d,]+: ")
# What Python and JSON put between quotes, also where the end was clipped; what follows "got"; columns that are listed,
# and those that are proposed for a field.
_QUOTED = re.compile(
    r"""'(?:[^'\\]|\\.)*(?:'|\Z)|"(?:[^"\\]|\\.)*(?:"|\Z)"""
    r"|(?<=--map input=)[^\s']+|(?<=--map target=)[^\s']+|(?<=--map input_pair=)[^\s']+"
    r"|(?<=\bgot ).*\Z|(?<=\bcolumns ).*(?=: (?:did you mean|--fix trims|name the fields)|; use --map)",
    re.DOTALL,
)


def redacted(found: Diagnostic, known: Collection[str]) -> Diagnostic:
    """Return a finding without values; of its pointer only indexes and the names in `known` stay."""
    path = _path(found.path, known)
    if found.code in WITHOUT_VALUES:
        return replace(found, path=path, expected="", got="")
    words, fix = _words()[found.code]
    position = _POSITION.match(found.message)
    if found.keyword and found.expected:
        # Only with `type` is what is there no more than the name of a type.
        got, expected = found.got if found.keyword == "type" else "", _NAMED.get(found.keyword, found.expected)
        words = f"{path or 'the record'}: expected {expected}" + (f", got {got}" if got else "")
        return replace(found, path=path, message=words, expected=expected, got=got, hint=fix)
    message = (position.group() if position else "") + words
    return replace(found, path=path, message=message, expected="", got="", hint=fix)


def redacted_repair(made: Repaired) -> Repaired:
    """Return a repair without values; its pointer leads into a canonical row, that of a key is the key itself."""
    return replace(made, path=f"/{HIDDEN}" if made.name in _KEYS else made.path, before=HIDDEN, after=HIDDEN)


def redacted_words(text: str) -> str:
    """Return the words of an error that ends a run without what it quotes."""
    return _QUOTED.sub(HIDDEN, text)


def names_of(found: Detected) -> Iterator[str]:
    """Yield the names of columns that the layout of an input knows."""
    for pointer in found.binding.at.values():
        yield from pointer
    yield from found.binding.at
    yield from _properties(found.binding.layout.schema)


def _properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, inner in schema.items():
            if key == "properties" and isinstance(inner, Mapping):
                yield from map(str, inner)
            yield from _properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _properties(inner)


def _path(pointer: str, known: Collection[str]) -> str:
    tokens = pointer.split("/")
    return "/".join(token if token == "" or token.isdecimal() or token in known else HIDDEN for token in tokens)


def _generic() -> Iterator[tuple[str, tuple[str, str]]]:
    for code in CODES.values():
        yield code.code, (code.finds, code.fix)
    for rule in RULES:
        words = rule.summary.partition(": `")[0]  # what follows is an example, which would look like a value
        yield rule.code, (words.removeprefix("Flag ").rstrip("."), rule.fix)


class _Words(dict[str, tuple[str, str]]):
    def __missing__(self, code: str) -> tuple[str, str]:
        return f"see `sftformat rules {code}`", ""


@cache
def _words() -> Mapping[str, tuple[str, str]]:
    """Return by code what it finds and what to do, as its documentation has it."""
    return _Words(_generic())
