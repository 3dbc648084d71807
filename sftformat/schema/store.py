"""Where the schemas are: ours, from a wheel or a checkout, and a user's own."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sftformat.errors import SchemaError, UsageError
from sftformat.schema.usable import check


def schema_folder() -> Path:
    """Return the folder `schemas`: inside the package when installed from a wheel, else beside it."""
    packaged = Path(str(files("sftformat"))) / "schemas"
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
        SchemaError: not JSON, not an object, not a schema, or with a reference that leaves it; says where.
    """
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SchemaError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"{path}: not JSON: {error}") from None
    if not isinstance(schema, dict):
        raise SchemaError(f"{path}: a schema for records is a JSON object")
    check(schema, str(path))
    return schema
