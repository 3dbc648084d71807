"""How a batch of canonical rows becomes tokens and labels, by objective and task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from sftformat.tokenize.causal import causal
from sftformat.tokenize.columns import Columns
from sftformat.tokenize.decoded import decoded
from sftformat.tokenize.encode import Encoded
from sftformat.tokenize.ids import Texts
from sftformat.tokenize.labels import Column, label_arrays
from sftformat.tokenize.made import Made
from sftformat.tokenize.tags import tagged
from sftformat.tokenize.windows import faults, frame_of
from sftformat.tokenize.words import Words

if TYPE_CHECKING:
    from sftformat.tokenize.unit import Setting

#: Texts and pairs to tokens, with the special tokens of the tokenizer, cut to the longest row.
Encode = Callable[[Texts, Sequence[str | None] | None], Encoded]
#: The same for rows of words.
EncodeWords = Callable[[Column], Words]
#: Tasks whose input is a list of words.
WORD_TASKS = frozenset({"token-classification"})


def make(batch: pa.RecordBatch, columns: Columns, setting: Setting, encode: Encode, words: EncodeWords) -> Made:
    """Tokenize a batch for the objective and the task of the setting."""
    if setting.task in WORD_TASKS:
        return tagged(batch.column("input"), batch.column("target"), setting.labels, words, setting.max_length)
    if setting.objective == "causal":
        assert setting.template is not None
        return causal(batch, setting.task, setting.reference, setting.template, setting.max_length)
    if setting.objective == "encoder-decoder":
        most = setting.max_target_length
        return decoded(
            batch, setting.task, setting.reference, setting.template, lambda texts: encode(texts, None), most
        )
    encoded = encode(columns.texts, columns.pairs)
    labels = label_arrays(setting.task, batch.column("target"), setting.labels)
    if not setting.stride:
        return Made(encoded, labels)
    frame = frame_of(setting.reference, encoded, columns.pairs)
    return Made(encoded, labels, faults=faults(encoded, frame, setting.max_length, setting.stride), frame=frame)
