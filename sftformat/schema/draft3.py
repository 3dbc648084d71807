"""Draft 3, which `jsonschema_rs` does not know: the reference library decides, with the linear patterns of the other.

The errors look like those of `jsonschema_rs`, so that one piece of code explains both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import jsonschema
import referencing
from jsonschema.exceptions import ValidationError
from jsonschema_specifications import REGISTRY
from referencing.jsonschema import DRAFT3

from sftformat.schema.dialects import matcher


@dataclass(frozen=True, slots=True)
class Kind:
    """The keyword that was violated, its value in the schema, and the errors of each of its branches."""

    name: str
    value: Any
    context: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Error:
    """One error in the shape of `jsonschema_rs.ValidationError`."""

    kind: Kind
    instance_path: list[str | int]
    schema_path: list[str | int]
    instance: Any


class Draft3:
    """A schema in draft 3, with the two methods of a validator that are used here."""

    def __init__(self, schema: Mapping[str, Any], formats: bool, beside: Mapping[str, Any]) -> None:
        known = jsonschema.Draft3Validator
        extend: Any = jsonschema.validators.extend
        linear = {"pattern": _pattern, "patternProperties": _pattern_properties, "additionalProperties": _additional}
        resources = [(uri, DRAFT3.create_resource(each)) for uri, each in beside.items()]
        make: Any = referencing.Registry
        registry = REGISTRY.combine(make(retrieve=_refuse)).with_resources(resources)
        checker = known.FORMAT_CHECKER if formats else None
        self._validator = extend(known, linear)(schema, registry=registry, format_checker=checker)

    def is_valid(self, value: Any) -> bool:
        """Return whether a value fits."""
        return not any(True for _ in self._validator.iter_errors(value))

    def iter_errors(self, value: Any) -> Iterator[Error]:
        """Yield what is wrong with a value."""
        return (_error(each) for each in self._validator.iter_errors(value))


def _refuse(uri: str) -> NoReturn:
    raise referencing.exceptions.NoSuchResource(uri)


def _error(error: ValidationError) -> Error:
    branches: dict[Any, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(_error(inner))
    name, value = str(error.validator), error.validator_value
    if name == "additionalProperties":
        value = _extras(error.schema, error.instance)
    elif name == "required":  # a boolean inside the property that is missing
        value = error.absolute_path[-1] if error.absolute_path else ""
    path = list(error.absolute_path)
    path = path[:-1] if name == "required" else path
    return Error(Kind(name, value, list(branches.values())), path, list(error.absolute_schema_path), error.instance)


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not matcher(pattern)(instance):
        yield ValidationError(f"does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    for pattern, schema in patterns.items() if isinstance(instance, dict) else ():
        for key, value in instance.items():
            if matcher(pattern)(key):
                yield from validator.descend(value, schema, path=key, schema_path=pattern)


def _extras(schema: Any, instance: Any) -> list[str]:
    patterns = [matcher(pattern) for pattern in schema.get("patternProperties", ())]
    return [
        key
        for key in instance
        if key not in schema.get("properties", ()) and not any(matches(key) for matches in patterns)
    ]


def _additional(validator: Any, said: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    extras = _extras(schema, instance)
    if isinstance(said, dict):
        for key in extras:
            yield from validator.descend(instance[key], said, path=key)
    elif not said and extras:
        yield ValidationError("has keys that are not allowed")
