"""Evaluate: a run folder on one split of a shard folder, written down beside the run and sealed.

RUN/evaluations/NAME-SPLIT/metrics.json       every number below
                           errors.jsonl, label-errors.jsonl, plots/        see `scrutiny`
                           predictions.jsonl  one row each: {id, file, line, target, prediction, scores, correct, loss}
                           manifest.json
RUN/evaluations/openings.jsonl                one line for each time that test was opened
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from sftformat import frequent, metrics, scrutiny
from sftformat.answered import prediction_rows, spread
from sftformat.decoder import Decoding, decoding_of, write_texts
from sftformat.errors import FolderError, UsageError
from sftformat.evaluation import METRICS, PREDICTIONS, Evaluation, read_evaluation, worst_errors
from sftformat.folder.commit import Staging, stage
from sftformat.folder.files import dump_json, write_bytes, write_file
from sftformat.folder.manifest import fingerprint, open_folder, read_manifest
from sftformat.folds import Folds, Follow, last_event, out_of_fold
from sftformat.frequent import frequent_tags
from sftformat.loader import open_split
from sftformat.metrics import plain
from sftformat.models import infer
from sftformat.openings import EVALUATIONS, count_opening
from sftformat.targets import answers_of
from sftformat.tasks import task_of
from sftformat.tasks.overlap import require_text_extra
from sftformat.tasks.ragged import flat
from sftformat.tasks.task import Answers, intervals, measure, one_class_warning
from sftformat.tasks.texts import caseless
from sftformat.trained import Opened, check_same, open_model, open_run, shards_beside


def evaluate(
    run: Path,
    shards: Path | None,
    split: str,
    *,
    name: str | None = None,
    threshold: float | None = None,
    batch_size: int = 64,
    seed: int = 0,
    bootstrap: int = 1000,
    beams: int = 1,
    max_target_length: int | None = None,
    folds: int = 0,
    png: bool = False,
    model: str | None = None,
    follow: Follow = last_event,
    overwrite: bool = False,
) -> Evaluation:
    """Evaluate a run on a split and write the evaluation down; an equal one that stands is read back instead.

    `shards` None means the folder `shards` beside the run, if it is the one the run was trained on. `name` is that of
    the shard folder unless given. `threshold` (multilabel) is the run's own unless given. With `folds` the rows of
    train are answered by models that are trained, from `model`, without them; `follow` takes the events of that. Texts
    are written with `beams`, up to `max_target_length` tokens: that of the shards unless given.

    Raises:
        FolderError: a folder that is damaged. ModelError: the weights do not load.
        UsageError: another label map or tokenizer than the run's, no labelled rows, or another evaluation of that name.
    """
    record, run_manifest = open_run(run)
    shards = shards if shards is not None else shards_beside(run, record)
    manifest = open_folder(shards, "shards")
    check_same(record, manifest, shards, split)
    threshold = _threshold(threshold, record)
    decoding = decoding_of(manifest, beams, max_target_length)
    part = manifest["splits"].get(split)
    if part and part["rows"] and part["unlabelled"] == part["rows"]:
        raise UsageError(f"{shards}: no row of split {split!r} has a label: use predict")
    name = _name(name, shards)
    made_from: dict[str, Any] = {"run": run_manifest["fingerprint"], "shards": manifest["fingerprint"], "split": split}
    made_from |= {"threshold": threshold if record["task"] == "multilabel" else None, **_written_with(decoding)}
    made_from |= {"seed": seed, "bootstrap": bootstrap, "folds": folds, "png": png}
    folder = run / EVALUATIONS / f"{name}-{split}"
    overwrite = overwrite or _refuse_other(folder, made_from)
    with stage(folder, "evaluation", fingerprint(made_from), overwrite=overwrite) as staging:
        if staging.finished is None:
            opened = open_model(run, record, run_manifest, shards, manifest, split)
            rows = _labelled(opened)
            count = count_opening(run, split, manifest["fingerprint"]) if split == "test" else None
            how = Folds(model, folds, staging.path / ".folds", batch_size, follow) if folds else None
            answers = _answers(opened, rows, threshold, decoding, batch_size, how)
            found = _measure(opened, answers, name, seed, bootstrap, count)
            if task_of(record["task"], record["labels"]).unit == "word":
                found = _of_words(found, opened, rows, answers)
            _write(staging, opened, rows, answers, replace(found, folds=folds), made_from)
            staging.commit({**made_from, "name": name}, drop=(".folds",))
    return read_evaluation(folder)


def _threshold(threshold: float | None, record: Mapping[str, Any]) -> float:
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"--threshold {threshold}: should be 0 to 1")
    return float(threshold if threshold is not None else record["options"]["threshold"])


def _name(name: str | None, shards: Path) -> str:
    name = name or os.path.basename(os.path.abspath(shards))
    if "/" in name or name.startswith(".") or "\0" in name or "\n" in name:
        raise UsageError(f"--name {name!r}: should be a plain name")
    return name


def _written_with(decoding: Decoding | None) -> dict[str, int]:
    """Return what texts are written with; an evaluation is made from that too."""
    if decoding is None:
        return {}
    require_text_extra()
    return {"beams": decoding.beams, "max_target_length": decoding.max_length}


def _labelled(opened: Opened) -> NDArray[np.int64]:
    rows = opened.split.answerable
    if not len(rows):
        raise UsageError(f"{opened.shards}: no row of split {opened.split.name!r} has a label: use predict")
    return rows


def _answers(
    opened: Opened,
    rows: NDArray[np.int64],
    threshold: float,
    decoding: Decoding | None,
    batch_size: int,
    how: Folds | None,
) -> Answers:
    """Ask the model, or with `how` models that were trained without them, about rows of the split."""
    split, written = opened.split, None
    if how is not None:
        logits = out_of_fold(opened.run, opened.shards, opened.manifest, split, rows, how)
    else:
        logits = infer(opened.model, split, rows, batch_size)
    if decoding is not None:
        written = write_texts(opened.model, split, rows, decoding, batch_size)
    return answers_of(split, rows, logits, threshold, written)


def _refuse_other(folder: Path, made_from: Mapping[str, Any]) -> bool:
    """Return whether an evaluation stands there that was made of weights the run no longer holds.

    Raises:
        UsageError: one of these weights, but of other rows or options: the text says which differ.
    """
    try:
        held = read_manifest(folder, "evaluation")
    except FolderError:
        return False  # none, or a damaged one: `stage` has the word
    if held.get("run") != made_from["run"]:
        return True
    differ = [
        "other rows" if key == "shards" else f"--{key.replace('_', '-')} {held.get(key)} (here {own})"
        for key, own in made_from.items()
        if held.get(key) != own
    ]
    if differ:
        how = "use the same, another --name, or --overwrite"
        raise UsageError(f"{folder}: holds an evaluation of {', '.join(differ)}; {how}")
    return False


def _measure(opened: Opened, answers: Answers, name: str, seed: int, bootstrap: int, count: int | None) -> Evaluation:
    split, task, labels = opened.split, task_of(opened.run["task"], opened.run["labels"]), opened.run["labels"]
    found = intervals(task, answers, resamples=bootstrap, seed=seed)
    ranges = {key: (plain({"": low})[""], plain({"": high})[""]) for key, (low, high) in found.items()}
    per_class, confusion = task.per_class(answers, task.decide(answers)) if task.per_class else ((), None)
    majority = metrics.majority_baseline(flat(answers.targets), len(labels)) if task.one_class else None
    warning = one_class_warning(task, answers, split.name, opened.run["options"]["learning_rate"])
    return Evaluation(
        name=name,
        split=split.name,
        task=task.name,
        metric=task.shown or task.metric,
        n=len(answers),
        unlabelled=len(split.firsts) - len(answers),
        metrics=plain(measure(task, answers)),
        interval=ranges[task.shown or task.metric],
        intervals=ranges,
        per_class=per_class,
        confusion=confusion,
        majority_label=labels[majority[0]] if majority else None,
        majority_accuracy=majority[1] if majority else None,
        threshold=answers.threshold if task.name == "multilabel" else None,
        warnings=tuple(each for each in (warning, caseless(answers)) if each),
        shards=opened.manifest["fingerprint"],
        opened=count,
        baselines={name: plain(each) for name, each in (task.baselines(answers) if task.baselines else {}).items()},
        unit=task.unit,
        answers=len(flat(answers.targets)),
        classes=task.classes,
    )


def _of_words(found: Evaluation, opened: Opened, rows: NDArray[np.int64], answers: Answers) -> Evaluation:
    """Add how many words were cut off, and what the commonest tags of words come to where the shards hold train."""
    split, task = opened.split, task_of(opened.run["task"], opened.run["labels"])
    words: Any = pc.list_value_length(split.words)  # type: ignore[arg-type]
    found = replace(found, cut=int(np.asarray(words)[rows].sum()) - found.answers)
    part = opened.manifest["splits"].get("train")
    if part is None or part["rows"] == part["unlabelled"]:
        return found
    train = split if split.name == "train" else open_split(opened.shards, opened.manifest, "train")
    guess = frequent_tags(train, split, rows)
    chosen = np.full(answers.logits.shape, -np.inf)
    chosen[np.arange(len(chosen)), guess.values] = 0.0
    values = plain(measure(task, replace(answers, logits=chosen)))
    return replace(found, baselines={frequent.NAME: {name: value for name, value in values.items() if name != "loss"}})


def _write(
    staging: Staging, opened: Opened, rows: NDArray[np.int64], answers: Answers, found: Evaluation, how: dict[str, Any]
) -> None:
    split = opened.split
    task = task_of(split.task, split.labels)
    each, right = task.losses(answers), task.correct(answers) if task.correct else None

    def write(beside: Path) -> None:
        with open(beside, "x", encoding="utf-8") as file:
            for place, line in enumerate(prediction_rows(split, rows, answers)):
                named = {"target": task.named(answers.labels, answers.targets[place])}
                target = spread(split, int(rows[place]), named)["target"]
                correct = None if task.name == "regression" else target == line["prediction"]
                correct = right[place] if right is not None else correct
                line = {**line, "target": target, "correct": correct, "loss": float(each[place])}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    write_file(staging.path / PREDICTIONS, write)
    seen = scrutiny.scrutinize(task, split, rows, answers, (opened.shards, opened.manifest), how["seed"])
    unseen = found.folds or split.name != "train"
    doubted = scrutiny.label_errors(task, split, rows, answers) if unseen else None
    found = replace(found, calibration=seen.calibration, baselines={**found.baselines, **seen.baselines})
    found = replace(found, label_errors=None if doubted is None else len(doubted))
    errors, title = (
        worst_errors(replace(found, folder=staging.path), scrutiny.MOST_ERRORS),
        f"{found.split} of {found.name}",
    )
    labels = tuple(score.label for score in found.per_class)
    scrutiny.write(staging.path, title, labels, found.confusion, seen, errors, doubted, how["png"])
    content = {name: value for name, value in asdict(found).items() if name != "folder"}
    write_bytes(staging.path / METRICS, dump_json(content))
