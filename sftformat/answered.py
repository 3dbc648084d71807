"""What is said of each row, tied to its line in the source: the lines of predictions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sftformat.mapped import Split
from sftformat.tasks import task_of
from sftformat.tasks.task import Answers, said_by


def prediction_rows(split: Split, rows: NDArray[np.int64], answers: Answers) -> Iterator[dict[str, Any]]:
    """Yield what is predicted for each row: {id, file, line, prediction, scores}.

    scores: classification and multilabel, probability by label; regression has the value as its prediction alone.
    Rows of words have {words} too, and as many predictions and scores: null for a word that was cut off.
    """
    task = task_of(split.task, split.labels)
    for row, said in zip(rows.tolist(), task.said(answers) if task.said else said_by(task, answers), strict=True):
        place = {"id": split.ids[row].as_py(), "file": split.inputs[split.files[row]], "line": int(split.lines[row])}
        yield {**place, **spread(split, row, said)}


def spread(split: Split, row: int, said: dict[str, Any]) -> dict[str, Any]:
    """Lay what is said of the words that were kept on all words of a row; other rows are left as they are."""
    if split.words is None or split.numbers is None:
        return said
    words, numbers = split.words[row].as_py(), split.numbers[row].tolist()
    laid: dict[str, Any] = {"words": words}
    for name, values in said.items():
        known = dict(zip(numbers, values, strict=True))
        laid[name] = [known.get(number) for number in range(len(words))]
    return laid
