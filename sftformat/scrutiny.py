"""What an evaluation looks at besides metrics: calibration, the worst errors, labels that may be wrong, baselines.

errors.jsonl        wrong predictions, those first that cost most: {file, line, id, target, prediction, confidence}
label-errors.jsonl  labels that are probably wrong, as `convert --apply` takes them: {file, line, id, from, to, …}
plots/confusion.svg  plots/reliability.svg
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sftformat import baselines, metrics
from sftformat.calibration import Calibration, calibrate, decisions
from sftformat.drawn import draw
from sftformat.folder.files import write_bytes
from sftformat.loader import Split, open_split
from sftformat.mislabelled import suspected
from sftformat.plots import confusion_plot, reliability_plot
from sftformat.tasks.ragged import flat
from sftformat.tasks.task import Answers, Task

ERRORS, LABEL_ERRORS = "errors.jsonl", "label-errors.jsonl"
#: How the baseline is called.
TFIDF = "TF-IDF baseline"
#: So many of the worst errors are written down.
MOST_ERRORS = 200


@dataclass(frozen=True, slots=True)
class Scrutiny:
    """What was seen; None where a task has no such thing, or where it cannot be known.

    `baselines` hold what TF-IDF and logistic regression come to; they are empty also where scikit-learn or a train
    split is missing.
    """

    calibration: Calibration | None
    baselines: dict[str, dict[str, float | None]]


def scrutinize(
    task: Task, split: Split, rows: NDArray[np.int64], answers: Answers, source: tuple[Path, dict[str, Any]], seed: int
) -> Scrutiny:
    """Look at answers for rows of a split; `source` is the shard folder with its manifest, whose train split teaches
    the baseline."""
    if task.chances is None:
        return Scrutiny(None, {})
    found = calibrate(*decisions(task.name, task.chances(answers), flat(answers.targets)))
    of_rows = task.one_class and task.unit == "row"
    return Scrutiny(found, _baselines(split, rows, answers, source, seed) if of_rows else {})


def _baselines(
    split: Split, rows: NDArray[np.int64], answers: Answers, source: tuple[Path, dict[str, Any]], seed: int
) -> dict[str, dict[str, float | None]]:
    shards, manifest = source
    if split.name == "train" or not manifest["splits"].get("train", {}).get("rows") or not baselines.installed():
        return {}
    train = open_split(shards, manifest, "train")
    taught = train.answerable[train.weights[train.answerable] > 0]
    found = baselines.tfidf(train, taught, split, rows, seed) if len(taught) else None
    if found is None:
        return {}
    matrix = metrics.confusion_matrix(answers.targets, found.predictions, len(answers.labels))
    accuracy = metrics.accuracy(answers.targets, found.predictions)
    values = {"accuracy": accuracy, "macro_f1": float(metrics.macro_f1(matrix)), "rows": float(found.rows)}
    return {TFIDF: dict(values)}


def label_errors(task: Task, split: Split, rows: NDArray[np.int64], answers: Answers) -> list[dict[str, Any]] | None:
    """Return the labels that are probably wrong, the most probable first: a line a row, as `convert --apply` takes it.

    None where a row or word has not one label, and where the model has learned nothing that could tell: always
    answering the commonest class is as often right. A row of words has a line with all of its tags, and of those that
    may be wrong a list; of a row that was cut the shards do not hold all, and it has no line.
    """
    if task.chances is None or not task.one_class:
        return None
    targets = flat(answers.targets)
    _, share = metrics.majority_baseline(targets, len(answers.labels))
    if metrics.accuracy(targets, flat(task.decide(answers))) <= share:
        return None
    chances = task.chances(answers)
    places, meant = suspected(chances, targets)
    if task.unit == "word":
        return list(_of_words(split, rows, answers, chances, (places, meant)))
    return [
        {
            **_place(split, int(rows[place])),
            "from": answers.labels[answers.targets[place]],
            "to": answers.labels[other],
            "confidence": round(float(chances[place, other]), 6),
            "confidence_from": round(float(chances[place, answers.targets[place]]), 6),
        }
        for place, other in zip(places.tolist(), meant.tolist(), strict=True)
    ]


def _of_words(
    split: Split,
    rows: NDArray[np.int64],
    answers: Answers,
    chances: NDArray[np.float64],
    doubted: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Iterator[dict[str, Any]]:
    """Yield a line for each row with a tag that may be wrong; `doubted` are places among all words, and other tags."""
    targets, labels, words = answers.targets, answers.labels, split.words
    assert words is not None
    by_row: dict[int, list[dict[str, Any]]] = {}
    for place, other in zip(*(each.tolist() for each in doubted), strict=True):
        row = int(np.searchsorted(targets.offsets, place, side="right") - 1)
        own, number = targets.values[place], place - int(targets.offsets[row])
        sure = {"confidence": chances[place, other], "confidence_from": chances[place, own]}
        said = {"word": number, "from": labels[own], "to": labels[other]}
        by_row.setdefault(row, []).append({**said, **{name: round(float(value), 6) for name, value in sure.items()}})
    for row, found in by_row.items():
        shown = words[int(rows[row])].as_py()
        before = [labels[tag] for tag in targets[row].tolist()]
        if len(before) < len(shown):
            continue
        meant = {each["word"]: each["to"] for each in found}
        after = [meant.get(number, tag) for number, tag in enumerate(before)]
        listed = [{**each, "word": shown[each["word"]], "place": each["word"]} for each in found]
        yield {**_place(split, int(rows[row])), "from": before, "to": after, "words": listed}


def _place(split: Split, row: int) -> dict[str, Any]:
    return {"file": split.inputs[split.files[row]], "line": int(split.lines[row]), "id": split.ids[row].as_py()}


def worst(lines: Iterator[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """Return the wrong predictions (where none is right or wrong: any) with the greatest loss, worst first."""
    return heapq.nlargest(limit, (line for line in lines if not line["correct"]), key=lambda line: line["loss"])


def write(
    folder: Path,
    title: str,
    labels: tuple[str, ...],
    confusion: tuple[tuple[int, ...], ...] | None,
    seen: Scrutiny,
    errors: list[dict[str, Any]],
    doubted: list[dict[str, Any]] | None,
    png: bool,
) -> None:
    """Write errors, doubted labels and plots into the folder of an evaluation."""
    write_bytes(folder / ERRORS, _lines(_error(line) for line in errors))
    if doubted:
        write_bytes(folder / LABEL_ERRORS, _lines(iter(doubted)))
    matrix = confusion_plot(labels, confusion, title) if confusion is not None else None
    bins = reliability_plot(seen.calibration, title) if seen.calibration is not None else None
    draw(folder, {"confusion": matrix, "reliability": bins}, png)


def _error(line: dict[str, Any]) -> dict[str, Any]:
    said = {key: line[key] for key in ("file", "line", "id", "target", "prediction")}
    scores = line.get("scores")
    one = isinstance(scores, dict) and isinstance(line["prediction"], str)
    return {**said, **({"confidence": scores[line["prediction"]]} if one and scores else {}), "loss": line["loss"]}


def _lines(lines: Iterator[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
