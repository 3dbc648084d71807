"""Texts of canonical columns: columns that may be missing, and the learned input or target as one string.

A joined string is unambiguous: a part begins with a blank, U+0002, the name of its field and a blank; a U+0002 of the
text itself is doubled. Folding a joined string is the same as joining folded parts, since the marks are folded already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MARK = "\x02"
#: Stands for an input that is null (not for an empty one).
NOTHING = MARK + "-"
#: Fields besides `input` that the model is shown.
INPUT_FIELDS = ("input_pair", "instruction", "system", "source_lang", "target_lang", "tools")

Array = Any  # pyarrow-stubs cannot say "an array of strings, whichever width"
Indices = np.ndarray[Any, np.dtype[np.int64]]


def column(rows: pa.RecordBatch, name: str) -> Array:
    """Return a column, or nulls where the batch has none of that name."""
    index = rows.schema.get_field_index(name)
    return pa.nulls(rows.num_rows, pa.string()) if index < 0 else rows.column(index)


def flat(lists: Array) -> tuple[Array, Indices]:
    """Return the values of a list column and the (rows + 1) offsets of each row's; null and empty lists have none."""
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return lists.flatten(), np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))


def is_list(array: Array) -> bool:
    """Tell whether a column holds lists."""
    return pa.types.is_list(array.type) or pa.types.is_large_list(array.type)


def input_array(rows: pa.RecordBatch) -> Array:
    """Return what the model is shown of each row as one string, without nulls.

    Of a conversation that is all the user says, also between answers that are trained: two that only begin alike are
    not the same.
    """
    first = filled(single(column(rows, "input"), keep_weight=False))
    fields = [name for name in INPUT_FIELDS if column(rows, name).null_count < rows.num_rows]
    parts = [tagged(name, column(rows, name)) for name in fields]
    target = column(rows, "target")
    if is_conversation(target):
        parts.insert(0, tagged("asked", single(of_roles(target, ASKING), keep_weight=False)))
    return concatenated([first, *parts])


#: Who speaks in a conversation besides the assistant and its tools.
ASKING = ("user", "system")


def is_conversation(array: Array) -> bool:
    """Tell whether a column holds lists of messages."""
    return is_list(array) and pa.types.is_struct(array.type.value_type)


def of_roles(conversations: Array, roles: Sequence[str]) -> Array:
    """Return for each row the list of those of its messages that have one of the roles; null where there are none."""
    messages, offsets = flat(conversations)
    chosen = pc.is_in(pc.struct_field(messages, "role"), pa.array(roles, pa.string()))
    before = np.concatenate(([0], np.cumsum(chosen.to_numpy(zero_copy_only=False))))
    cuts = before[offsets]
    lists = pa.ListArray.from_arrays(pa.array(cuts, pa.int32()), messages.filter(chosen))
    none = pa.array(cuts[1:] == cuts[:-1])
    return pc.if_else(none, pa.scalar(None, lists.type), lists)


def with_references(inputs: Array, rows: pa.RecordBatch) -> Array:
    """Return inputs with the references behind them: rows that differ in these are neither equal nor in conflict."""
    references = column(rows, "references")
    if references.null_count == len(references):
        return inputs
    return concatenated([inputs, tagged("references", single(references, keep_weight=False))])


def target_array(rows: pa.RecordBatch, task: str) -> Array:
    """Return what is to be learned of each row as one string; null = unlabelled. A set of labels has no order."""
    target = column(rows, "target")
    if task == "multilabel" and is_list(target):
        sets = [None if labels is None else sorted(set(labels)) for labels in target.to_pylist()]
        target = pa.array(sets, pa.list_(pa.string()))
    elif pa.types.is_floating(target.type):
        target = pc.add(target, 0.0).cast(pa.string())  # -0.0 is 0.0
    return single(target, keep_weight=True)


def input_texts(rows: pa.RecordBatch, task: str) -> list[str]:  # noqa: ARG001 - one signature for all tasks
    """Return what the model is shown of each row as one string: the input with pair, instruction, system, messages.

    Different inputs give different strings. A lone `input` is itself (a U+0002 in it is doubled), so that
    `folded(input_texts(…)[i])` is the normalized input of SFT403 and of the split.
    """
    texts: list[str] = input_array(rows).to_pylist()
    return texts


def single(values: Array, keep_weight: bool) -> Array:
    """One string a row from strings, lists of strings or lists of messages; null stays null."""
    if not is_list(values):
        return _escaped(values)
    inner, offsets = flat(values)
    parts = _messages(inner, keep_weight) if pa.types.is_struct(inner.type) else tagged("item", filled(inner))
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), parts)
    joined = pc.binary_join(lists, "")
    return pc.if_else(values.is_valid(), joined, pa.scalar(None, joined.type)) if values.null_count else joined


def _messages(messages: Array, keep_weight: bool) -> Array:
    names = [field.name for field in messages.type if keep_weight or field.name != "weight"]
    start = pa.array([f" {MARK}message "] * len(messages), pa.string())
    return concatenated([start, *(tagged(name, pc.struct_field(messages, name)) for name in names)])


def tagged(name: str, values: Array) -> Array:
    """The values, each behind its mark; null becomes the empty string."""
    marked = pc.binary_join_element_wise(pa.scalar(f" {MARK}{name} "), _escaped(values), "")
    return pc.fill_null(marked, "")


def concatenated(parts: Iterable[Array]) -> Array:
    first, *others = parts
    return pc.binary_join_element_wise(first, *others, "") if others else first


def filled(values: Array) -> Array:
    return pc.fill_null(values, NOTHING) if values.null_count else values


def _escaped(values: Array) -> Array:
    text = values if pa.types.is_string(values.type) else values.cast(pa.string())
    if not holds(text, MARK.encode()):
        return text
    return pc.replace_substring(text, MARK, MARK + MARK)


def holds(values: Array, needle: bytes) -> bool:
    """Tell whether the UTF-8 of a string column holds some bytes."""
    return needle in text_bytes(values)


def text_bytes(values: Array) -> bytes:
    """Return the UTF-8 of all values of a string column, one after the other."""
    offsets = text_offsets(values)
    buffer = values.buffers()[2]
    if buffer is None or len(offsets) < 2:
        return b""
    return bytes(memoryview(buffer)[int(offsets[0]) : int(offsets[-1])])


def text_offsets(values: Array) -> Indices:
    """Return the (values + 1) byte offsets of a string column into its buffer."""
    wide = pa.types.is_large_string(values.type)
    buffer = values.buffers()[1]
    if buffer is None or len(values) == 0:
        return np.zeros(1, np.int64)
    kind = np.int64 if wide else np.int32
    return np.frombuffer(buffer, kind, len(values) + 1, values.offset * np.dtype(kind).itemsize).astype(np.int64)
