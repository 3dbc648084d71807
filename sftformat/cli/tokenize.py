"""`sftformat tokenize`: a data set, or raw inputs straight through, to tokenized Arrow shards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of, refuse_own, wanted

#: The data set inside a shard folder that was made of raw inputs; hidden, so it is no part of the shards.
DATASET = ".dataset"

tokenizing = options.stack(
    click.option(
        "--max-length",
        type=click.IntRange(3),
        metavar="N",
        help="Longest row in tokens. Default: what the tokenizer allows.",
    ),
    click.option(
        "--window",
        type=click.IntRange(3),
        metavar="N",
        help="Instead of --max-length: longer rows become windows of N tokens; nothing is cut off.",
    ),
    click.option(
        "--stride",
        type=click.IntRange(1),
        metavar="M",
        help="The windows of a row begin M tokens apart. Default: half of --window.",
    ),
    click.option(
        "--truncation",
        type=click.Choice(["truncate", "drop", "error"]),
        default="truncate",
        help="What happens to longer rows.",
    ),
    click.option(
        "--for",
        "objective",
        type=click.Choice(["encoder", "encoder-decoder", "causal"]),
        help="What trains on them. Default: encoder for labels, encoder-decoder for texts.",
    ),
    click.option(
        "--template",
        metavar="NAME|FILE",
        help="How texts are put together: plain, chatml, alpaca, or a chat template. Default: the tokenizer's own.",
    ),
    click.option(
        "--template-day", metavar="DATE", help="The day that a template is told, as 2026-01-31, where it asks for it."
    ),
    click.option(
        "--max-target-length",
        type=click.IntRange(2),
        metavar="N",
        help="Longest target of an encoder-decoder in tokens. Default: as --max-length.",
    ),
)


@click.command("tokenize")
@options.inputs
@click.option("-o", "--output", type=click.Path(), required=True, metavar="SHARDS", help="The shard folder.")
@click.option("--tokenizer", required=True, metavar="T", help="A folder, or a name on the hub.")
@tokenizing
@click.option("--pack", is_flag=True, help="With --for causal: put several rows into one of up to --max-length tokens.")
@options.shape
@options.reading
@options.splitting
@options.checking
@options.repairing
@options.output_format
@options.working
@options.overwriting
@click.pass_context
def command(ctx: click.Context, /, inputs: tuple[str, ...], output: str, tokenizer: str, **given: Any) -> int:
    """Tokenize a data set folder, or raw INPUT straight through, into the shard folder SHARDS."""
    from sftformat.cli.convert import BESIDE, beside, finish, keep_beside, refuse_beside
    from sftformat.dataset.apart import refuse_folder
    from sftformat.dataset.build import convert
    from sftformat.folder.commit import refuse_foreign
    from sftformat.folder.manifest import MANIFEST
    from sftformat.report.outlet import outlet
    from sftformat.report.screen import screen
    from sftformat.shards import up_to_date
    from sftformat.tokenize.request import refuse_early
    from sftformat.workers import kept

    where = screen(given["quiet"], streams=given["output_format"] != "text")
    choice = choice_of(ctx)
    how = tokenize_options(tokenizer, given, choice.settings.labels)
    out = Path(output)

    def stale() -> bool:
        return not up_to_date(out / DATASET, out, how)

    with outlet(where, wanted(ctx, choice.settings)) as findings, kept(choice.workers):
        if len(inputs) == 1 and (Path(inputs[0]) / MANIFEST).is_file() and not choice.fix:
            _refuse_unused(choice)
            make_shards(findings, Path(inputs[0]), out, how, given)
        else:
            refuse_folder(out, inputs)
            refuse_own(ctx, *(beside(out, name) for name in BESIDE))
            refuse_foreign(out, "shards", given["overwrite"])
            refuse_beside(out, given["overwrite"], out / DATASET)
            refuse_early(how)
            with _dataset_of(out) as dataset:
                finish(findings, convert(inputs, dataset, choice, overwrite=True, retell=stale), None)
                make_shards(findings, dataset, out, how, given)
                keep_beside(findings, dataset, out)
    return findings.status()


@contextmanager
def _dataset_of(out: Path) -> Iterator[Path]:
    """Give the folder of the data set that shards are made of straight from raw inputs.

    It stays inside them, hidden, so that the next run does again only what changed. Where nothing came of the call
    and OUT was made for it, it goes again, unless the work was only cut off.
    """
    from sftformat.folder.files import remove

    existed = out.is_dir()
    try:
        yield out / DATASET
    except Exception:
        if not existed and out.is_dir() and all(name.startswith(".") for name in os.listdir(out)):
            remove(out)
        raise


def tokenize_options(tokenizer: str, given: dict[str, Any], labels: tuple[str, ...] | None) -> Any:
    """Return the TokenizeOptions that the parameters of a command mean.

    Raises:
        UsageError: a day that is none.
    """
    from datetime import date

    from sftformat.errors import UsageError
    from sftformat.shards import TokenizeOptions

    try:
        day = date.fromisoformat(given["template_day"]) if given["template_day"] else None
    except ValueError:
        raise UsageError(f"--template-day {given['template_day']}: write it as 2026-01-31") from None
    names = ("objective", "template", "max_target_length", "window", "stride")
    return TokenizeOptions(
        tokenizer,
        given["max_length"],
        given["truncation"],
        labels,
        day=day,
        pack=given.get("pack", False),
        **{name: given[name] for name in names},
    )


def _refuse_unused(choice: Any) -> None:
    """A data set folder is tokenized as it is: what would make another one of it belongs to `convert`."""
    from sftformat.dataset.told import refuse_raw_options
    from sftformat.errors import UsageError

    refuse_raw_options(choice)
    made = {
        "--split": choice.fractions is not None,
        "--drop-duplicates": choice.drop_duplicates,
        "--max-rejects": choice.max_rejects is not None,
        "--task": choice.task is not None,
    }
    wrong = [name for name, given in made.items() if given]
    if wrong:
        raise UsageError(f"{wrong[0]} is for raw inputs; this one is a data set folder: use it with sftformat convert")


def make_shards(findings: Any, dataset: Path, out: Path, how: Any, given: dict[str, Any]) -> None:
    """Tokenize a data set folder, show the report before the commit and what was found after it."""
    from sftformat.check import told
    from sftformat.cli.convert import taken_over
    from sftformat.cli.options import workers
    from sftformat.report.shards import follow

    def take(found: Any) -> None:
        kept = told(found, findings.wanted.settings, costs_row=found.line is not None)
        if kept is not None:
            findings.take(kept)

    findings.next_stage()
    events = shards_events(dataset, out, how, given["overwrite"], workers(given["workers"]))
    done = follow(findings.where, events, take, quiet=findings.machine)
    for found in done.diagnostics:
        take(found)
    if done.nothing_to_do:
        findings.say(f"{out}: up to date, nothing to do")
        return
    if done.taken:
        findings.say(taken_over(done.taken, done.units))
    findings.show(None)


def shards_events(dataset: Path, out: Path, how: Any, overwrite: bool, processes: int) -> Any:
    """Return the events of tokenizing a data set folder."""
    from sftformat.shards import tokenize

    return tokenize(dataset, out, how, overwrite=overwrite, workers=processes)
