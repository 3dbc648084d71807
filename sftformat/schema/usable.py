"""Whether a schema may be used: it is one, it means what it says, it needs nothing but itself, and it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from sftformat.diagnostics import clip
from sftformat.errors import SchemaError
from sftformat.schema import keywords
from sftformat.schema.decide import decider
from sftformat.schema.dialects import DRAFT_3, dialect, uri_of
from sftformat.schema.explain import render
from sftformat.schema.keywords import Ignored, check_keywords
from sftformat.schema.references import check_expansion, check_size
from sftformat.schema.walk import tree


def check(schema: Mapping[str, Any], name: str) -> None:
    """Check a schema before any record is read.

    Raises:
        SchemaError: names the JSON Pointer and what is wrong there.
    """
    found = tree(schema, name)
    check_size(found, name)
    check_keywords(found, name)
    _check_meta(schema, name)
    check_expansion(found, name)
    try:
        decider(schema)
    except ValueError as error:
        raise SchemaError(f"{name}: {clip(str(error).splitlines()[0], 200)}") from None


def ignored(schema: Mapping[str, Any], name: str) -> list[Ignored]:
    """Return what a checked schema says that nothing comes of, in the order of the pointers."""
    return sorted(keywords.ignored(tree(schema, name)), key=lambda each: each.pointer)


def _check_meta(schema: Mapping[str, Any], name: str) -> None:
    """Check that a schema is one: quickly, and only if it is none with the library that says best why."""
    quick = None if uri_of(schema) == DRAFT_3 else _quick_fault(schema)
    if quick is not None or uri_of(schema) == DRAFT_3:
        quick = _best_fault(schema, name, quick)
    if quick is not None:
        pointer, message = quick
        raise SchemaError(f"{name}: not a JSON Schema: at {clip(pointer or '/', 200)}: {clip(message, 200)}")


def _best_fault(schema: Mapping[str, Any], name: str, quick: tuple[str, str] | None) -> tuple[str, str] | None:
    import jsonschema

    try:
        dialect(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        return render(error.absolute_path), error.message
    except RecursionError:
        raise SchemaError(f"{name}: nested too deep") from None
    return quick


def _quick_fault(schema: Mapping[str, Any]) -> tuple[str, str] | None:
    try:
        jsonschema_rs.meta.validate(dict(schema))
    except jsonschema_rs.ValidationError as error:
        return render(error.instance_path), error.message
    return None
