"""What the global rules need of a column of targets: a key of each, and the labels that it holds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.rules.spill import Keys, keys
from sftformat.rules.texts import Array, Indices, flat, is_list, single, target_array


def target_keys(rows: pa.RecordBatch, task: str, labels: Array | None) -> Keys:
    """Return the keys of the targets; `labels` is the dictionary-encoded column where each target is one label."""
    if labels is None:
        targets = target_array(rows, task)
        if task in {"text-to-text", "chat", "token-classification"}:
            return keys(targets)
        labels = targets.dictionary_encode()  # few distinct ones, mostly
        distinct = labels.dictionary
    else:
        distinct = single(labels.dictionary, keep_weight=True)
    high, low = (np.append(part, np.uint64(0)) for part in keys(distinct))  # the last one is that of null
    codes = pc.fill_null(labels.indices, len(distinct)).to_numpy(zero_copy_only=False)
    return high.take(codes), low.take(codes)


def labels_of(target: Array, task: str, labels: Array | None) -> tuple[Array, Indices]:
    """Return all labels of a target column without nulls, dictionary-encoded, and the row of each."""
    if is_list(target):
        values, offsets = flat(target)
        owners = np.repeat(np.arange(len(target)), np.diff(offsets))
    else:
        values, owners = labels if labels is not None else target.cast(pa.string()), np.arange(len(target))
    if values.null_count:
        valid = np.asarray(values.is_valid())
        values, owners = values.filter(pa.array(valid)), owners[valid]
    encoded = values if labels is not None else values.dictionary_encode()
    if task == "multilabel" and len(values):  # each once a row
        pairs = owners * len(encoded.dictionary) + encoded.indices.to_numpy(zero_copy_only=False)
        _, first = np.unique(pairs, return_index=True)
        first = np.sort(first)
        encoded, owners = encoded.take(pa.array(first)), owners[first]
    return encoded, owners
