"""Which records fit a schema, one by one and a whole batch at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema_rs

from sftformat.diagnostics import clip
from sftformat.errors import SchemaError
from sftformat.record import Number
from sftformat.schema.columns import json_columns
from sftformat.schema.dialects import DRAFT_3, LATEST, is_known
from sftformat.schema.explain import MAX_VIOLATIONS, Violation, violations
from sftformat.schema.references import is_tame
from sftformat.schema.walk import REFERENCES, tree

_UNEXPLAINED = Violation("SFT101", "", "", "a record that fits the schema", "one that does not")
#: So deep a record that is nested too deep to be shown whole is looked at.
_SHOWN_DEPTH = 200
#: The name under which a batch refers to the schema of its records.
_RECORD = "json-schema:///sftformat-record"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A schema ready for records.

    `fits` decides for one record, `all_fit` for a list of them at once: it is several times as fast, and True exactly
    when `fits` is True for each. `explain` says what is wrong with a record that does not fit, the outermost first, at
    most MAX_VIOLATIONS and never nothing. `json_columns` names the properties that are not to be text. `blind` says
    that whatever a text says is the same to the schema.
    """

    fits: Callable[[Any], bool]
    all_fit: Callable[[list[Any]], bool]
    explain: Callable[[Any], list[Violation]]
    json_columns: Callable[[], frozenset[str]]
    blind: bool = False


#: Keywords that look into a text, and those that lead to where others may stand.
_SEEING = frozenset(
    (
        *("minLength", "maxLength", "pattern", "format", "enum", "const", "contentEncoding", "contentMediaType"),
        *("contentSchema", "extends", "disallow", "$vocabulary", *REFERENCES),
    )
)


def _is_blind(schema: Any) -> bool:
    """Whether no keyword stands in a schema that looks into a text; a property of that name is taken for one."""
    if isinstance(schema, Mapping):
        return _SEEING.isdisjoint(schema) and all(map(_is_blind, schema.values()))
    return not isinstance(schema, list) or all(map(_is_blind, schema))


def decider(
    schema: Any,
    formats: bool = True,
    beside: Mapping[str, Any] | None = None,
    latest: str = LATEST,
) -> Any:
    """Return the validator that decides: linear patterns, and no reference that leads out of the schema.

    Raises:
        ValueError: the schema is none, a pattern is no regular expression, or a reference leads nowhere.
    """
    known = beside or {}

    def retrieve(uri: str) -> Any:
        if uri.rstrip("#") not in known:
            raise ValueError(f"reference {clip(uri)!r} is not followed")
        return known[uri.rstrip("#")]

    said = schema.get("$schema", latest) if isinstance(schema, Mapping) else latest
    if isinstance(said, str) and said.rstrip("#") == DRAFT_3:
        from sftformat.schema.draft3 import Draft3

        return Draft3(schema, formats, known)
    # A schema in no dialect of ours (a custom one stands in `beside`) says itself how it is to be read.
    plain_dialect = is_known(said)
    make = jsonschema_rs.validator_cls_for({"$schema": said}) if plain_dialect else jsonschema_rs.validator_for
    return make(
        schema,
        validate_formats=formats,
        pattern_options=jsonschema_rs.RegexOptions(),
        retriever=retrieve,
    )


def compile_schema(
    schema: Mapping[str, Any],
    *,
    formats: bool = True,
    beside: Mapping[str, Any] | None = None,
    latest: str = LATEST,
) -> Compiled:
    """Make a schema ready for records. It is checked, or ours.

    `format` is asserted unless `formats` is off. References may lead into the schemas `beside` it (URI → schema) and
    into the meta-schemas, nowhere else. `latest` is the dialect of a schema without `$schema`.

    Raises:
        ValueError: as `decider`.
    """
    one = decider(schema, formats, beside, latest)

    @cache
    def whole() -> Callable[[list[Any]], bool]:
        return _whole(one, schema, formats, beside or {}, latest)

    @cache
    def finder() -> Callable[[Any], Any]:
        return _finder(one, schema)

    def all_fit(records: list[Any]) -> bool:
        return whole()(records)

    def explain(value: Any) -> list[Violation]:
        return violations(finder()(value), schema)[:MAX_VIOLATIONS] or [_UNEXPLAINED]

    blind = not beside and not _is_reference(one) and _is_blind(schema)
    return Compiled(one.is_valid, all_fit, explain, cache(lambda: json_columns(schema)), blind)


def joined(first: Compiled, second: Compiled) -> Compiled:
    """Return what admits the records that both admit."""

    def fits(value: Any) -> bool:
        return first.fits(value) and second.fits(value)

    def all_fit(records: list[Any]) -> bool:
        return first.all_fit(records) and second.all_fit(records)

    def explain(value: Any) -> list[Violation]:
        found = [each for part in (second, first) if not part.fits(value) for each in part.explain(value)]
        return list(dict.fromkeys(found))[:MAX_VIOLATIONS]

    both = first.blind and second.blind
    return Compiled(fits, all_fit, explain, lambda: first.json_columns() | second.json_columns(), both)


def _finder(one: Any, schema: Any) -> Callable[[Any], Any]:
    """Return what finds the errors about a value: all of them, or the first where all would take too long."""

    def first(value: Any) -> list[Any]:
        try:
            one.validate(value)
        except jsonschema_rs.ValidationError as error:
            return [error]
        return []

    try:
        tame = _is_reference(one) or isinstance(schema, bool) or is_tame(tree(schema, ""))
    except SchemaError:
        tame = False
    find = one.iter_errors if tame else first

    def errors(value: Any) -> list[Any]:
        try:
            return list(find(value))
        except ValueError:  # the engine shows no value that is nested deeper than 255
            return [error for error in find(_pruned(value)) if len(error.instance_path) < _SHOWN_DEPTH]

    return errors


def _is_reference(one: Any) -> bool:
    """Whether the reference library decides (draft 3): it needs no help, and cannot look at many values at once."""
    return not type(one).__module__.startswith("jsonschema_rs")


def _pruned(value: Any) -> Any:
    """Return a copy of a value in which the objects and arrays that stand too deep are empty."""
    holder: list[Any] = [value]
    level: list[Any] = [holder]
    for _ in range(_SHOWN_DEPTH):
        inner: list[Any] = []
        for container in level:
            for key, item in container.items() if type(container) is dict else enumerate(container):
                if type(item) in (dict, list):
                    container[key] = item.copy()
                    inner.append(container[key])
        level = inner
    for container in level:
        container.clear()
    return holder[0]


def _whole(one: Any, schema: Any, formats: bool, beside: Mapping[str, Any], latest: str) -> Callable[[list[Any]], bool]:
    """Return what decides for a list of records in one call, where the schema can stand inside another one."""
    items = {"items": {"$ref": _RECORD}}
    try:
        if not _is_reference(one):
            decides: Callable[[list[Any]], bool] = decider(items, formats, {**beside, _RECORD: schema}, latest).is_valid
            return decides
    except ValueError:  # relative `$id`s mean something else there
        pass
    return lambda records: all(map(one.is_valid, records))


def plain(value: Any) -> Any:
    """Return a value with every `Number` as a float or Decimal, which a validator understands; depth is no matter."""
    holder: list[Any] = [value]
    stack: list[Any] = [holder]
    while stack:
        container = stack.pop()
        for key, item in container.items() if type(container) is dict else enumerate(container):
            kind = type(item)
            if kind is Number:
                container[key] = exact(item)
            elif kind is dict or kind is list:
                container[key] = item.copy()
                stack.append(container[key])
    return holder[0]


def exact(number: Number) -> float | Decimal:
    """Return the value of a Number: a float where no digit of it counts for more, else a Decimal.

    A text of 15 digits means the same as a float; beyond, 0.99999999999999999999 would become 1.
    """
    text = number.text
    if len(text) <= 16:
        return float(text)
    value = Decimal(text)
    return value if -400 < value.adjusted() < 400 else float(text)
