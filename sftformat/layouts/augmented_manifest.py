"""SageMaker augmented manifest: `{"source", NAME, "NAME-metadata"}`; the metadata give the names of the classes.

A class is called what `class-name` (one) or `class-map` (several) of the metadata say, else by its number. What
`source-ref` leads to is never fetched: a record needs its text in `source`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UndecidedError, UsageError
from sftformat.layouts.cells import scalar_text
from sftformat.layouts.layout import Binding, Pointer
from sftformat.layouts.reader import Reader, Types
from sftformat.record import Record

_METADATA = "-metadata"


def places(binding: Binding, records: Sequence[Record]) -> Mapping[str, Pointer]:
    """Return where the label is: under the name that stands again with `-metadata`.

    Raises:
        UndecidedError: there are several such names.
        UsageError: there is none that was named.
    """
    names = dict.fromkeys(name for record in records for name in record)
    found = [name.removesuffix(_METADATA) for name in names if name.endswith(_METADATA)]
    chosen = binding.at.get("target", ("label",))[0]
    if chosen != "label" and names and chosen not in names:
        raise UsageError(f"no record has an attribute {clip(chosen, 40)!r}")
    if chosen != "label" or chosen in found or len(found) < 2:
        return {"target": (found[0] if found and chosen == "label" and chosen not in found else chosen,)}
    said = ", ".join(clip(name, 40) for name in found[:5])
    raise UndecidedError(
        f"which attribute is the label ({said})? say --map target=NAME; its metadata are NAME{_METADATA}"
    )


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:
    """Return the reader for the attribute that was found."""
    single = binding.layout.task == "classification"
    key = binding.at.get("target", ("label",))[0]
    numbers = {label: number for number, label in enumerate(labels)}

    def to_canonical(record: Record) -> Record:
        value, said = record.get(key), record.get(key + _METADATA)
        target: Any = None
        if value is not None:
            target = _name(value, said) if single else [_of_map(each, said) for each in value]
        return {"input": record["source"], "target": target}

    def from_canonical(row: Mapping[str, Any], _: Types) -> Record:
        record: Record = {"source": row["input"]}
        return record if row["target"] is None else {**record, key: _written(row["target"])}

    def foreign(row: Mapping[str, Any]) -> Record:
        target = row["target"]
        if target is None:
            return {}
        if single:
            said: Record = {"class-name": target, "type": "groundtruth/text-classification"}
            return {key: numbers.get(target, target), key + _METADATA: said}
        named = {str(numbers[label]): label for label in target if label in numbers}
        said = {"class-map": named, "type": "groundtruth/text-classification-multilabel"}
        return {key: [numbers.get(label, label) for label in target], key + _METADATA: said}

    def source_pointer(pointer: Pointer, _: Mapping[str, Any]) -> Pointer:
        return ("source",) if pointer[0] == "input" else (key, *pointer[1:])

    return Reader(
        ("source", key), to_canonical, from_canonical, source_pointer, foreign=foreign, beside=(key + _METADATA,)
    )


def _name(value: Any, said: Any) -> str:
    name = said.get("class-name") if isinstance(said, dict) else None
    return name if isinstance(name, str) else scalar_text(value)


def _of_map(value: Any, said: Any) -> str:
    names = said.get("class-map") if isinstance(said, dict) else None
    name = names.get(scalar_text(value)) if isinstance(names, dict) else None
    return name if isinstance(name, str) else scalar_text(value)


def _written(target: Any) -> Any:
    return [_id(each) for each in target] if isinstance(target, list) else _id(target)


def _id(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and str(int(text)) == text else text
