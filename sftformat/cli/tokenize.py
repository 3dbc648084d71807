"""`sftformat tokenize`: a data set, or raw inputs straight through, to tokenized Arrow shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of, refuse_own, wanted

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
    from sftformat.folder.commit import workspace
    from sftformat.folder.manifest import MANIFEST
    from sftformat.report.outlet import outlet
    from sftformat.report.screen import screen

    where = screen(given["quiet"])
    choice = choice_of(ctx)
    how = tokenize_options(tokenizer, given, choice.settings.labels)
    out = Path(output)
    with outlet(where, wanted(ctx, choice.settings)) as findings:
        if len(inputs) == 1 and (Path(inputs[0]) / MANIFEST).is_file() and not choice.fix:
            _refuse_unused(choice)
            make_shards(findings, Path(inputs[0]), out, how, given)
        else:
            refuse_folder(out, inputs)
            refuse_own(ctx, *(beside(out, name) for name in BESIDE))
            refuse_beside(out, given["overwrite"])
            with workspace(out) as work:
                finish(findings, convert(inputs, work / "dataset", choice), None)
                make_shards(findings, work / "dataset", out, how, given)
                keep_beside(findings, work / "dataset", out)
    return findings.status()


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
    names = ("objective", "template", "max_target_length")
    return TokenizeOptions(
        tokenizer,
        given["max_length"],
        given["truncation"],
        labels,
        day=day,
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
    findings.show(None)


def shards_events(dataset: Path, out: Path, how: Any, overwrite: bool, processes: int) -> Any:
    """Return the events of tokenizing a data set folder."""
    from sftformat.shards import tokenize

    return tokenize(dataset, out, how, overwrite=overwrite, workers=processes)
