"""`sftformat explain`: one row from its bytes to its tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of


@click.command("explain")
@click.argument("place", metavar="FILE:LINE")
@click.option("--tokenizer", metavar="T", help="Show the tokens too: a folder, or a name on the hub.")
@click.option("--max-length", type=click.IntRange(3), metavar="N", help="Longest row in tokens, to show what is cut.")
@click.option(
    "--shards",
    type=click.Path(),
    metavar="FOLDER",
    help="Show the row as these shards hold it; they name the tokenizer.",
)
@options.shape
@options.decoding
@options.selecting
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="What stdout carries.")
@options.config
@click.pass_context
def command(
    ctx: click.Context,
    /,
    place: str,
    tokenizer: str | None,
    max_length: int | None,
    shards: str | None,
    output_format: str,
    **given: Any,
) -> int:
    """Follow one row from its bytes to its tokens, with what is found on it.

    A record over several lines is meant by each of them; of Parquet and Arrow, LINE is a row. FILE:LINE:COLUMN, as
    editors write it, chooses among several records on one line. The row is looked at alone: what only shows beside
    other rows (duplicates, leakage, labels) says `sftformat validate`. Exit status 1: the row has errors.
    """
    from sftformat.diagnostics import Severity
    from sftformat.explain.build import explain
    from sftformat.explain.tokens import from_shards, from_tokenizer
    from sftformat.report.blocks import json_text
    from sftformat.report.explain import show_explained
    from sftformat.report.screen import screen

    if shards is not None and (tokenizer or max_length):
        raise click.UsageError("--shards names tokenizer and length itself: leave out --tokenizer and --max-length")
    if max_length is not None and tokenizer is None:
        raise click.UsageError("--max-length is in tokens: name a --tokenizer")
    choice = choice_of(ctx)
    tokenizing = from_shards(Path(shards)) if shards is not None else None
    if tokenizer is not None:
        tokenizing = from_tokenizer(tokenizer, max_length, choice.settings.labels)
    explained = explain(place, choice, tokenizing)
    if output_format == "json":
        click.echo(json_text(explained.to_json()))
    else:
        show_explained(screen(), explained)
    failing = (Severity.ERROR,) if given["fail_on"] == "error" else (Severity.ERROR, Severity.WARNING)
    return int(explained.worst in failing)
