"""Options that several commands share, and what they mean for the library."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from sftformat.cli.config import read_config
from sftformat.errors import UsageError

Function = TypeVar("Function", bound=Callable[..., Any])


def stack(*decorators: Callable[[Any], Any]) -> Callable[[Function], Function]:
    def apply(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


inputs = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")

shape = stack(
    click.option(
        "--layout", metavar="NAME", help="The shape of the records; see 'sftformat layouts'. Default: detected."
    ),
    click.option("--task", metavar="TASK", help="classification, multilabel, regression, text-to-text, chat, …"),
    click.option(
        "--map", "maps", multiple=True, metavar="FIELD=SOURCE", help="Where a field stands: input=review, target=/a/b."
    ),
    click.option(
        "--preference", type=click.Choice(["chosen"]), help="Of preference data take what was preferred for the answer."
    ),
    click.option(
        "--schema", "schema_file", type=click.Path(), metavar="FILE", help="A JSON Schema that every record must fit."
    ),
    click.option(
        "--labels",
        "labels_file",
        type=click.Path(),
        metavar="FILE",
        help="Locked label map: one name a line; or 0=neg to name ids.",
    ),
)

decoding = stack(
    click.option(
        "--encoding", metavar="NAME", help="Encoding of text inputs. Default: BOM, else UTF-8; never guessed."
    ),
    click.option("--delimiter", metavar="CHAR", help="Delimiter of CSV ('tab' for a tab). Default: from the content."),
    click.option("--no-header", is_flag=True, help="The first row of CSV or TSV is data."),
    click.option("--columns", metavar="A,B,…", help="Names for the columns of a file without a header."),
    click.option("--sheet", metavar="NAME", help="The sheet of a workbook. Default: the first."),
    click.option(
        "--max-line-bytes", type=click.IntRange(1), default=64 << 20, help="Longest record, in bytes. Default: 64 MiB."
    ),
)

reading = stack(
    decoding, click.option("--limit", type=click.IntRange(1), metavar="N", help="Read only the first N records.")
)

selecting = stack(
    click.option(
        "--select",
        metavar="CODES",
        multiple=True,
        help="Run only these rules: codes, prefixes, names, ALL, DEFAULT.",
    ),
    click.option(
        "--ignore", metavar="CODES", multiple=True, help="Leave these rules out. What costs a row is always reported."
    ),
    click.option(
        "--fail-on", type=click.Choice(["error", "warning"]), default="error", help="What makes the exit status 1."
    ),
)

checking = stack(
    selecting,
    click.option("--redact", is_flag=True, help="Show no value of the data (files of rejects and repairs keep them)."),
    click.option(
        "--max-findings", type=click.IntRange(0), metavar="N", help="List no more than N findings; counts stay exact."
    ),
)

output_format = click.option(
    "--output-format",
    type=click.Choice(["text", "json", "jsonl", "github", "sarif"]),
    default="text",
    help="How stdout carries the findings; text is a digest.",
)

splitting = stack(
    click.option(
        "--split", "fractions", metavar="A,B,C", help="Shares of train, validation, test for rows without a split."
    ),
    click.option("--stratify", is_flag=True, help="Give every class its share in each split."),
    click.option("--resplit", is_flag=True, help="Let --split replace the splits that rows have."),
    click.option("--drop-duplicates", is_flag=True, help="Leave exact duplicates out (they go to rejects.jsonl)."),
    click.option("--max-rejects", metavar="N|P%", help="Write nothing when more rows than this are rejected."),
)

unsafe_fixes = click.option(
    "--unsafe-fixes", is_flag=True, help="With it: also HTML entities, mojibake and invisible characters."
)

repairing = stack(
    click.option(
        "--fix", is_flag=True, help="Repair what keeps its meaning: blanks and case of labels, blanks around keys."
    ),
    unsafe_fixes,
    click.option(
        "--apply",
        "apply_file",
        type=click.Path(),
        metavar="FIXES",
        help="Change the targets that a file of fixes names, each where it is still the one given there.",
    ),
)

config = click.option(
    "--config",
    type=click.Path(),
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=read_config,
    help="Options from a TOML file.",
)

working = stack(
    click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes. Default: the cores there are."),
    click.option(
        "--seed", type=click.IntRange(0), default=0, metavar="N", help="Seed of everything that is drawn. Default: 0."
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress, only results and errors."),
    config,
)

overwriting = click.option(
    "--overwrite", is_flag=True, help="Replace what is of ours in the output; the old stays until the new is whole."
)


def workers(number: int | None) -> int:
    """Return how many processes to use."""
    return number or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def words(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of options that may be repeated and may hold several, with commas."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def pairs(values: tuple[str, ...]) -> dict[str, str]:
    """Return FIELD=SOURCE options as a mapping.

    Raises:
        UsageError: one has no equals sign.
    """
    found = {}
    for value in values:
        field, equals, source = value.partition("=")
        if not equals or not field or not source:
            raise UsageError(f"--map {value}: write FIELD=SOURCE, as in --map input=review")
        found[field.strip()] = source
    return found


def wanted(ctx: click.Context, settings: Any, file: str | None = None) -> Any:
    """Return what the parameters of a command say about showing findings under these Settings, as `outlet.Wanted`."""
    from sftformat.report.outlet import Wanted

    given = ctx.params
    shown = {"redact": given["redact"], "max_findings": given["max_findings"], "fail_on": given["fail_on"]}
    return Wanted(given.get("output_format") or "text", file, **shown, settings=settings)


def _settings(ctx: click.Context, labels: tuple[str, ...] | None) -> Any:
    """Return the Settings of the rules that the parameters of a command mean, with a locked label map.

    Raises:
        UsageError: a rule, severity or threshold that does not exist, or a rule that needs what is not installed.
    """
    from sftformat.check import Settings, active

    given = ctx.params
    select, ignore = words(given.get("select") or ()), words(given.get("ignore") or ())
    made = Settings(select, ignore, ctx.meta.get("sftformat.rules", {}), labels)
    active(made, "classification")  # refuses what does not exist before a row is read
    return made


def dataset_options(ctx: click.Context) -> Any:
    """Return the DatasetOptions that the parameters of a command mean.

    Raises:
        UsageError, SchemaError: a parameter that cannot be meant.
    """
    from sftformat.cli.startup import leave_pandas_out

    leave_pandas_out()
    from sftformat.dataset.fixes import read_fixes
    from sftformat.dataset.options import DatasetOptions
    from sftformat.formats.source import ReadOptions
    from sftformat.schema.store import load_user
    from sftformat.split import parse_fractions

    given = ctx.params
    labels, names = _labels(given.get("labels_file"))  # once: it may be a pipe
    schema_file = given.get("schema_file")
    columns = given.get("columns")
    fractions = given.get("fractions")
    if given.get("stratify") and fractions is None:
        raise UsageError("--stratify says how to --split; give the shares too")
    fix, unsafe = bool(given.get("fix") or given.get("diff")), bool(given.get("unsafe_fixes"))
    if unsafe and not fix and ctx.get_parameter_source("unsafe_fixes") is ParameterSource.COMMANDLINE:
        other = "--fix" if "fix" in given else "--diff"
        raise UsageError(f"--unsafe-fixes says what else is repaired; give {other} too")
    return DatasetOptions(
        read=ReadOptions(
            encoding=given.get("encoding"),
            delimiter=given.get("delimiter"),
            header=not given.get("no_header"),
            columns=tuple(columns.split(",")) if columns else None,
            max_line_bytes=given.get("max_line_bytes") or 64 << 20,
            sheet=given.get("sheet"),
        ),
        layout=given.get("layout"),
        task=given.get("task"),
        mapping=pairs(given.get("maps") or ()),
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
        workers=workers(given.get("workers")),
    )


def _labels(path: str | None) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """Read a label map: a JSON list, or one name a line; lines `ID=NAME` name ids."""
    if path is None:
        return None, {}
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


def _label_names(text: str, path: str) -> list[str]:
    if not text.lstrip().startswith(("[", "{")):
        names = [name for name in text.replace("\r\n", "\n").split("\n") if name]
    else:
        try:
            names = json.loads(text)
        except ValueError as error:
            raise UsageError(f"--labels {path}: {error}") from None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UsageError(f"--labels {path}: a JSON list of strings was expected")
    if not names:
        raise UsageError(f"--labels {path}: names no label")
    return names


def _once(names: list[str], what: str, path: str) -> tuple[str, ...]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"--labels {path}: the {what} {twice!r} stands twice")
    return tuple(names)
