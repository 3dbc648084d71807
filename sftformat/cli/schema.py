"""`sftformat schema`: the schemas that are the truth here, by name, and one for your own data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of


@click.command("schema")
@click.argument("names", nargs=-1, metavar="[NAME | --infer INPUT...]")
@click.option(
    "--infer", is_flag=True, help="Write a schema for --schema that admits every record of INPUT that fits its layout."
)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write it here. Default: to stdout.")
@click.option("--layout", metavar="NAME", help="With --infer: the shape of the records. Default: detected.")
@click.option("--task", metavar="TASK", help="With --infer: what the records are for. Default: detected.")
@click.option("--map", "maps", multiple=True, metavar="FIELD=SOURCE", help="With --infer: where a field stands.")
@options.reading
@options.overwriting
@click.option("-q", "--quiet", is_flag=True, help="No progress, only results and errors.")
@click.pass_context
def command(
    ctx: click.Context, /, names: tuple[str, ...], infer: bool, output: str | None, overwrite: bool, **given: Any
) -> int:
    """List all schemas, print one (canonical/classification, layouts/alpaca, manifest, …), or infer one from data."""
    if infer:
        return _infer(ctx, names, Path(output) if output else None, overwrite, given["quiet"])
    from sftformat.schema.store import load
    from sftformat.schema.store import names as known

    if len(names) > 1 or output is not None:
        raise click.UsageError("one NAME prints one schema; --infer makes one from data")
    if not names:
        for each in known():
            click.echo(each)
    else:
        click.echo(json.dumps(load(names[0]), indent=2, ensure_ascii=True))
    return 0


def _infer(ctx: click.Context, inputs: tuple[str, ...], output: Path | None, overwrite: bool, quiet: bool) -> int:
    from sftformat.dataset.infer import Inferred, infer
    from sftformat.folder.files import write_bytes
    from sftformat.report.screen import bar, count, screen

    if output is not None and output.exists() and not overwrite:
        raise click.UsageError(f"{output}: exists; use --overwrite to replace it")
    where = screen(quiet)
    with bar(where, "read") as advance:
        for event in infer(inputs, choice_of(ctx)):
            if isinstance(event, Inferred):
                made = event
            else:
                advance(event.done, event.total, count(event.rows, "row"))
    text = json.dumps(made.schema, indent=2, ensure_ascii=True)
    if output is None:
        click.echo(text)
    else:
        write_bytes(output, f"{text}\n".encode("ascii"))
    if made.no_layout:
        where.note(f"the schema names no layout: {made.no_layout}")
    if made.unread:
        where.note(f"{count(made.unread, 'row')} could not be read; sftformat validate says why")
    if made.refused:
        where.note(f"{count(made.refused, 'row')} had no part: not of the layout; sftformat validate says why")
    return int(made.unread + made.refused > 0)
