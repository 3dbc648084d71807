"""`sftformat predict`: a run on new data, each prediction with its source line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sftformat.cli import options
from sftformat.cli.choice import choice_of, refuse_own, wanted
from sftformat.cli.evaluate import writing
from sftformat.cli.train import require_train_extra


@click.command("predict")
@click.argument("run", type=click.Path())
@options.inputs
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    required=True,
    metavar="OUT",
    help="A file: .jsonl, .csv, .tsv, .json, .parquet.",
)
@click.option(
    "--threshold", type=click.FloatRange(0, 1), metavar="X", help="Multilabel: probability from which a label applies."
)
@writing
@click.option("--batch-size", type=click.IntRange(1), default=64, metavar="N", help="Rows in a batch. Default: 64.")
@options.shape
@options.reading
@options.checking
@options.working
@options.overwriting
@click.pass_context
def command(ctx: click.Context, /, run: str, inputs: tuple[str, ...], output: str, **given: Any) -> int:
    """Predict for every row of INPUT with the model in RUN. Targets, where there are any, are not looked at."""
    require_train_extra()
    from sftformat.cli.convert import beside
    from sftformat.cli.tokenize import shards_events
    from sftformat.dataset.build import convert
    from sftformat.errors import UsageError
    from sftformat.folder.commit import workspace
    from sftformat.formats import by_name
    from sftformat.report.data import show_ledger
    from sftformat.report.outlet import outlet
    from sftformat.report.screen import screen
    from sftformat.report.shards import follow as follow_shards
    from sftformat.report.work import follow

    where = screen(given["quiet"])
    out = Path(output)
    kind = by_name(out.name)
    if kind is None:
        raise UsageError(f"{out.name}: the name says no format; use .jsonl, .csv, .tsv, .json or .parquet")
    rejects = beside(out, "rejects.jsonl")
    refuse_own(ctx, out, rejects)
    if out.exists() and not given["overwrite"]:
        raise UsageError(f"{out}: exists; use --overwrite to replace it")
    if rejects.exists() and not given["overwrite"]:
        raise UsageError(f"{rejects}: exists; use --overwrite to replace it")
    choice = for_prediction(choice_of(ctx), Path(run))
    with outlet(where, wanted(ctx, choice.settings)) as findings, workspace(out) as work:
        dataset, shards = work / "dataset", work / "shards"
        finished = follow(where, convert(inputs, dataset, choice), findings.take, findings.look)
        how = tokenize_like(Path(run))
        tokenized = follow_shards(where, shards_events(dataset, shards, how, False, choice.workers), findings.take)
        for found in tokenized.diagnostics:
            findings.take(found)
        written = write(Path(run), shards, out, kind, given)
        rejected = gather((dataset / "rejects.jsonl", shards / "rejects.jsonl"), rejects)
        findings.show(finished.manifest)
        show_ledger(where, finished.manifest["ledger"])
        if rejected:
            where.say(f"rows not predicted, each with its reason: {rejects}")
        where.say(f"{written:,} predictions: {out}")
    return findings.status()


def gather(parts: Sequence[Path], out: Path) -> bool:
    """Write the rows that were left out on the way to one file and return whether there are any; an old one goes."""
    from sftformat.folder.files import write_file

    parts = [part for part in parts if part.exists()]
    out.unlink(missing_ok=True)

    def fill(beside: Path) -> None:
        with open(beside, "xb") as file:
            for part in parts:
                with open(part, "rb") as rows:
                    shutil.copyfileobj(rows, file)

    if parts:
        write_file(out, fill)
    return bool(parts)


def for_prediction(choice: Any, run: Path) -> Any:
    """Return data set options for rows without targets: the run's task, and only the rules about texts."""
    from sftformat.trained import open_run

    record, _ = open_run(run)
    task = choice.task or record["task"]
    settings = replace(choice.settings, select=("SFT0", "SFT1", "SFT2"), ignore=(*choice.settings.ignore, "SFT202"))
    return replace(choice, task=task, settings=settings, unlabelled=True)


def tokenize_like(run: Path) -> Any:
    """Return the tokenize options that a run's own shards were made with."""
    from sftformat.shards import TokenizeOptions
    from sftformat.trained import open_run

    record, _ = open_run(run)
    labels = tuple(record["labels"]) if record["labels"] is not None else None
    return TokenizeOptions(
        str(run),
        None if "stride" in record else record["max_length"],
        labels=labels,
        held=record.get("template"),
        max_target_length=record.get("max_target_length"),
        window=record["max_length"] if "stride" in record else None,
        stride=record.get("stride"),
    )


_GIVEN = ("threshold", "batch_size", "beams", "max_target_length")


def write(run: Path, shards: Path, out: Path, kind: tuple[str, str | None], given: dict[str, Any]) -> int:
    """Write one record a prediction, whole or not at all; return how many.

    They are kept beside the shards on the way, for formats that look at all records before they write the first.
    """
    import json
    from itertools import islice

    from sftformat.folder.files import write_file
    from sftformat.folder.manifest import read_manifest
    from sftformat.formats import write as write_format
    from sftformat.predict import predict

    written, kept = 0, shards.with_name("predictions.jsonl")
    with open(kept, "w", encoding="utf-8") as file:
        for split in read_manifest(shards, "shards")["splits"]:
            for row in predict(run, shards, split, **{name: given[name] for name in _GIVEN}):
                file.write(json.dumps(row) + "\n")
                written += 1

    def batches() -> Iterator[Sequence[dict[str, Any]]]:
        with open(kept, encoding="utf-8") as lines:
            while chunk := [json.loads(line) for line in islice(lines, 1024)]:
                yield chunk

    task = read_manifest(run, "run")["task"]
    words = ["words"] if task == "token-classification" else []
    scores = ["scores"] if task not in ("regression", "text-to-text", "chat") else []
    columns = ["id", "file", "line", *words, "prediction", *scores]

    def fill(beside: Path) -> None:
        write_format(beside, kind[0], kind[1], batches, columns)

    write_file(out, fill)
    return written
