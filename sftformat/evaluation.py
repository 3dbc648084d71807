"""An evaluation as a value: what stands in its metrics.json, and how it is read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sftformat import scrutiny
from sftformat.calibration import Bin, Calibration
from sftformat.folder.files import open_regular
from sftformat.folder.manifest import open_folder
from sftformat.tasks.task import ClassScore

METRICS, PREDICTIONS = "metrics.json", "predictions.jsonl"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the numbers say; everything here stands in metrics.json too.

    `n` rows hold `answers` answers, each of a `unit` (a row, or a word of it); `cut` words were beyond the longest row
    that the shards hold and are not scored. `classes` says what `per_class` tells apart. `baselines` are the metrics
    of other ways to answer. `intervals` are 95 % bootstrap intervals by metric, `interval` the one of `metric`.
    `confusion` is (C, C) counts, row = target. `opened` counts how often test was opened, this time included (None for
    other splits).
    """

    name: str
    split: str
    task: str
    metric: str
    n: int
    unlabelled: int
    metrics: dict[str, float | None]
    interval: tuple[float | None, float | None]
    intervals: dict[str, tuple[float | None, float | None]]
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...] | None
    majority_label: str | None
    majority_accuracy: float | None
    threshold: float | None
    warnings: tuple[str, ...]
    shards: str
    opened: int | None = None
    folds: int = 0  # each row was answered by a model that was trained without its fold; 0 = by the run itself
    calibration: Calibration | None = None
    label_errors: int | None = None
    unit: str = "row"
    answers: int = 0
    cut: int = 0
    classes: str = "class"
    baselines: dict[str, dict[str, float | None]] = field(default_factory=dict)
    folder: Path = Path()


def read_evaluation(folder: Path) -> Evaluation:
    """Read an evaluation back, every byte of it checked."""
    open_folder(folder, "evaluation")
    with open_regular(folder / METRICS) as file:
        content = json.loads(file.read())
    content["per_class"] = tuple(ClassScore(**row) for row in content["per_class"])
    content["confusion"] = content["confusion"] and tuple(map(tuple, content["confusion"]))
    if content["calibration"] is not None:
        bins = tuple(Bin(**each) for each in content["calibration"]["bins"])
        content["calibration"] = Calibration(**{**content["calibration"], "bins": bins})
    content["interval"] = tuple(content["interval"])
    content["intervals"] = {name: tuple(value) for name, value in content["intervals"].items()}
    return Evaluation(**{**content, "warnings": tuple(content["warnings"]), "folder": folder})


def worst_errors(evaluation: Evaluation, limit: int = 20) -> list[dict[str, Any]]:
    """Return the wrong predictions (regression: any) with the greatest loss, worst first, as in predictions.jsonl."""
    with open_regular(evaluation.folder / PREDICTIONS) as file:
        return scrutiny.worst(map(json.loads, file), limit)
