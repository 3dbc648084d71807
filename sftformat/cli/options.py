"""Options that several commands share, and what they mean for the library."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

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
        help="Locked label map: one name a line, or a folder that has one, as a run; or 0=neg, or a table with id and "
        "name, to name ids.",
    ),
)

decoding = stack(
    click.option(
        "--encoding", metavar="NAME", help="Encoding of text inputs. Default: BOM, else UTF-8; never guessed."
    ),
    click.option("--delimiter", metavar="CHAR", help="Delimiter of CSV ('tab' for a tab). Default: from the content."),
    click.option("--no-header", is_flag=True, help="The first row of CSV or TSV is data."),
    click.option("--columns", metavar="A,B,…", help="Names for the columns of a file without a header."),
    click.option(
        "--join",
        metavar="FILE:KEY",
        multiple=True,
        help="Put the row of FILE with the same KEY beside each row; KEY=OTHER if FILE calls it so; KEY@INPUT for one.",
    ),
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
    click.option(
        "--redact", is_flag=True, help="Show no value of the data; names of files stay, files of rejects keep all."
    ),
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
