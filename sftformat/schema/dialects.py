"""The dialects of JSON Schema: which one a schema is written in, and what it may say in it.

The reference library is imported where it is asked: to check data by a schema of ours needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

#: The dialect of a schema that does not say which one it is written in.
LATEST = "https://json-schema.org/draft/2020-12/schema"
DRAFT_3 = "http://json-schema.org/draft-03/schema"
#: Dialects in which `$ref` hides every keyword beside it.
REF_ALONE = tuple(f"http://json-schema.org/draft-0{number}/schema" for number in (3, 4, 6, 7))
DIALECTS = (*REF_ALONE, "https://json-schema.org/draft/2019-09/schema", LATEST)

#: Containers and remarks of other dialects, which check nothing and do no harm in any.
_EVERYWHERE = frozenset({"$comment", "$defs", "definitions", "examples", "$id", "$schema", "title", "description"})


class _Unknown:
    """Stands for a `$schema` that names no dialect we know."""


def dialect(schema: Mapping[str, Any]) -> Any:
    """Return the class of the reference validator that `$schema` asks for, None where it names an unknown one."""
    import jsonschema

    uri = schema.get("$schema")
    if uri is None:
        return jsonschema.Draft202012Validator
    known: Any = jsonschema.validators.validator_for({"$schema": uri}, default=_Unknown)  # type: ignore[arg-type]
    return None if known is _Unknown else known


def is_known(uri: object) -> bool:
    """Tell whether `$schema` may say so."""
    return isinstance(uri, str) and (uri.rstrip("#") in DIALECTS or dialect({"$schema": uri}) is not None)


def uri_of(schema: Mapping[str, Any]) -> str:
    """Return the URI of the dialect of a schema, without an empty fragment."""
    said = schema.get("$schema", LATEST)
    return said.rstrip("#") if isinstance(said, str) else LATEST


def title(uri: str) -> str:
    """Return a dialect's name as people say it: `draft 7`, `2020-12`."""
    part = uri.removesuffix("/schema").rpartition("/")[2]
    return f"draft {part.rpartition('-')[2].lstrip('0')}" if part.startswith("draft-") else part


@cache
def keywords(uri: str) -> frozenset[str]:
    """Return the keywords of a dialect, as its meta-schema and the vocabularies of that name them."""
    from jsonschema_specifications import REGISTRY

    found = set(_EVERYWHERE)
    waiting = [uri, f"{uri}#"]
    while waiting:
        name = waiting.pop()
        if name not in REGISTRY:
            continue
        meta: Any = REGISTRY.contents(name)
        found.update(meta.get("properties", ()))
        vocabularies = [part["$ref"] for part in meta.get("allOf", ()) if "$ref" in part]
        waiting += [f"{uri.removesuffix('schema')}{part}" for part in vocabularies]
    return frozenset(found)


@cache
def asserts_format(uri: str, name: str) -> bool:
    """Return whether a dialect knows a format and checks it."""
    if uri == DRAFT_3:
        import jsonschema

        return name in jsonschema.Draft3Validator.FORMAT_CHECKER.checkers
    make = jsonschema_rs.validator_cls_for({"$schema": uri})
    try:
        make({"format": name}, validate_formats=True, ignore_unknown_formats=False)
    except ValueError:
        return False
    return True


@cache
def matcher(pattern: str) -> Callable[[Any], bool]:
    """Return what tells whether a pattern is found in a text, in time linear in it."""
    schema = {"pattern": pattern}
    options = jsonschema_rs.RegexOptions()
    matches: Callable[[Any], bool] = jsonschema_rs.Draft202012Validator(schema, pattern_options=options).is_valid
    return matches


#: Every format that some dialect knows.
FORMATS = (
    *("date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"),
    *("uri", "uri-reference", "iri", "iri-reference", "uri-template", "json-pointer", "relative-json-pointer"),
    *("regex", "uuid"),
)
