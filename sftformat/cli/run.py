"""`sftformat run`: convert, tokenize, train, evaluate, in one go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of, wanted
from sftformat.cli.evaluate import beams
from sftformat.cli.tokenize import tokenizing
from sftformat.cli.train import require_train_extra, training


@click.command("run")
@options.inputs
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    required=True,
    metavar="OUT",
    help="Folder for OUT/dataset, OUT/shards, OUT/model.",
)
@training
@click.option("--tokenizer", metavar="T", help="Default: that of the model.")
@click.option(
    "--eval-split", type=click.Choice(["train", "validation", "test"]), help="Default: test, else validation."
)
@beams
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
def command(ctx: click.Context, /, inputs: tuple[str, ...], output: str, **given: Any) -> int:
    """Convert INPUT, tokenize it, fine-tune a BERT on it and evaluate that on the test split.

    With an --output-format other than text stdout carries the findings alone, and what the model came to goes to
    stderr and OUT/model.
    """
    require_train_extra()
    from sftformat.check import tolerances
    from sftformat.cli.convert import finish
    from sftformat.cli.evaluate import evaluate, show
    from sftformat.cli.tokenize import make_shards, tokenize_options
    from sftformat.cli.train import train
    from sftformat.dataset.build import convert
    from sftformat.folder.manifest import read_manifest
    from sftformat.report.model import show_next, show_trials
    from sftformat.report.outlet import outlet
    from sftformat.report.screen import screen
    from sftformat.tasks.overlap import require_text_extra
    from sftformat.tokenize.request import refuse_early
    from sftformat.workers import kept

    if given["objective"] == "causal":
        raise click.UsageError("--for causal: such shards are trained elsewhere; make them with 'sftformat tokenize'")
    where, out = screen(given["quiet"], streams=given["output_format"] != "text"), Path(output)
    choice = choice_of(ctx)
    how = tokenize_options(given["tokenizer"] or given["model"], given, choice.settings.labels)
    refuse_early(how)
    _heading(where, 1, "convert")
    processes = kept(options.workers(given["workers"]))
    with outlet(where, wanted(ctx, choice.settings)) as findings, processes:
        finish(findings, convert(inputs, out / "dataset", choice, overwrite=given["overwrite"]), out / "dataset")
        dataset = read_manifest(out / "dataset", "dataset")
        refuse_to_train(dataset, tolerances(choice.settings))
        if dataset["task"] in ("text-to-text", "chat"):
            require_text_extra()
        split = evaluation_split(dataset, given["eval_split"])
        _heading(where, 2, "tokenize")
        make_shards(findings, out / "dataset", out / "shards", how, given)
    if findings.machine:
        where = where.aside()
    _heading(where, 3, "train")
    finished = train(where, out / "shards", out / "model", given)
    show_trials(where, finished.trials, finished.trial)
    _heading(where, 4, "evaluate")
    found = evaluate(where, out / "model", out / "shards", {**given, "eval_split": split})
    where.say()
    show(where, found)
    show_next(where, next_commands(out, split, dataset["task"]))
    return findings.status()


def _heading(where: Any, number: int, words: str) -> None:
    where.note(f"[{number}/4] {words}", "bold")


def refuse_to_train(manifest: dict[str, Any], tolerated: Mapping[str, float]) -> None:
    """Stop before a GPU is paid for when the data set as a whole has errors; `tolerated` are shares of rows by code.

    Raises:
        DataError: there are any; rejected rows alone are no reason.
    """
    from sftformat.errors import DataError
    from sftformat.rules import RULES

    whole = {rule.code: rule.name for rule in RULES if rule.scope == "set"} | {"SFT105": "mixed-types"}
    read = manifest["ledger"]["read"]
    counts = {key.split()[1]: number for key, number in manifest["findings"].items() if key.startswith("error ")}
    found = [code for code, number in counts.items() if number > tolerated.get(code, 0) * read]
    blocking = [f"{code} {whole[code]}" for code in found if code in whole]
    if blocking:
        raise DataError(
            f"nothing was trained: the data set has errors ({', '.join(blocking)}); mend them, or leave a rule out "
            "with --ignore"
        )


def evaluation_split(manifest: dict[str, Any], wanted: str | None) -> str:
    """Return the split to evaluate on.

    Raises:
        UsageError: the data set has neither test nor validation and none was named.
    """
    from sftformat.errors import UsageError

    splits = manifest["splits"]
    split = wanted or next((name for name in ("test", "validation") if name in splits), None)
    if split is None or split not in splits:
        raise UsageError(
            f"there is no {split or 'test'} split to evaluate on: give test=FILE, use --split 0.8,0.1,0.1, "
            "or --eval-split train to look at the training rows"
        )
    return split


def next_commands(out: Path, split: str, task: str) -> list[tuple[str, str]]:
    """Return the commands that come next, as one would type them."""
    import shlex

    place = repr(str(out / "model"))
    pipeline = task if task == "token-classification" else "text-classification"
    opened = f"transformers.pipeline({pipeline!r}, model={place})"
    if task in ("text-to-text", "chat"):
        opened = f"transformers.EncoderDecoderModel.from_pretrained({place})"
    model, shards = shlex.quote(str(out / "model")), shlex.quote(str(out / "shards"))
    return [
        ("predict", f"sftformat predict {model} new.csv -o predictions.jsonl"),
        ("evaluate again", f"sftformat evaluate {model} {shards} --eval-split {split}"),
        ("verify", f"sftformat verify {shlex.quote(str(out / 'dataset'))} {shards} {model}"),
        ("use in Python", opened),
    ]
