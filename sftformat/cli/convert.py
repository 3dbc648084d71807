"""`sftformat convert`: the canonical data set, or a file in another format and layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sftformat.cli import options


@click.command("convert")
@options.inputs
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    required=True,
    metavar="OUT",
    help="A folder, or a file whose name says the format.",
)
@click.option(
    "--to", metavar="LAYOUT", help="Layout of a file; 'canonical' for canonical records. Default: that of the input."
)
@options.shape
@options.reading
@options.splitting
@options.checking
@options.output_format
@options.working
@options.overwriting
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.pass_context
def command(
    ctx: click.Context, /, inputs: tuple[str, ...], output: str, to: str | None, dry_run: bool, **given: Any
) -> int:
    """Make the canonical data set of INPUT in the folder OUT, or write it to the file OUT in another layout."""
    from sftformat.dataset.build import convert
    from sftformat.formats import by_name
    from sftformat.report.outlet import outlet
    from sftformat.report.screen import screen

    where = screen(given["quiet"])
    choice = options.dataset_options(ctx)
    out = Path(output)
    if by_name(out.name) is None or out.is_dir():
        if to is not None:
            raise click.UsageError("--to is for a file: name OUT with .csv, .tsv, .json, .jsonl, .parquet or .arrow")
        events = convert(inputs, out, choice, overwrite=given["overwrite"], dry_run=dry_run)
        with outlet(where, options.wanted(ctx)) as findings:
            finish(findings, events, out)
        return findings.status()
    with outlet(where, options.wanted(ctx)) as findings:
        _to_file(findings, inputs, out, to, choice, given, dry_run)
    return findings.status()


def finish(findings: Any, events: Any, out: Path) -> None:
    """Follow the making of a data set; show what was found and what was written through an Outlet."""
    from sftformat.report.data import show_inputs, show_ledger
    from sftformat.report.work import follow

    where = findings.where
    finished = follow(where, events, findings.take, findings.look)
    ledger = finished.manifest["ledger"]
    findings.show(finished.manifest)
    if finished.nothing_to_do:
        findings.say(f"{out}: up to date, nothing to do")
        return
    if not findings.machine:
        show_inputs(where, finished.manifest)
        show_ledger(where, ledger)
    if ledger["rejected"] + ledger["duplicate"] and (out / "rejects.jsonl").exists():
        findings.say(f"rows not written, each with its reason: {out / 'rejects.jsonl'}")
    findings.close(ledger)


def _to_file(
    findings: Any, inputs: Sequence[str], out: Path, to: str | None, choice: Any, given: dict[str, Any], dry_run: bool
) -> None:
    import os
    from itertools import chain

    from sftformat.dataset.build import convert
    from sftformat.dataset.export import export
    from sftformat.folder.commit import workspace

    if out.exists() and not given["overwrite"]:
        raise click.UsageError(f"{out}: exists; use --overwrite to replace it")
    rejects = out.with_name(out.name + ".rejects.jsonl")
    if rejects.exists() and not given["overwrite"] and not dry_run:
        raise click.UsageError(f"{rejects}: exists; use --overwrite to replace it")
    with workspace(out) as work:
        folder = work / "dataset"
        built = list(convert(inputs, folder, choice))
        written = () if dry_run else export(folder, out, to, overwrite=given["overwrite"])
        finish(findings, chain(built, written), out)
        if not dry_run:
            rejects.unlink(missing_ok=True)
        if (folder / "rejects.jsonl").exists() and not dry_run:
            os.replace(folder / "rejects.jsonl", rejects)
            findings.say(f"rows not written, each with its reason: {rejects}")
