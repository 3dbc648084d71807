"""`sftformat compare`: two runs on the same rows, and whether they differ by more than chance."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from sftformat.cli import options
from sftformat.cli.train import require_train_extra


@click.command("compare")
@click.argument("run_a", type=click.Path())
@click.argument("run_b", type=click.Path())
@click.option("--eval-split", default="test", type=click.Choice(["train", "validation", "test"]), help="Default: test.")
@click.option("--name", metavar="NAME", help="Which evaluation, where both runs have several of the split.")
@click.option(
    "--resamples",
    type=click.IntRange(100),
    default=2000,
    metavar="N",
    help="Draws for the intervals and the permutation tests. Default: 2000.",
)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="What stdout carries.")
@options.working
def command(
    run_a: str, run_b: str, eval_split: str, name: str | None, resamples: int, output_format: str, **given: object
) -> int:
    """Test whether RUN_B differs from RUN_A on the rows that both were evaluated on."""
    require_train_extra()
    from sftformat.compare import compare
    from sftformat.report.model import show_comparison
    from sftformat.report.screen import screen

    seed = given["seed"] if isinstance(given["seed"], int) else 0
    found = compare(Path(run_a), Path(run_b), eval_split, name=name, resamples=resamples, seed=seed)
    if output_format == "json":
        click.echo(json.dumps(asdict(found), indent=1))
    else:
        show_comparison(screen(bool(given["quiet"])), found, run_a, run_b)
    return 0
