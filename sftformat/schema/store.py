"""Where the schemas are: ours, from a wheel or a checkout, and a user's own."""

from __future__ import annotations

import json
from functools import cache
from math import isinf
from pathlib import Path
from typing import Any, NoReturn

from sftformat.diagnostics import clip
from sftformat.errors import SchemaError, UsageError
from sftformat.schema.usable import check


@cache
def schema_folder() -> Path:
    """Return the folder `schemas`: inside the package when installed from a wheel, else beside it."""
    packaged = Path(__file__).parents[1] / "schemas"
    return packaged if packaged.is_dir() else packaged.parent.parent / "schemas"


@cache
def load(name: str) -> dict[str, Any]:
    """Return a schema of ours by its path without the ending: `canonical/chat`, `layouts/alpaca`, `manifest`.

    Raises:
        UsageError: there is none of that name.
    """
    path = schema_folder() / f"{name}.schema.json"
    if not path.is_file():
        raise UsageError(f"no schema {name!r}; there are: {', '.join(names())}")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def names() -> list[str]:
    """Return the names of all our schemas."""
    folder = schema_folder()
    ending = ".schema.json"
    return sorted(path.relative_to(folder).as_posix().removesuffix(ending) for path in folder.rglob(f"*{ending}"))


def load_user(path: Path) -> dict[str, Any]:
    """Read a user's schema and check that it can be used.

    Raises:
        SchemaError: not JSON, not an object, not a schema, or one that cannot be meant; says where.
    """
    try:
        schema = _read(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SchemaError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SchemaError(f"{path}: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise SchemaError(f"{path}: not a JSON Schema: nested too deep") from None
    except ValueError as error:
        raise SchemaError(f"{path}: not JSON: {error}") from None
    if not isinstance(schema, dict):
        raise SchemaError(f"{path}: a schema for records is a JSON object")
    check(schema, str(path))
    return schema


def _read(text: str) -> Any:
    """Read JSON in which every key stands once and every number is one.

    Raises:
        ValueError: the text is none.
    """
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {clip(twice, 60)!r} stands twice in one object")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(f"the number {clip(text, 40)} is beyond every range")
    return value
