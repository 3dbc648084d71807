"""What is wrong with a record that its schema refuses, in words of ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sftformat.diagnostics import clip
from sftformat.record import Number

#: How many findings about one record are told; the first ones say what the rest follow from.
MAX_VIOLATIONS = 5
#: Keywords of which a branch that fails on them was surely not the one that was meant.
_OTHER_BRANCH = ("type", "const", "enum", "falseSchema")


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing about a record that its schema forbids; every text is ours, at most 80 characters of it the value's."""

    code: str
    path: str
    keyword: str
    expected: str
    got: str


def violations(errors: Iterable[Any], schema: Any) -> list[Violation]:
    """Return the errors of a validator of `decider` as violations, the outermost first, each once."""
    ordered = sorted(errors, key=lambda error: len(error.instance_path))
    return list(dict.fromkeys(each for error in ordered for each in _violations(error, schema)))


def _violations(error: Any, schema: Any) -> list[Violation]:
    error = _meant(error)
    keyword, path = error.kind.name, render(error.instance_path)
    value = error.instance
    if keyword == "required":
        missing = str(error.kind.value)
        return [Violation("SFT102", f"{path}{render([missing])}", keyword, f"a key {clip(missing)!r}", _keys(value))]
    if keyword == "type":
        return [Violation("SFT104", path, keyword, _types(error, schema), json_type(value))]
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        return [
            Violation("SFT101", f"{path}{render([name])}", keyword, "no such key", _shown(value.get(name)))
            for name in error.kind.value
        ]
    if keyword == "falseSchema":
        return [Violation("SFT101", path, _last_keyword(error), "nothing here", _shown(value))]
    if keyword == "propertyNames":
        return [Violation("SFT101", path, keyword, "other names of keys", _keys(value))]
    return [Violation("SFT101", path, keyword, _expected(keyword, _limit(error, schema)), _shown(value))]


def _meant(error: Any) -> Any:
    """Return the error inside an `anyOf` or `oneOf` that says most, where it is clear which branch was meant.

    A branch whose own type or constant is another one was not.
    """
    while error.kind.name in ("anyOf", "oneOf"):
        branches = [list(branch) for branch in error.kind.context]
        near = [branch for branch in branches if branch and not _elsewhere(branch, error)]
        if len(near) != 1:
            return error
        error = min(near[0], key=lambda each: len(each.instance_path))
    return error


def _elsewhere(branch: Sequence[Any], error: Any) -> bool:
    here = len(error.instance_path)
    return any(
        each.kind.name in _OTHER_BRANCH and len(each.instance_path) - here <= (each.kind.name != "type")
        for each in branch
    )


def _limit(error: Any, schema: Any) -> Any:
    """Return the value of the keyword as the schema writes it, else as the validator says it."""
    node = schema
    for token in error.schema_path:
        try:
            node = node[token]
        except (LookupError, TypeError):
            return getattr(error.kind, "value", None)
    return node


def _types(error: Any, schema: Any) -> str:
    limit = _limit(error, schema)
    limit = [each if isinstance(each, str) else "…" for each in limit] if isinstance(limit, list) else [str(limit)]
    return " or ".join(limit)


def _expected(keyword: str, limit: Any) -> str:
    return f"{keyword} {_shown(limit, 60)}"


def _last_keyword(error: Any) -> str:
    names = [token for token in error.schema_path if isinstance(token, str)]
    return next((name for name in reversed(names) if name in ("items", "additionalItems", "unevaluatedItems")), "false")


def render(tokens: Sequence[str | int]) -> str:
    """Return tokens as a JSON Pointer."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def _shown(value: object, limit: int = 80) -> str:
    return clip(json.dumps(value, ensure_ascii=False, default=str), limit)


def _keys(value: object) -> str:
    return clip("keys " + ", ".join(map(repr, value))) if isinstance(value, dict) and value else "none"


def json_type(value: object) -> str:
    """Return the JSON type of a value: `integer` for 3 and 3.0, `number` for 3.5."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Number):
        value = Decimal(value.text)
    if isinstance(value, float | Decimal):
        return "integer" if value == value // 1 else "number"
    return {str: "string", int: "integer", list: "array", dict: "object"}.get(type(value), type(value).__name__)
