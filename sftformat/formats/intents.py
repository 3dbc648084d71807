"""AutoIntent's older table: an intent a record, each of whose `sample_utterances` becomes a record of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sftformat.formats.source import Source
from sftformat.record import Batch, Record, encode_json

FORMAT = "intents"
#: The keys that tell a table of intents.
_TOLD = frozenset({"intent_name", "sample_utterances"})
TEXTS = "sample_utterances"
_TEXT = "utterance"


def are_intents(records: Sequence[Record]) -> bool:
    """Whether records are intents with their texts."""
    return any(map(_is_intent, records))


def read(source: Source, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield each text of the intents in `batches` as a record, beside the other keys of its intent.

    All of them stand where the intent does; the row of each, should it be rejected, is the record that it became. An
    intent without texts stays as it is, and fits no layout.
    """
    return (expanded(batch, source.format, _is_intent, _rows) for batch in batches)


def expanded(
    batch: Batch, name: str, is_one: Callable[[Record], bool], rows_of: Callable[[Record], Iterator[Record]]
) -> Batch:
    """Return a batch of the format of that name, in which those records that stand for several are these."""
    whole = [is_one(record) for record in batch.records]
    if not any(whole):
        return replace(batch, format=name)
    records: list[Record] = []
    places: list[int] = []
    raw: list[bytes] = []
    for index, (record, several) in enumerate(zip(batch.records, whole, strict=True)):
        made = list(rows_of(record)) if several else [record]
        records += made
        places += [index] * len(made)
        raw += map(encode_json, made) if several else [batch.raw[index]]
    return replace(
        batch,
        format=name,
        records=records,
        lines=[batch.lines[index] for index in places],
        offsets=[batch.offsets[index] for index in places],
        raw=raw,
    )


def _is_intent(record: Record) -> bool:
    return record.keys() >= _TOLD and isinstance(record[TEXTS], list) and bool(record[TEXTS]) and _TEXT not in record


def _rows(record: Record) -> Iterator[Record]:
    rest = {key: value for key, value in record.items() if key != TEXTS}
    for text in record[TEXTS]:
        yield {_TEXT: text, **rest}
