"""`sftformat validate`: every finding in every row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of, refuse_own, wanted


@click.command("validate")
@options.inputs
@options.shape
@options.reading
@options.checking
@click.option("--diff", is_flag=True, help="Show what --fix would change, as a unified diff, in place of the findings.")
@options.unsafe_fixes
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
def command(
    ctx: click.Context, /, inputs: tuple[str, ...], output: str | None, each: bool, diff: bool, **given: Any
) -> int:
    """Check every row of INPUT and say what is wrong, where, and how to mend it. Nothing is changed.

    With --diff the exit status is that of `convert --fix`: 1 when errors would be left.
    """
    from sftformat.dataset.build import diagnose
    from sftformat.dataset.each import diagnose_each
    from sftformat.errors import InputError
    from sftformat.report.data import show_inputs, show_ledger
    from sftformat.report.outlet import outlet
    from sftformat.report.repairs import Diff
    from sftformat.report.screen import screen
    from sftformat.report.work import follow
    from sftformat.workers import kept

    where = screen(given["quiet"], streams=diff or output == "-" or given["output_format"] != "text")
    if output not in (None, "-"):
        refuse_own(ctx, Path(str(output)))
    choice = choice_of(ctx)
    with outlet(where, wanted(ctx, choice.settings, output)) as out, kept(choice.workers):
        if diff and out.machine:
            raise click.UsageError("--diff is shown as text; for machines `convert --fix` writes repairs.jsonl")
        out.lists_all = not diff
        shown = Diff(where, out.places.path)
        out.on_repair = shown.add if diff else None
        failed: list[Any] = []
        events = (diagnose_each if each else diagnose)(inputs, choice, failed)
        finished = follow(where, events, out.take, out.look, out.mend)
        shown.close()
        out.show(finished.manifest, digest=not diff)
        if not out.machine and not diff:
            show_inputs(where, finished.manifest)
            show_ledger(where, finished.manifest["ledger"])
        if diff:
            where.note(out.mended.words("Would make"), "bold")
            out.would_change = bool(out.mended.rows)
        out.close(finished.manifest["ledger"], "Left to mend" if diff else "")
        if failed:
            raise InputError("; ".join(map(str, failed)))
    return out.status()
