"""`sftformat evaluate`: metrics, intervals and baselines, each prediction tied to its source line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.train import require_train_extra, with_png

beams = click.option("--beams", type=click.IntRange(1), default=1, metavar="N", help="Texts: beams kept. Default: 1.")
writing = options.stack(
    beams,
    click.option(
        "--max-target-length",
        type=click.IntRange(2),
        metavar="N",
        help="Texts: longest one that is written, in tokens. Default: that of the shards.",
    ),
)


@click.command("evaluate")
@click.argument("run", type=click.Path())
@click.argument("shards", nargs=-1, type=click.Path())
@click.option("--eval-split", default="test", type=click.Choice(["train", "validation", "test"]), help="Default: test.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), metavar="X", help="Multilabel: probability from which a label applies."
)
@writing
@click.option("--batch-size", type=click.IntRange(1), default=64, metavar="N", help="Rows in a batch. Default: 64.")
@click.option(
    "--bootstrap",
    type=click.IntRange(10),
    default=1000,
    metavar="N",
    help="Resamples for the intervals. Default: 1000.",
)
@click.option("--name", metavar="NAME", help="Of the evaluation: NAME-SPLIT. Default: the name of the shard folder.")
@click.option(
    "--folds",
    type=click.IntRange(2),
    metavar="N",
    help="With --eval-split train: train N models, each without a part of the rows, to find wrong labels.",
)
@click.option("--model", metavar="M", help="With --folds: the model that RUN was made from.")
@with_png
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="What stdout carries.")
@options.working
@options.overwriting
def command(run: str, shards: tuple[str, ...], output_format: str, **given: Any) -> int:
    """Measure RUN on a split of each of SHARDS (default: those beside it) against the true targets."""
    require_train_extra()
    from sftformat.report.screen import screen

    where = screen(given["quiet"])
    if given["name"] and len(shards) > 1:
        raise click.UsageError("--name is for one shard folder: several would all have the same name")
    if given["folds"] and given["eval_split"] != "train":
        raise click.UsageError("--folds is for --eval-split train")
    for each in shards or (None,):
        found = evaluate(where, Path(run), Path(each) if each else None, given)
        if output_format == "json":
            click.echo((found.folder / "metrics.json").read_text(encoding="utf-8").rstrip("\n"))
        else:
            show(where, found)
    return 0


def evaluate(where: Any, run: Path, shards: Path | None, given: dict[str, Any]) -> Any:
    """Evaluate a run on one split of one shard folder."""
    from sftformat.evaluate import evaluate as measure
    from sftformat.png import require
    from sftformat.report.model import follow

    if given.get("png"):
        require()
    where.note(f"evaluate on {given['eval_split']}")
    return measure(
        run,
        shards,
        given["eval_split"],
        threshold=given.get("threshold"),
        batch_size=given.get("batch_size") or 64,
        seed=given.get("seed") or 0,
        bootstrap=given.get("bootstrap") or 1000,
        beams=given.get("beams") or 1,
        max_target_length=given.get("max_target_length"),
        name=given.get("name"),
        folds=given.get("folds") or 0,
        png=given.get("png") or False,
        model=given.get("model") if given.get("folds") else None,
        follow=lambda events: follow(where, events),
        overwrite=given.get("overwrite") or False,
    )


def show(where: Any, found: Any) -> None:
    """Print an evaluation, its worst errors and where all of it stands."""
    from sftformat.evaluation import worst_errors
    from sftformat.report.model import show_errors, show_evaluation, show_written

    show_evaluation(where, found)
    if found.task == "classification":
        show_errors(where, worst_errors(found, 5))
    elif found.baselines:
        show_written(where, worst_errors(found, 5))
    where.say()
    if found.label_errors:
        show_doubted(where, found)
    elif found.folds:
        unknown = "not told, as these models are no better than always answering the commonest one"
        where.say(f"labels that may be wrong: {'none' if found.label_errors == 0 else unknown}")
    where.say(f"all numbers, predictions and plots: {found.folder}")


def show_doubted(where: Any, found: Any) -> None:
    """Print how many labels may be wrong, how often the model itself is, and what is to be done with them."""
    words = "rows with tags" if found.unit == "word" else "labels"
    doubted = found.folder / "label-errors.jsonl"
    where.say(f"{words} that may be wrong: {found.label_errors:,}, the likeliest first: look at {doubted},")
    where.say("take out the lines that are not, and give the rest to: sftformat convert … --apply label-errors.jsonl")
    accuracy = found.metrics.get("accuracy")
    if accuracy is not None:
        where.say(
            f"the model agrees with {accuracy:.1%} of all labels here: where it does not, most often it errs itself"
        )
