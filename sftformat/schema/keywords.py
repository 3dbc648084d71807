"""What a schema says that does not mean anything: misspelt is refused, foreign is reported as ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from sftformat.diagnostics import clip
from sftformat.errors import SchemaError
from sftformat.schema.dialects import DIALECTS, DRAFT_3, FORMATS, asserts_format, keywords, matcher, title
from sftformat.schema.explain import render
from sftformat.schema.walk import Subschema, Tree

#: Remarks of OpenAPI, editors and generators: they never forbid anything, so nothing is lost.
_REMARKS = frozenset(
    (
        *("example", "externalDocs", "xml", "discriminator", "markdownDescription", "enumDescriptions", "enumNames"),
        *("markdownEnumDescriptions", "deprecationMessage", "errorMessage", "defaultSnippets", "propertyOrder"),
        *("tsType", "javaType", "default", "readOnly", "writeOnly", "deprecated", "contentMediaType"),
        *("contentEncoding", "contentSchema", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"),
    )
)
#: Names that people use for a format, where the nearest name would not be the right one.
_FORMATS = {"url": "uri", "datetime": "date-time", "ip": "ipv4", "guid": "uuid", "regexp": "regex", "mail": "email"}
TYPES = ("string", "number", "integer", "boolean", "null", "array", "object")
_AROUND = (
    ("(?=", "(?!", "(?<=", "(?<!"),
    "looks ahead or behind, which takes exponential time with some texts; patterns here take linear time and have none",
)
#: A repetition of ten or more: a pattern that is sound with less in its place is only too large.
_REPEATS = re.compile(r"\{\d*,?\d{2,},?\}")
_BACK = re.compile(r"(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)")


@dataclass(frozen=True, slots=True)
class Ignored:
    """One place in a schema that checks nothing: its JSON Pointer, and words."""

    pointer: str
    message: str


def check_keywords(found: Tree, name: str) -> None:
    """Check the patterns, and that no keyword, type or format is a misspelt one.

    Raises:
        SchemaError: names the pointer and the nearest name.
    """
    for part in found.parts.values():
        if not found.alone(part.node):
            _check_patterns(part, name)
            _check_types(found, part, name)
            _check_names(found, part, name)


def ignored(found: Tree) -> Iterator[Ignored]:
    """Yield what a schema says that nothing comes of: foreign keywords and formats, keywords beside `$ref`."""
    known = keywords(found.uri)
    for part in found.parts.values():
        if found.alone(part.node):
            hidden = [each for each in part.node if each in known - _free() and each not in ("$ref", "definitions")]
            for keyword in hidden:
                yield _ignored(part, keyword, f"{keyword!r} stands beside '$ref', which hides it in {title(found.uri)}")
            continue
        for keyword in part.node:
            if not _is_known(found, part, keyword):
                yield _ignored(part, keyword, f"{clip(keyword)!r} is no keyword of {title(found.uri)}{_home(keyword)}")
        value = part.node.get("format")
        if isinstance(value, str) and not asserts_format(found.uri, value):
            yield _ignored(part, "format", f"{title(found.uri)} knows no format {clip(value)!r}")


def _ignored(part: Subschema, keyword: str, words: str) -> Ignored:
    return Ignored(part.pointer + render([keyword]), f"{words}: it checks nothing")


@cache
def _free() -> frozenset[str]:
    return _REMARKS | {"title", "description", "$comment", "examples", "$id", "id", "$schema", "$defs", "$anchor"}


def _home(keyword: str) -> str:
    homes = [title(uri) for uri in DIALECTS if keyword in keywords(uri)]
    return f" but of {homes[-1]}" if homes else ""


def _is_known(found: Tree, part: Subschema, keyword: str) -> bool:
    if keyword in keywords(found.uri) or keyword in _REMARKS or keyword.startswith("x-"):
        return True
    inside = part.pointer + render([keyword]) + "/"
    return any(each.pointer.startswith(inside) for each in found.parts.values())


def _check_names(found: Tree, part: Subschema, name: str) -> None:
    for keyword in part.node:
        if _is_known(found, part, keyword) or any(keyword in keywords(uri) for uri in DIALECTS):
            continue
        near = _near(keyword, sorted(keywords(found.uri)))
        if near:
            where = part.pointer + render([keyword])
            raise SchemaError(f"{name}: at {where}: no keyword {clip(keyword)!r}; did you mean {near!r}?")
    value = part.node.get("format")
    if not isinstance(value, str) or value in FORMATS or asserts_format(found.uri, value):
        return
    near = _FORMATS.get(value) or _near(value, list(FORMATS))
    if near:
        raise SchemaError(f"{name}: at {part.pointer}/format: no format {clip(value)!r}; did you mean {near!r}?")


def _check_types(found: Tree, part: Subschema, name: str) -> None:
    said = part.node.get("type")
    for each in said if isinstance(said, list) else [said]:
        if isinstance(each, str) and each not in TYPES and found.uri != DRAFT_3:
            near = _near(each, list(TYPES))
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(TYPES)}"
            raise SchemaError(f"{name}: at {part.pointer}/type: no type {clip(each)!r}; {hint}")


def _near(word: str, words: list[str]) -> str:
    near = get_close_matches(word.lower(), [each.lower() for each in words], 1, 0.8) if len(word) < 60 else []
    return next(each for each in words if each.lower() == near[0]) if near else ""


def _check_patterns(part: Subschema, name: str) -> None:
    patterns = [(f"{part.pointer}/pattern", part.node.get("pattern"))]
    named = part.node.get("patternProperties")
    if isinstance(named, dict):
        patterns += [(f"{part.pointer}/patternProperties{render([each])}", each) for each in named]
    for pointer, pattern in patterns:
        if isinstance(pattern, str):
            _check_pattern(pattern, pointer, name)


def _check_pattern(pattern: str, pointer: str, name: str) -> None:
    try:
        matcher(pattern)
    except ValueError:
        raise SchemaError(f"{name}: at {clip(pointer, 200)}: the pattern {clip(pattern)!r} {_fault(pattern)}") from None


def _fault(pattern: str) -> str:
    opening, words = _AROUND
    if any(each in pattern for each in opening):
        return words
    if _BACK.search(pattern):
        return "refers back to a group, which patterns that take linear time cannot"
    try:
        matcher(_REPEATS.sub("{1,2}", pattern))
    except ValueError:
        return "is no regular expression"
    return "repeats so much that it becomes too large"
