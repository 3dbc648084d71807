"""`sftformat validate`: every finding in every row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sftformat.cli import options


@click.command("validate")
@options.inputs
@options.shape
@options.reading
@options.checking
@options.working
@click.option(
    "-o", "--output", type=click.Path(), metavar="FILE", help="Write all findings here, one JSON object a line."
)
@click.option(
    "--output-format", type=click.Choice(["text", "json", "jsonl"]), default="text", help="What stdout carries."
)
@click.pass_context
def command(
    ctx: click.Context, /, inputs: tuple[str, ...], output: str | None, output_format: str, **given: Any
) -> int:
    """Check every row of INPUT and say what is wrong, where, and how to mend it. Nothing is changed."""
    from sftformat.dataset.build import diagnose
    from sftformat.report.data import show_inputs, show_ledger
    from sftformat.report.findings import Digest, FindingsFile, closing, json_line, show_digest
    from sftformat.report.screen import screen
    from sftformat.report.work import follow

    where = screen(given["quiet"])
    digest = Digest()
    with FindingsFile(Path(output) if output else None) as file:

        def take(found: Any) -> None:
            digest.add(found)
            file.add(found)
            if output_format == "jsonl":
                click.echo(json_line(found))

        finished = follow(where, diagnose(inputs, options.dataset_options(ctx)), take)
    ledger = finished.manifest["ledger"]
    if output_format == "json":
        click.echo(json.dumps({"ledger": ledger, "task": finished.manifest["task"], **digest.to_json()}))
    elif output_format == "text":
        show_digest(where, digest)
        show_inputs(where, finished.manifest)
        show_ledger(where, ledger)
        where.say(closing(digest, ledger), "bold red" if digest.errors else "bold")
    return int(digest.failed(given["fail_on"]))
