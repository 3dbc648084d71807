"""Which records fit a schema, and what is wrong with one that does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import jsonschema
import jsonschema_rs
import referencing
from jsonschema.exceptions import ValidationError

from sftformat.diagnostics import clip
from sftformat.record import Number

#: How many findings about one record are told; the first ones say what the rest follow from.
MAX_VIOLATIONS = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing about a record that its schema forbids; every text is ours, at most 80 characters of it the value's."""

    code: str
    path: str
    keyword: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """A schema ready for records: `fits` decides for one, `explain` says what is wrong with one that does not fit.

    `validator` makes the reference validator when the first record is to be explained.
    """

    fits: Callable[[Any], bool]
    schema: Mapping[str, Any]
    validator: Callable[[], Any]

    def explain(self, value: Any) -> list[Violation]:
        """Return what is wrong, the outermost first, at most MAX_VIOLATIONS; never empty."""
        try:
            errors = sorted(self.validator().iter_errors(value), key=lambda error: len(error.absolute_path))
        except RecursionError:
            errors = []
        violations = [_violation(error) for error in errors[:MAX_VIOLATIONS]]
        return violations or [Violation("SFT101", "", "", "a record that fits the schema", "one that does not")]


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"reference {clip(uri)!r} is not followed")


def dialect(schema: Mapping[str, Any]) -> Any:
    """Return the class of the reference validator that `$schema` asks for, None where it names an unknown one."""
    uri = schema.get("$schema")
    if uri is None:
        return jsonschema.Draft202012Validator
    known: Any = jsonschema.validators.validator_for({"$schema": uri}, default=_Unknown)  # type: ignore[arg-type]
    return None if known is _Unknown else known


class _Unknown:
    """Stands for a `$schema` that names no dialect we know."""


def decider(schema: Mapping[str, Any], formats: bool = True) -> Any:
    """Return the validator that decides: linear patterns, and no reference that leads out of the schema.

    Raises:
        ValueError: a pattern is no regular expression, or a reference leads nowhere.
    """
    options = jsonschema_rs.RegexOptions()
    validator = jsonschema_rs.validator_cls_for(dict(schema))
    return validator(dict(schema), validate_formats=formats, pattern_options=options, retriever=_refuse)


def compile_schema(schema: Mapping[str, Any], *, formats: bool = True) -> Compiled:
    """Make a schema ready for records. It is checked or ours; `format` is asserted unless `formats` is off."""
    return Compiled(decider(schema, formats).is_valid, schema, cache(lambda: _explainer(schema)))


def _linear_pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matcher(pattern)(instance):
        yield ValidationError(f"does not match {pattern!r}")


@cache
def _matcher(pattern: str) -> Callable[[Any], bool]:
    matches: Callable[[Any], bool] = decider({"pattern": pattern}).is_valid
    return matches


def _explainer(schema: Mapping[str, Any]) -> Any:
    known = dialect(schema)
    extend: Any = jsonschema.validators.extend
    validator = extend(known, {"pattern": _linear_pattern})
    registry: Any = referencing.Registry

    def refuse(uri: str) -> NoReturn:
        raise referencing.exceptions.NoSuchResource(uri)

    return validator(schema, registry=registry(retrieve=refuse), format_checker=known.FORMAT_CHECKER)


def _violation(error: ValidationError) -> Violation:
    inner = jsonschema.exceptions.best_match([error]) if error.context else error
    keyword = str(inner.validator)
    limit: Any = inner.validator_value
    path = "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in inner.absolute_path)
    if keyword == "required":
        missing = [name for name in limit if isinstance(inner.instance, dict) and name not in inner.instance]
        key = missing[0] if missing else ""
        return Violation("SFT102", f"{path}/{key}", keyword, f"a key {key!r}", _keys(inner.instance))
    if keyword == "type":
        wanted = " or ".join(limit) if isinstance(limit, list) else str(limit)
        return Violation("SFT104", path, keyword, wanted, json_type(inner.instance))
    expected = f"{keyword} {clip(json.dumps(limit, ensure_ascii=False, default=str), 60)}"
    return Violation(
        "SFT101", path, keyword, expected, clip(json.dumps(inner.instance, ensure_ascii=False, default=str))
    )


def _keys(value: object) -> str:
    return clip("keys " + ", ".join(map(repr, value))) if isinstance(value, dict) and value else "none"


def json_type(value: object) -> str:
    """Return the JSON type of a value: `integer` for 3 and 3.0, `number` for 3.5."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Number | float):
        return "integer" if float(value).is_integer() else "number"
    return {str: "string", int: "integer", list: "array", dict: "object"}.get(type(value), type(value).__name__)


def plain(value: Any) -> Any:
    """Return a value with every `Number` as a float, which is what a validator understands; depth is no matter."""
    holder: list[Any] = [value]
    stack: list[Any] = [holder]
    while stack:
        container = stack.pop()
        for key, item in container.items() if type(container) is dict else enumerate(container):
            kind = type(item)
            if kind is Number:
                container[key] = float(item)
            elif kind is dict or kind is list:
                container[key] = item.copy()
                stack.append(container[key])
    return holder[0]
