"""`sftformat train`: fine-tune on shards; several learning rates are a grid search on validation."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.errors import ModelError

with_png = click.option("--png", is_flag=True, help="Write the plots as PNG too (needs the extra 'plots').")


def _licence(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", value):
        raise click.BadParameter("give an identifier of the hub, as in apache-2.0 or cc-by-4.0")
    return value


training: Callable[[Any], Any] = options.stack(
    click.option(
        "--model", required=True, metavar="M", help="A BERT-family checkpoint: a folder, or a name on the hub."
    ),
    click.option(
        "--learning-rate", metavar="RATE", help="2e-5; several with commas, or 1e-5..1e-3 = grid search on validation."
    ),
    click.option("--epochs", type=click.IntRange(1), metavar="N", help="Passes over the training rows. Default: 3."),
    click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Rows in a batch. Default: 32."),
    click.option("--optimizer", type=click.Choice(["adamw", "adam"]), help="Default: adamw."),
    click.option("--weight-decay", type=click.FloatRange(0), metavar="X", help="Of AdamW. Default: 0.01."),
    click.option(
        "--warmup",
        type=click.FloatRange(0, 1),
        metavar="X",
        help="Share of the steps in which the rate rises. Default: 0.1.",
    ),
    click.option(
        "--clip", type=click.FloatRange(0), metavar="X", help="Largest norm of the gradient; 0 = none. Default: 1."
    ),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 1),
        metavar="X",
        help="Multilabel: probability from which a label applies. Default: 0.5.",
    ),
    click.option(
        "--keep", type=click.Choice(["best", "last"]), help="Which weights are kept. Default: the best on validation."
    ),
    click.option("--metric", metavar="NAME", help="What best means. Default: accuracy, micro_f1 or pearson by task."),
    click.option(
        "--precision",
        type=click.Choice(["fp32", "bf16", "auto"]),
        help="auto = bf16 where the processor has it. Default: fp32.",
    ),
    click.option("--seeds", metavar="A,B,…", help="Try each learning rate with these seeds, and choose by the mean."),
    click.option(
        "--accumulate", type=click.IntRange(1), metavar="N", help="Batches that make one step together. Default: 1."
    ),
    click.option(
        "--schedule",
        type=click.Choice(["linear", "cosine", "constant"]),
        help="How the rate goes on after the warm-up. Default: linear, down to 0.",
    ),
    click.option(
        "--label-smoothing",
        type=click.FloatRange(0, 1, max_open=True),
        metavar="X",
        help="Share of the target that is spread over all classes. Default: 0.",
    ),
    click.option(
        "--class-weights", type=click.Choice(["balanced"]), help="balanced: rows of rare classes weigh as much more."
    ),
    click.option(
        "--early-stopping",
        type=click.IntRange(0),
        metavar="N",
        help="Stop when validation was no better for N epochs. Default: 0, never.",
    ),
    click.option("--freeze", metavar="N|embeddings", help="Leave the embeddings, and the first N layers, as they are."),
    click.option(
        "--checkpoint-every", type=click.IntRange(1), metavar="N", help="Steps between checkpoints. Default: 500."
    ),
    with_png,
    click.option(
        "--license", "licence", metavar="ID", callback=_licence, help="Licence of the weights, for the model card."
    ),
)


def require_train_extra() -> None:
    """Check that the model half can run.

    Raises:
        ModelError: torch or transformers is not installed.
    """
    from importlib.util import find_spec

    missing = [name for name in ("torch", "transformers", "safetensors") if find_spec(name) is None]
    if missing:
        raise ModelError(f"{' and '.join(missing)} not installed: pip install 'sftformat[train]'")


def train_options(given: dict[str, Any]) -> tuple[Any, list[float], list[int]]:
    """Return TrainOptions, the learning rates and the seeds that the parameters of a command mean."""
    from sftformat.events import TrainOptions
    from sftformat.trials import parse_rates, parse_seeds

    names = (
        "epochs",
        "batch_size",
        "optimizer",
        "weight_decay",
        "warmup",
        "clip",
        "threshold",
        "keep",
        "metric",
        "precision",
        "accumulate",
        "schedule",
        "label_smoothing",
        "class_weights",
        "early_stopping",
        "freeze",
        "checkpoint_every",
    )
    chosen = {name: given[name] for name in names if given.get(name) is not None}
    rates = parse_rates(given["learning_rate"]) if given.get("learning_rate") is not None else []
    seeds = parse_seeds(given["seeds"]) if given.get("seeds") is not None else []
    return TrainOptions(**chosen, seed=given.get("seed") or 0), rates, seeds


@click.command("train")
@click.argument("shards", type=click.Path())
@click.option("-o", "--output", type=click.Path(), required=True, metavar="RUN", help="The run folder.")
@training
@options.working
@options.overwriting
def command(shards: str, output: str, **given: Any) -> int:
    """Fine-tune a BERT on SHARDS and keep the checkpoint that is best on validation. The test split is not opened."""
    require_train_extra()
    from sftformat import ranks, trials
    from sftformat.report.model import show_next, show_trials
    from sftformat.report.screen import screen

    ranks.join(os.environ)
    if ranks.rank() > 0:
        trials.follow()
        ranks.leave()
        return 0
    where = screen(given["quiet"])
    finished = train(where, Path(shards), Path(output), given)
    ranks.leave()
    show_trials(where, finished.trials, finished.trial)
    where.say(f"kept the {finished.trial.kept} weights, epoch {finished.trial.epoch}: {output}")
    show_next(where, [("evaluate", f"sftformat evaluate {output} {shards} --eval-split {split_for(Path(shards))}")])
    return 0


def split_for(shards: Path) -> str:
    """Return the split of shards that says most about a run: the last one that is there."""
    from sftformat.folder.manifest import read_manifest

    splits = read_manifest(shards, "shards")["splits"]
    return next((name for name in ("test", "validation") if splits.get(name, {}).get("rows")), "train")


def train(where: Any, shards: Path, out: Path, given: dict[str, Any]) -> Any:
    """Train, drawing the events, and return the last one."""
    from sftformat.grid import fit
    from sftformat.png import require
    from sftformat.report.model import follow

    chosen, rates, seeds = train_options(given)
    also = {name: given[name] for name in ("licence", "png", "overwrite")}
    if also["png"]:
        require()
    return follow(where, fit(shards, out, given["model"], chosen, rates, seeds, **also))
