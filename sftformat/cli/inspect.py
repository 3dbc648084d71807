"""`sftformat inspect`: what an input is."""

from __future__ import annotations

from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of


@click.command("inspect")
@options.inputs
@click.option("--tokenizer", metavar="T", help="Measure rows in tokens too: a folder, or a name on the hub.")
@click.option(
    "--first", type=click.IntRange(0), default=3, metavar="N", help="Show the first N rows of each layout. Default: 3."
)
@options.shape
@options.reading
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="What stdout carries.")
@options.working
@click.pass_context
def command(
    ctx: click.Context, /, inputs: tuple[str, ...], tokenizer: str | None, first: int, output_format: str, **given: Any
) -> int:
    """Say what INPUT is: format, layout and what else it could be, columns, rows, labels, lengths, first rows.

    Everything is counted over whole files; --limit counts for each of them. Where the layout is not clear, the
    candidates are shown with what speaks for and against each.
    """
    from sftformat.inspect.build import inspect
    from sftformat.report.blocks import json_text
    from sftformat.report.inspect import follow, show_sections
    from sftformat.report.screen import screen

    where = screen(given["quiet"])
    events = inspect(inputs, choice_of(ctx), tokenizer=tokenizer, first=first)
    sections, unread = follow(where, events)
    if output_format == "json":
        told = {"version": 1, "sections": [section.to_json() for section in sections]}
        click.echo(json_text({**told, "unread": [each.to_json() for each in unread]}))
    else:
        show_sections(where, sections, unread)
    return 2 if unread else 0
