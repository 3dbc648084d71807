"""How a batch of canonical rows becomes tokens and labels, by objective."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from sftformat.tokenize.causal import causal
from sftformat.tokenize.columns import Columns
from sftformat.tokenize.decoded import decoded
from sftformat.tokenize.encode import Encoded
from sftformat.tokenize.labels import label_arrays
from sftformat.tokenize.made import Made

if TYPE_CHECKING:
    from sftformat.tokenize.unit import Setting

#: Texts and pairs to tokens, with the special tokens of the tokenizer, cut to the longest row.
Encode = Callable[[Sequence[str], Sequence[str | None] | None], Encoded]


def make(batch: pa.RecordBatch, columns: Columns, setting: Setting, encode: Encode) -> Made:
    """Tokenize a batch for the objective of the setting."""
    if setting.objective == "causal":
        assert setting.template is not None
        return causal(batch, setting.task, setting.reference, setting.template, setting.max_length)
    if setting.objective == "encoder-decoder":
        most = setting.max_target_length
        return decoded(
            batch, setting.task, setting.reference, setting.template, lambda texts: encode(texts, None), most
        )
    encoded = encode(columns.texts, columns.pairs)
    return Made(encoded, label_arrays(setting.task, batch.column("target"), setting.labels))
