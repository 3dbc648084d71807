"""What rows are compared by where near texts are looked for: what differs between them, and what has to be the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.rules.folding import all_folded
from sftformat.rules.spill import keys_of
from sftformat.rules.texts import (
    Array,
    column,
    concatenated,
    filled,
    flat,
    is_conversation,
    of_roles,
    single,
    tagged,
)

Seeds = np.ndarray[Any, np.dtype[np.uint64]]
#: What has to be the same beside the text: a text to be summarized is not nearly the same text to be translated.
BESIDE = ("instruction", "system", "source_lang", "target_lang")


def near_texts(rows: pa.RecordBatch) -> tuple[Array, Seeds]:
    """Return the text of each row that is compared, and a number that is equal where the rest is the same once folded.

    Compared is what a user gives: the input with its pair, of a conversation all that the user says; the instruction
    where the input is empty. Tools are not looked at: rows share them.

    Returns:
        a string column without nulls, and (rows,) numbers.
    """
    shown = column(rows, "input")
    beside = {name: column(rows, name) for name in BESIDE}
    if is_conversation(shown):
        text, told = (_said(rows, role) for role in ("user", "system"))
        return text, _seeds(concatenated([told, *(tagged(*each) for each in beside.items())]))
    text = concatenated([filled(single(shown, keep_weight=False)), tagged("input_pair", column(rows, "input_pair"))])
    alone = pc.equal(pc.utf8_trim_whitespace(text), pa.scalar("", text.type))
    instruction = pc.fill_null(beside["instruction"].cast(pa.string()), "")
    beside["instruction"] = pc.if_else(alone, "", instruction)
    first, *others = (tagged(*each) for each in beside.items())
    return pc.if_else(alone, instruction, text), _seeds(concatenated([first, *others]))


def _said(rows: pa.RecordBatch, role: str) -> Array:
    """What one role says in each conversation, a line feed between its turns."""
    parts = []
    for name in ("input", "target"):
        messages, offsets = flat(of_roles(column(rows, name), (role,)))
        contents = pc.binary_join_element_wise(pc.fill_null(pc.struct_field(messages, "content"), ""), "\n", "")
        parts.append(pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), contents), ""))
    return concatenated(parts)


def _seeds(texts: Array) -> Seeds:
    distinct = texts.dictionary_encode()
    high, _ = keys_of(all_folded(distinct.dictionary))
    return np.asarray(high[distinct.indices.to_numpy(zero_copy_only=False)])
