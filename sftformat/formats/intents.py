"""AutoIntent's older table: an intent a record, each of whose `sample_utterances` becomes a record of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sftformat.record import Batch, Record, encode_json

#: The keys that tell a table of intents.
_TOLD = frozenset({"intent_name", "sample_utterances"})
_TEXTS = "sample_utterances"
_TEXT = "utterance"


def expanded(batch: Batch) -> Batch:
    """Return a batch in which each text of an intent is a record, beside the other keys of the intent.

    All of them stand where the intent does; the row of each, should it be rejected, is the record that it became. An
    intent without texts stays as it is, and fits no layout.
    """
    if batch.columns is not None and _TEXTS not in batch.columns:
        return batch
    found = [index for index, record in enumerate(batch.records) if _TEXTS in record and _is_intent(record)]
    if not found:
        return batch
    expanded_ones = frozenset(found)
    records: list[Record] = []
    places: list[int] = []
    raw: list[bytes] = []
    for index, record in enumerate(batch.records):
        made = list(_rows(record)) if index in expanded_ones else [record]
        records += made
        places += [index] * len(made)
        raw += map(encode_json, made) if index in expanded_ones else [batch.raw[index]]
    return replace(
        batch,
        records=records,
        lines=[batch.lines[index] for index in places],
        offsets=[batch.offsets[index] for index in places],
        raw=raw,
    )


def _is_intent(record: Record) -> bool:
    return record.keys() >= _TOLD and isinstance(record[_TEXTS], list) and bool(record[_TEXTS]) and _TEXT not in record


def _rows(record: Record) -> Iterator[Record]:
    rest = {key: value for key, value in record.items() if key != _TEXTS}
    for text in record[_TEXTS]:
        yield {_TEXT: text, **rest}
