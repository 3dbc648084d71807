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
@click.option("--diff", is_flag=True, help="Show what --fix would change, as a unified diff, in place of the findings.")
@options.unsafe_fixes
@options.working
@click.option(
    "-o", "--output", type=click.Path(), metavar="FILE", help="Write all findings here, one JSON object a line."
)
@click.option(
    "--output-format", type=click.Choice(["text", "json", "jsonl"]), default="text", help="What stdout carries."
)
@click.pass_context
def command(
    ctx: click.Context, /, inputs: tuple[str, ...], output: str | None, output_format: str, diff: bool, **given: Any
) -> int:
    """Check every row of INPUT and say what is wrong, where, and how to mend it. Nothing is changed.

    With --diff the exit status is that of `convert --fix`: 1 when errors would be left.
    """
    from sftformat.dataset.build import diagnose
    from sftformat.report.data import show_inputs, show_ledger
    from sftformat.report.findings import Digest, FindingsFile, closing, json_line, show_digest
    from sftformat.report.repairs import Diff, RepairDigest
    from sftformat.report.screen import screen
    from sftformat.report.work import follow

    if diff and output_format != "text":
        raise click.UsageError("--diff is shown as text; `convert --fix` writes repairs.jsonl, which is for machines")
    where = screen(given["quiet"])
    digest, mended, shown = Digest(), RepairDigest(), Diff(where)
    with FindingsFile(Path(output) if output else None) as file:

        def take(found: Any) -> None:
            digest.add(found)
            file.add(found)
            if output_format == "jsonl":
                click.echo(json_line(found))

        def mend(made: Any) -> None:
            mended.add(made)
            shown.add(made)

        finished = follow(where, diagnose(inputs, options.dataset_options(ctx)), take, mend)
    ledger = finished.manifest["ledger"]
    if diff:
        shown.close()
        where.note(mended.words("Would make"), "bold")
        where.note(f"Left to mend: {closing(digest, ledger)[0].lower()}{closing(digest, ledger)[1:]}")
        return int(digest.failed(given["fail_on"]) or (given["fail_on"] == "warning" and bool(mended.rows)))
    if output_format == "json":
        click.echo(json.dumps({"ledger": ledger, "task": finished.manifest["task"], **digest.to_json()}))
    elif output_format == "text":
        show_digest(where, digest)
        show_inputs(where, finished.manifest)
        show_ledger(where, ledger)
        where.say(closing(digest, ledger), "bold red" if digest.errors else "bold")
    return int(digest.failed(given["fail_on"]))
