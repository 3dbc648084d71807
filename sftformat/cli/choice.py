"""What the options of a command mean for the library."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from sftformat.cli import options
from sftformat.cli.single import apart, of_records, reading, with_own
from sftformat.diagnostics import clip
from sftformat.errors import UsageError


def wanted(ctx: click.Context, settings: Any, file: str | None = None) -> Any:
    """Return what the parameters of a command say about showing findings under these Settings, as `outlet.Wanted`."""
    from sftformat.report.outlet import Wanted

    given = ctx.params
    shown = {"redact": given["redact"], "max_findings": given["max_findings"], "fail_on": given["fail_on"]}
    return Wanted(given.get("output_format") or "text", file, **shown, settings=settings)


def refuse_own(ctx: click.Context, *outs: Path) -> None:
    """Refuse to write one of these files over an input, or over a file that an option of the command reads.

    Raises:
        UsageError: it would be written over.
    """
    from sftformat.dataset.apart import refuse_file

    given = ctx.params
    others = {f"--{name}": given.get(f"{name}_file") for name in ("schema", "labels", "apply")}
    tables = ctx.meta.get("sftformat.inputs", {}).values()
    joins = [*(given.get("join") or ()), *(table["join"] for table in tables if "join" in table)]
    others |= {f"--join {each}": apart(each)[0].rpartition(":")[0] for each in joins}
    others["--config"] = ctx.meta.get("sftformat.config")
    for out in outs:
        refuse_file(out, given["inputs"], others)


def _settings(ctx: click.Context, labels: tuple[str, ...] | None) -> Any:
    """Return the Settings of the rules that the parameters of a command mean, with a locked label map.

    Raises:
        UsageError: a rule, severity or threshold that does not exist, or a rule that needs what is not installed.
    """
    from sftformat.check import Settings, active

    given = ctx.params
    select, ignore = options.words(given.get("select") or ()), options.words(given.get("ignore") or ())
    made = Settings(select, ignore, ctx.meta.get("sftformat.rules", {}), labels)
    active(made, "classification")  # refuses what does not exist before a row is read
    return made


def choice_of(ctx: click.Context) -> Any:
    """Return the DatasetOptions that the parameters of a command mean.

    Raises:
        UsageError, SchemaError: a parameter that cannot be meant.
    """
    from sftformat.startup import leave_pandas_out

    leave_pandas_out()
    from sftformat.dataset.fixes import read_fixes
    from sftformat.dataset.options import DatasetOptions
    from sftformat.formats.source import ReadOptions
    from sftformat.schema.store import load_user
    from sftformat.split import parse_fractions

    given = ctx.params
    labels, names = _labels(given.get("labels_file"))  # once: it may be a pipe
    schema_file = given.get("schema_file")
    fractions = given.get("fractions")
    if given.get("stratify") and fractions is None:
        raise UsageError("--stratify says how to --split; give the shares too")
    fix, unsafe = bool(given.get("fix") or given.get("diff")), bool(given.get("unsafe_fixes"))
    if unsafe and not fix and ctx.get_parameter_source("unsafe_fixes") is ParameterSource.COMMANDLINE:
        other = "--fix" if "fix" in given else "--diff"
        raise UsageError(f"--unsafe-fixes says what else is repaired; give {other} too")
    made = DatasetOptions(
        read=ReadOptions(**reading(given)),
        layout=of_records(given.get("layout")),
        task=given.get("task"),
        mapping=options.pairs(given.get("maps") or ()),
        preference=given.get("preference"),
        schema=load_user(Path(schema_file)) if schema_file else None,
        schema_name=Path(schema_file).name if schema_file else "",
        settings=_settings(ctx, labels),
        label_names=names,
        fractions=parse_fractions(fractions) if fractions is not None else None,
        stratify=bool(given.get("stratify")),
        resplit=bool(given.get("resplit")),
        seed=given.get("seed") or 0,
        drop_duplicates=bool(given.get("drop_duplicates")),
        fix=fix,
        unsafe_fixes=unsafe,
        fixes=read_fixes(Path(given["apply_file"])) if given.get("apply_file") else (),
        max_rejects=given.get("max_rejects"),
        limit=given.get("limit"),
        workers=options.workers(given.get("workers")),
    )
    return with_own(made, ctx.meta.get("sftformat.inputs", {}), given.get("join") or ())


def _labels(path: str | None) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """Read a label map: of a folder of ours, a JSON list, or one name a line; lines `ID=NAME`, or a table with `id` and
    `name`, name ids."""
    if path is None:
        return None, {}
    if Path(path).is_dir():
        return _labels_of(Path(path)), {}
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"--labels {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"--labels {path}: not UTF-8 at byte {error.start}") from None
    names = _label_names(text, path)
    numbered = [name for name in names if re.match(r"-?[0-9]+=", name)]
    if not numbered:
        return _once(names, "name", path), {}
    if len(numbered) != len(names):
        raise UsageError(f"--labels {path}: either every line is ID=NAME, or none")
    pairs_ = [(int(key), name) for key, _, name in (line.partition("=") for line in names)]
    _once([str(key) for key, _ in pairs_], "id", path)
    return _once([name for _, name in sorted(pairs_)], "name", path), {str(key): name for key, name in pairs_}


def _labels_of(folder: Path) -> tuple[str, ...]:
    """Return the label map of a run, of shards, or of a data set that has one."""
    from sftformat.folder.manifest import read_manifest

    labels = read_manifest(folder).get("labels")
    if not labels:
        raise UsageError(f"--labels {folder}: a folder without a label map")
    return tuple(labels)


def _label_names(text: str, path: str) -> list[str]:
    if not text.lstrip().startswith(("[", "{")):
        names = [name for name in text.replace("\r\n", "\n").split("\n") if name]
    else:
        try:
            names = _json_names(text)
        except ValueError as error:
            raise UsageError(f"--labels {path}: {error}") from None
    if not names:
        raise UsageError(f"--labels {path}: names no label")
    return names


def _json_names(text: str) -> list[str]:
    """Return the names of a JSON list, or `ID=NAME` for each object of a table of intents, as JSON or JSON Lines.

    Raises:
        ValueError: it is neither.
    """
    found = _json_list(text)
    if all(isinstance(each, str) for each in found):
        return list(found)
    wrong = next((each for each in found if not isinstance(each, dict) or not _names_id(each)), None)
    if wrong is not None:
        raise ValueError(
            f"a JSON list of strings was expected, or objects with an id and a name; got {clip(wrong, 60)}"
        )
    return [f"{each['id']}={each['name']}" for each in found]


def _json_list(text: str) -> list[Any]:
    """Return the values of a JSON list, of JSON Lines, or of the intents in a data set of AutoIntent."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        whole = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in lines]
    intents = whole.get("intents") if isinstance(whole, dict) else None
    return intents if isinstance(intents, list) else whole if isinstance(whole, list) else [whole]


def _names_id(intent: dict[str, object]) -> bool:
    return type(intent.get("id")) is int and isinstance(intent.get("name"), str)


def _once(names: list[str], what: str, path: str) -> tuple[str, ...]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"--labels {path}: the {what} {twice!r} stands twice")
    return tuple(names)
