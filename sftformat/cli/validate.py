"""`sftformat validate`: every finding in every row."""

from __future__ import annotations

from typing import Any

import click

from sftformat.cli import options


@click.command("validate")
@options.inputs
@options.shape
@options.reading
@options.checking
@options.working
@options.output_format
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="Write all findings here: .sarif, .json, .jsonl or .txt, else as --output-format says. '-' is stdout.",
)
@click.option("--each", is_flag=True, help="Every INPUT is a data set of its own, with its own layout and task.")
@click.pass_context
def command(ctx: click.Context, /, inputs: tuple[str, ...], output: str | None, each: bool, **given: Any) -> int:
    """Check every row of INPUT and say what is wrong, where, and how to mend it. Nothing is changed."""
    from sftformat.dataset.build import diagnose
    from sftformat.dataset.each import diagnose_each
    from sftformat.report.data import show_inputs, show_ledger
    from sftformat.report.outlet import outlet
    from sftformat.report.screen import screen
    from sftformat.report.work import follow

    where = screen(given["quiet"])
    choice = options.dataset_options(ctx)
    with outlet(where, options.wanted(ctx, output)) as out:
        out.lists_all = True
        events = diagnose_each(inputs, choice) if each else diagnose(inputs, choice)
        finished = follow(where, events, out.take, out.look)
        out.show(finished.manifest)
        if not out.machine:
            show_inputs(where, finished.manifest)
            show_ledger(where, finished.manifest["ledger"])
        out.close(finished.manifest["ledger"])
    return out.status()
