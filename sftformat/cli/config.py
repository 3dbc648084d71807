"""`--config FILE`: defaults for options from a TOML file, checked against `schemas/config.schema.json`."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import click

from sftformat.errors import UsageError


def read_config(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    """Take defaults from a file: option names at the top level, thresholds under `[rules.CODE]`.

    Options of single inputs stand under `[inputs.PATTERN]`. Keys of other commands are allowed, so that one file can
    serve them all.

    Raises:
        UsageError: the file cannot be read, or holds an unknown key (the nearest is named) or a value of a wrong type.
    """
    if value is None:
        return
    config = _checked(_load(value), value)
    ctx.meta["sftformat.config"] = value
    ctx.meta["sftformat.rules"] = config.pop("rules", {})
    ctx.meta["sftformat.inputs"] = config.pop("inputs", {})
    options = {key_of(option): option for option in ctx.command.params if isinstance(option, click.Option)}
    own = {name: setting for name, setting in config.items() if name in options}
    defaults = {str(options[name].name): _setting(options[name], setting) for name, setting in own.items()}
    ctx.default_map = {**(ctx.default_map or {}), **defaults}


def key_of(option: click.Option) -> str:
    """Return the name of an option as a key of the file."""
    return max(option.opts, key=len).lstrip("-")


def _load(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"--config {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path}: {error}") from None


def _checked(config: dict[str, Any], path: str) -> dict[str, Any]:
    from sftformat.schema.decide import compile_schema
    from sftformat.schema.store import load

    schema = load("config")
    named = _named(config, schema["properties"], path)
    single, tables = schema["properties"]["inputs"]["additionalProperties"]["properties"], named.get("inputs")
    if isinstance(tables, Mapping):
        named["inputs"] = {
            pattern: _named(table, single, f"{path}: inputs.{pattern}") if isinstance(table, Mapping) else table
            for pattern, table in tables.items()
        }
    compiled = compile_schema(schema)
    if not compiled.fits(named):
        first = compiled.explain(named)[0]
        raise UsageError(f"--config {path}: at {first.path}: expected {first.expected}, got {first.got}")
    return named


def _named(config: Mapping[str, Any], known: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return settings by the names of options.

    Raises:
        UsageError: one is unknown.
    """
    named = {key.replace("_", "-"): setting for key, setting in config.items()}
    for key in named:
        if key not in known:
            near = get_close_matches(key, known, 1, 0.4)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"--config {path}: unknown key {key!r}{hint}")
    return named


def _setting(option: click.Option, value: Any) -> Any:
    if isinstance(value, Mapping):
        return [f"{key}={item}" for key, item in value.items()]
    if isinstance(value, list) and not option.multiple:
        return ",".join(str(item) for item in value)
    return [value] if option.multiple and not isinstance(value, list) else value
