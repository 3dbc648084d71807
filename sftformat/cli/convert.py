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
@options.repairing
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
    from sftformat.report.screen import screen

    where = screen(given["quiet"])
    choice = options.dataset_options(ctx)
    out = Path(output)
    if by_name(out.name) is None or out.is_dir():
        if to is not None:
            raise click.UsageError("--to is for a file: name OUT with .csv, .tsv, .json, .jsonl, .parquet or .arrow")
        events = convert(inputs, out, choice, overwrite=given["overwrite"], dry_run=dry_run)
        return finish(where, events, out, given["fail_on"])
    return _to_file(where, inputs, out, to, choice, given, dry_run)


def finish(where: Any, events: Any, out: Path | None, fail_on: str) -> int:
    """Follow the making of a data set, show what was found and what was written; return the exit status.

    `out` is the folder that stays; None when only what is made from it stays.
    """
    from sftformat.report.data import show_inputs, show_ledger
    from sftformat.report.findings import Digest, closing, show_digest
    from sftformat.report.repairs import RepairDigest, show_repairs
    from sftformat.report.work import follow

    digest, mended = Digest(), RepairDigest()
    finished = follow(where, events, digest.add, mended.add)
    if finished.nothing_to_do:
        where.say(f"{out}: up to date, nothing to do")
        return 0
    ledger = finished.manifest["ledger"]
    show_digest(where, digest)
    show_repairs(where, mended)
    show_inputs(where, finished.manifest)
    show_ledger(where, ledger)
    for name, words in BESIDE.items():
        if out is not None and (out / name).exists():
            where.say(f"{words}: {out / name}")
    if "repairs" in finished.manifest:
        where.say(mended.words(before=sum(finished.manifest["repairs"].values()) - mended.counts.total()))
    where.say(closing(digest, ledger), "bold red" if digest.errors else "bold")
    return int(digest.failed(fail_on))


#: Files of a data set folder that are kept beside OUT where the folder itself is not, and what is said of them.
BESIDE = {
    "rejects.jsonl": "rows not written, each with its reason",
    "repairs.jsonl": "every repair, with what stood there before",
}


def refuse_beside(out: Path, overwrite: bool) -> None:
    """Refuse to replace what stands beside OUT unasked.

    Raises:
        UsageError: there is a file of that name.
    """
    for path in (beside(out, name) for name in BESIDE):
        if path.exists() and not overwrite:
            raise click.UsageError(f"{path}: exists; use --overwrite to replace it")


def beside(out: Path, name: str) -> Path:
    """Return where a file of the data set is kept that OUT was made from: `OUT.rejects.jsonl`."""
    return out.with_name(f"{out.name}.{name}")


def keep_beside(where: Any, folder: Path, out: Path) -> None:
    """Move rejects and repairs of a data set that goes away to beside OUT, and say so."""
    import os

    for name, words in BESIDE.items():
        beside(out, name).unlink(missing_ok=True)
        if (folder / name).exists():
            os.replace(folder / name, beside(out, name))
            where.say(f"{words}: {beside(out, name)}")


def _to_file(
    where: Any, inputs: Sequence[str], out: Path, to: str | None, choice: Any, given: dict[str, Any], dry_run: bool
) -> int:
    from itertools import chain

    from sftformat.dataset.build import convert
    from sftformat.dataset.export import export
    from sftformat.folder.commit import workspace

    if out.exists() and not given["overwrite"]:
        raise click.UsageError(f"{out}: exists; use --overwrite to replace it")
    refuse_beside(out, given["overwrite"] or dry_run)
    with workspace(out) as work:
        folder = work / "dataset"
        built = list(convert(inputs, folder, choice))
        written = () if dry_run else export(folder, out, to, overwrite=given["overwrite"])
        status = finish(where, chain(built, written), None, given["fail_on"])
        if not dry_run:
            keep_beside(where, folder, out)
    return status
