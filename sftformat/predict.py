"""Predict: a run folder on the rows of a split, labelled or not, one dict a row, in the order of the shards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sftformat.answered import prediction_rows
from sftformat.decoder import decoding_of, write_texts
from sftformat.folder.manifest import open_folder
from sftformat.models import infer
from sftformat.targets import answers_of
from sftformat.trained import check_same, open_model, open_run

_POOL = 64  # batches sorted by length together; what is held in memory at once


def predict(
    run: Path,
    shards: Path,
    split: str,
    *,
    threshold: float | None = None,
    batch_size: int = 64,
    beams: int = 1,
    max_target_length: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield {id, file, line, prediction, scores} for every row of a split.

    prediction: a text, a label, a list of labels (multilabel, from `threshold` up) or a number; scores: probability by
    label.

    Raises:
        FolderError, ModelError, UsageError: as `evaluate`; before the first row.
    """
    record, run_manifest = open_run(run)
    manifest = open_folder(shards, "shards")
    check_same(record, manifest, shards, split)
    opened = open_model(run, record, run_manifest, shards, manifest, split)
    threshold = threshold if threshold is not None else record["options"]["threshold"]
    decoding = decoding_of(manifest, beams, max_target_length)
    pool = batch_size * _POOL
    for start in range(0, len(opened.split.firsts), pool):
        rows = opened.split.firsts[start : start + pool]
        logits, written = np.zeros((len(rows), 3), np.float32), None
        if decoding is not None:
            written = write_texts(opened.model, opened.split, rows, decoding, batch_size)
        else:
            logits = infer(opened.model, opened.split, rows, batch_size)
        yield from prediction_rows(opened.split, rows, answers_of(opened.split, rows, logits, threshold, written))
