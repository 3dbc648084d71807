"""`sftformat tokenize`: a data set, or raw inputs straight through, to tokenized Arrow shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sftformat.cli import options

tokenizing = options.stack(
    click.option(
        "--max-length",
        type=click.IntRange(3),
        metavar="N",
        help="Longest row in tokens. Default: what the tokenizer allows.",
    ),
    click.option(
        "--truncation",
        type=click.Choice(["truncate", "drop", "error"]),
        default="truncate",
        help="What happens to longer rows.",
    ),
)


@click.command("tokenize")
@options.inputs
@click.option("-o", "--output", type=click.Path(), required=True, metavar="SHARDS", help="The shard folder.")
@click.option("--tokenizer", required=True, metavar="T", help="A folder, or a name on the hub.")
@tokenizing
@options.shape
@options.reading
@options.splitting
@options.checking
@options.repairing
@options.working
@options.overwriting
@click.pass_context
def command(ctx: click.Context, /, inputs: tuple[str, ...], output: str, tokenizer: str, **given: Any) -> int:
    """Tokenize a data set folder, or raw INPUT straight through, into the shard folder SHARDS."""
    from sftformat.cli.convert import finish, keep_beside, refuse_beside
    from sftformat.dataset.build import convert
    from sftformat.folder.commit import workspace
    from sftformat.folder.manifest import MANIFEST
    from sftformat.report.screen import screen
    from sftformat.shards import TokenizeOptions

    where = screen(given["quiet"])
    choice = options.dataset_options(ctx)
    how = TokenizeOptions(tokenizer, given["max_length"], given["truncation"], choice.settings.labels)
    out = Path(output)
    if len(inputs) == 1 and (Path(inputs[0]) / MANIFEST).is_file() and not choice.fix:
        return make_shards(where, Path(inputs[0]), out, how, given)
    refuse_beside(out, given["overwrite"])
    with workspace(out) as work:
        dataset = work / "dataset"
        status = finish(where, convert(inputs, dataset, choice), None, given["fail_on"])
        status = max(status, make_shards(where, dataset, out, how, given))
        keep_beside(where, dataset, out)
        return status


def make_shards(where: Any, dataset: Path, out: Path, how: Any, given: dict[str, Any]) -> int:
    """Tokenize a data set folder, show the report before the commit and the ledger after it; return the exit status."""
    from sftformat.cli.options import workers
    from sftformat.report.findings import Digest, show_digest
    from sftformat.report.shards import follow

    digest = Digest()
    events = shards_events(dataset, out, how, given["overwrite"], workers(given["workers"]))
    done = follow(where, events, digest.add)
    if done.nothing_to_do:
        where.say(f"{out}: up to date, nothing to do")
        return 0
    for found in done.diagnostics:
        digest.add(found)
    show_digest(where, digest)
    return int(digest.failed(given["fail_on"]))


def shards_events(dataset: Path, out: Path, how: Any, overwrite: bool, processes: int) -> Any:
    """Return the events of tokenizing a data set folder."""
    from sftformat.shards import tokenize

    return tokenize(dataset, out, how, overwrite=overwrite, workers=processes)
