"""`sftformat convert`: the canonical data set, or a file in another format and layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of, refuse_own, wanted


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
    "--to",
    metavar="LAYOUT",
    help="Layout that is written; 'canonical' for canonical records. Default: that of the input.",
)
@options.shape
@options.reading
@options.splitting
@options.checking
@options.repairing
@options.output_format
@options.working
@options.overwriting
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.pass_context
def command(
    ctx: click.Context, /, inputs: tuple[str, ...], output: str, to: str | None, dry_run: bool, **given: Any
) -> int:
    """Make the canonical data set of INPUT in the folder OUT, or write it to the file OUT in another layout.

    With --to a folder is one as the hub has it: Parquet files of each split, and a README.md that names them.
    """
    from sftformat.dataset.build import convert
    from sftformat.formats import written_as
    from sftformat.report.outlet import outlet
    from sftformat.report.screen import screen
    from sftformat.workers import kept

    where = screen(given["quiet"], streams=given["output_format"] != "text")
    choice = choice_of(ctx)
    out = Path(output)
    if to is None and (written_as(out.name) is None or out.is_dir()):
        events = convert(inputs, out, choice, overwrite=given["overwrite"], dry_run=dry_run)
        with outlet(where, wanted(ctx, choice.settings)) as findings, kept(choice.workers):
            finish(findings, events, out)
        return findings.status()
    refuse_own(ctx, out, *(beside(out, name) for name in BESIDE))
    with outlet(where, wanted(ctx, choice.settings)) as findings, kept(choice.workers):
        _to_file(findings, inputs, out, to, choice, given, dry_run)
    return findings.status()


def finish(findings: Any, events: Any, out: Path | None) -> None:
    """Follow the making of a data set; show what was found, repaired and written through an Outlet.

    `out` is the folder that stays; None when only what is made from it stays.
    """
    from sftformat.report.data import show_inputs, show_ledger
    from sftformat.report.repairs import show_repairs
    from sftformat.report.work import follow

    where = findings.where
    finished = follow(where, events, findings.take, findings.look, findings.mend)
    ledger = finished.manifest["ledger"]
    findings.show(finished.manifest)
    if finished.nothing_to_do:
        if out is not None:
            findings.say(f"{out}: up to date, nothing to do")
        return
    if finished.taken:
        findings.say(taken_over(finished.taken, finished.units))
    if not findings.machine:
        show_repairs(where, findings.mended, findings.places.path)
        show_inputs(where, finished.manifest)
        show_ledger(where, ledger)
    for name, words in BESIDE.items():
        if out is not None and (out / name).exists():
            findings.say(f"{words}: {out / name}")
    if "repairs" in finished.manifest:
        earlier = sum(finished.manifest["repairs"].values()) - findings.mended.counts.total()
        findings.say(findings.mended.words(before=earlier))
    findings.close(ledger)


def taken_over(taken: int, units: int) -> str:
    """Say how much of the work an earlier run had done."""
    from sftformat.report.screen import count

    return f"{count(taken, 'range')} of {units:,} taken over unchanged, {units - taken:,} done again"


#: Files of a data set folder that are kept beside OUT where the folder itself is not, and what is said of them.
BESIDE = {
    "rejects.jsonl": "rows not written, each with its reason",
    "repairs.jsonl": "every repair, with what stood there before",
}


def refuse_beside(out: Path, overwrite: bool, before: Path | None = None) -> None:
    """Refuse to replace what stands beside OUT unasked; what an earlier run put there from the folder `before` may go.

    Raises:
        UsageError: there is a file of that name.
    """
    from filecmp import cmp

    for name in BESIDE:
        path = beside(out, name)
        made = before / name if before is not None else path
        known = before is not None and made.is_file() and path.is_file() and cmp(path, made, shallow=False)
        if path.exists() and not overwrite and not known:
            raise click.UsageError(f"{path}: exists; use --overwrite to replace it")


def beside(out: Path, name: str) -> Path:
    """Return where a file of the data set is kept that OUT was made from: `OUT.rejects.jsonl`."""
    return out.with_name(f"{out.name}.{name}")


def keep_beside(findings: Any, folder: Path, out: Path) -> None:
    """Put rejects and repairs of a data set that is not what was asked for beside OUT, and say so."""
    from functools import partial
    from shutil import copyfile

    from sftformat.folder.files import write_file

    for name, words in BESIDE.items():
        beside(out, name).unlink(missing_ok=True)
        if (folder / name).exists():
            write_file(beside(out, name), partial(copyfile, folder / name))
            findings.say(f"{words}: {beside(out, name)}")


def _to_file(
    findings: Any, inputs: Sequence[str], out: Path, to: str | None, choice: Any, given: dict[str, Any], dry_run: bool
) -> None:
    from itertools import chain

    from sftformat.dataset.build import convert
    from sftformat.dataset.export import export
    from sftformat.dataset.written import kind_of, refuse_existing
    from sftformat.folder.commit import workspace

    kind_of(out, to)
    refuse_existing(out, to, given["overwrite"])
    refuse_beside(out, given["overwrite"] or dry_run)
    with workspace(out) as work:
        folder = work / "dataset"
        built = list(convert(inputs, folder, choice))
        written = () if dry_run else export(folder, out, to, overwrite=given["overwrite"])
        finish(findings, chain(built, written), None)
        if not dry_run:
            keep_beside(findings, folder, out)
