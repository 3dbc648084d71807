"""The Arrow schema of shards and the JSON files beside them, as `datasets.load_from_disk` reads them.

Lists are spelled `Sequence` of a `Value`: datasets 2.21, 3.6 and 5.x all open that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

_COLUMNS: Mapping[str, tuple[str, bool]] = {
    "input_ids": ("int32", True),
    "attention_mask": ("int8", True),
    "token_type_ids": ("int8", True),
    "labels": ("", False),
    "length": ("int32", False),
    "truncated": ("int32", False),
    "weight": ("float32", False),
    "id": ("string", False),
    "file": ("int32", False),
    "line": ("int64", False),
}
_LABELS = {"classification": ("int64", False), "multilabel": ("float32", True), "regression": ("float32", False)}
#: What rows of words hold beside: at the first token of a word its place in `words`, -1 at the others.
_WORDS: Mapping[str, tuple[str, bool]] = {"word_index": ("int32", True), "words": ("string", True)}
#: What the shards of an encoder-decoder hold beside: what the decoder reads, and the texts to hold answers against.
_DECODER: Mapping[str, tuple[str, bool]] = {
    "decoder_input_ids": ("int32", True),
    "source_text": ("string", False),
    "target_text": ("string", False),
    "references": ("string", True),
}
#: What rows that are windows hold beside: the number of the window in its record, whose windows follow one another.
_WINDOWS: Mapping[str, tuple[str, bool]] = {"window": ("int32", False)}
#: The shards of a causal model with several rows in one: of each row where it begins, and what rows have otherwise.
_PACKED: Mapping[str, tuple[str, bool]] = {
    "input_ids": ("int32", True),
    "position_ids": ("int32", True),
    "labels": ("int64", True),
    "seq_lengths": ("int32", True),
    "length": ("int32", False),
    "truncated": ("int32", True),
    "weight": ("float32", True),
    "id": ("string", True),
    "file": ("int32", True),
    "line": ("int64", True),
}
_TYPES: Mapping[str, Any] = {
    "int8": pa.int8(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "string": pa.string(),
}


def columns(
    task: str, objective: str = "encoder", *, packed: bool = False, windows: bool = False
) -> Mapping[str, tuple[str, bool]]:
    """Return name -> (type, is a list) of the columns of a task's shards.

    Those of causal shards have no `token_type_ids`: a GPT-2 would add the vectors of these ids to those of the tokens.
    """
    if packed:
        return _PACKED
    made = {**_COLUMNS, "labels": _LABELS.get(task, ("int64", True))}
    if objective == "causal":
        return {name: kind for name, kind in made.items() if name != "token_type_ids"}
    more = {"token-classification": _WORDS}.get(task, _DECODER if objective == "encoder-decoder" else {})
    return {**made, **more, **(_WINDOWS if windows else {})}


def features(
    task: str, names: Sequence[str] | None, objective: str = "encoder", *, packed: bool = False, windows: bool = False
) -> dict[str, Any]:
    """Return the features in the spelling of `dataset_info.json`."""
    spelled: dict[str, Any] = {}
    for column, (dtype, many) in columns(task, objective, packed=packed, windows=windows).items():
        value: dict[str, Any] = {"dtype": dtype, "_type": "Value"}
        spelled[column] = {"feature": value, "_type": "Sequence"} if many else value
    if task in ("classification", "token-classification") and names:
        value = {"names": list(names), "_type": "ClassLabel"}
        spelled["labels"] = value if task == "classification" else {"feature": value, "_type": "Sequence"}
    return spelled


def schema(
    task: str, names: Sequence[str] | None, objective: str = "encoder", *, packed: bool = False, windows: bool = False
) -> pa.Schema:
    """Return the Arrow schema, with the features in its metadata for `load_dataset("arrow", data_files=…)`."""
    fields = [
        pa.field(column, pa.list_(_TYPES[dtype]) if many else _TYPES[dtype])
        for column, (dtype, many) in columns(task, objective, packed=packed, windows=windows).items()
    ]
    info = json.dumps(
        {"info": {"features": features(task, names, objective, packed=packed, windows=windows)}}, ensure_ascii=False
    )
    return pa.schema(fields, metadata={"huggingface": info})
