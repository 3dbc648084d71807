"""Rows of text for a causal model: one sequence each, rendered by a template, -100 where it is not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Encoding

from sftformat.tokenize.chat_template import ChatTemplate
from sftformat.tokenize.conversation import conversations
from sftformat.tokenize.encode import Encoded, Ints
from sftformat.tokenize.labels import Labels
from sftformat.tokenize.load import Reference
from sftformat.tokenize.made import Aims, Made, label_lists, sums
from sftformat.tokenize.rendered import Rendered, all_rendered


def causal(batch: pa.RecordBatch, task: str, reference: Reference, template: ChatTemplate, max_length: int) -> Made:
    """Render and tokenize a batch, without special tokens but those that the template writes.

    A row longer than `max_length` is cut where the tokenizer's `truncation_side` says, on the right by default. The
    first token of a row is never trained on: nothing stands before it that it could be predicted from.
    """
    talks = list(conversations(batch, task))
    texts = all_rendered(template, talks)
    encodings = reference.tokenizer.encode_batch([each.text for each in texts], add_special_tokens=False)
    full = np.array([len(each) for each in encodings], np.int64)
    ids = np.fromiter(chain.from_iterable(each.ids for each in encodings), np.int32, int(full.sum()))
    trained = trained_tokens(texts, encodings, full)
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(full)))
    trained[ends[:-1][full > 0]] = False
    kept = _kept(full, max_length, reference.side)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.minimum(full, max_length))))
    unknown = ids == reference.unk_id if reference.unk_id is not None else np.zeros(len(ids), bool)
    encoded = Encoded(
        ids[kept],
        np.zeros(int(offsets[-1]), np.int8),
        offsets,
        full,
        full - np.diff(offsets),
        full,
        sums(unknown, ends),
    )
    learned = trained[kept]
    learned[offsets[:-1][full > 0]] = False
    aims, left = sums(trained, ends), sums(learned, offsets)
    labelled = np.array([bool(talk.trained) for talk in talks], bool)
    array = label_lists(offsets, ids[kept], learned)
    return Made(
        encoded,
        Labels(array, labelled, np.zeros(len(talks), bool)),
        aims=Aims(aims, aims - left, full, np.zeros(len(talks), np.int64), aims == 0),
        faults={row: each.fault for row, each in enumerate(texts) if each.fault is not None},
    )


def trained_tokens(texts: Sequence[Rendered], encodings: Sequence[Encoding], full: Ints) -> npt.NDArray[np.bool_]:
    """Tell for every token of the rows, one row after the other, whether it overlaps a stretch that is trained on.

    As transformers' `return_assistant_tokens_mask` tells it. Returns (T,) bool.
    """
    lengths = np.array([len(each.text) for each in texts], np.int64)
    begins = np.cumsum(lengths) - lengths  # of each row, were all texts one
    flat = chain.from_iterable(chain.from_iterable(each.offsets for each in encodings))
    places = np.fromiter(flat, np.int64, 2 * int(full.sum())).reshape(-1, 2) + np.repeat(begins, full)[:, None]
    spans = [
        (start + begin, stop + begin)
        for each, begin in zip(texts, begins.tolist(), strict=True)
        for start, stop in each.spans
        if stop > start
    ]
    if not spans:
        return np.zeros(len(places), bool)
    starts, stops = np.array(spans, np.int64).T
    nearest = np.searchsorted(stops, places[:, 0], side="right")  # the first stretch that ends behind the token's start
    inside = nearest < len(stops)
    found: npt.NDArray[np.bool_] = inside & (places[:, 1] > starts[np.minimum(nearest, len(starts) - 1)])
    return found


def _kept(full: Ints, max_length: int, side: str) -> npt.NDArray[np.bool_]:
    """Tell which tokens of the rows stay."""
    rows = np.repeat(np.arange(len(full)), full)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(full) - full, full)
    return within >= (full - max_length)[rows] if side == "left" else within < max_length
