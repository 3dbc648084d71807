"""Label Studio JSON_MIN, CSV and TSV: a column for each key of the data, and one for each question of the annotators.

A choice stands as its name, several as `{"choices": […]}`, spans as a list; in cells of CSV and TSV as JSON. What tells
these files are the columns that Label Studio adds (`annotator`, `lead_time` and others).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from sftformat.diagnostics import clip
from sftformat.errors import UndecidedError, UsageError
from sftformat.layouts.label_studio import USUAL
from sftformat.layouts.layout import Binding, Fault, Pointer
from sftformat.layouts.reader import Reader, Types
from sftformat.layouts.spans import Span, spans_of, tagged
from sftformat.layouts.spans import faults as wrong
from sftformat.layouts.text_spans import span_of
from sftformat.record import Record, decode_json

#: The columns that Label Studio adds.
ADDED = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")
_SHARED = frozenset({"id", "split", "weight", "group", *ADDED})
_CHOICES, _SPANS, _NOTHING = "choices", "spans", "nothing"


def places(binding: Binding, records: Sequence[Record]) -> Mapping[str, Pointer]:
    """Return which column is the text and which the question.

    Raises:
        UndecidedError: several could be meant.
        UsageError: these are no such columns, or no question has answers of this kind.
    """
    names = list(dict.fromkeys(name for record in records for name in record))
    if not {"annotator", "lead_time"} <= set(names):
        raise UsageError("no columns of Label Studio")
    kinds = {name: _kind([record.get(name) for record in records]) for name in names if name not in _SHARED}
    asked = _asked(records)
    text = binding.at["input"][0] if "input" in binding.at else _text(kinds, asked)
    wanted = _SPANS if binding.layout.task == "token-classification" else _CHOICES
    given = binding.at.get("target", ("",))[0]
    others = [name for name in kinds if name != text and (asked is None or name in asked)]
    questions = [name for name in others if kinds[name] in (_CHOICES, _SPANS)]
    own = [name for name in questions if kinds[name] == wanted and given in (name, "")]
    numbers = [name for name in asked or () if name in kinds and name != text]
    if numbers and not given and not any(kinds[name] for name in numbers):
        raise UndecidedError(
            f"the answers to {_said(numbers)} are neither choices nor spans: name the fields, as in --task regression "
            f"--map input={clip(text, 40)} --map target={clip(numbers[0], 40)}"
        )
    if given and not own and kinds.get(given) != _NOTHING:
        raise UsageError(f"layout {binding.layout.name}: {clip(given, 40)!r} holds no {wanted}")
    if len(own) > 1:
        raise UndecidedError(f"several questions have answers ({_said(questions)}): say which with --map target=NAME")
    return {"input": (text,), **({"target": (own[0],)} if own else {})}


def _asked(records: Sequence[Record]) -> Sequence[str] | None:
    """Return the questions where the columns stand as Label Studio writes them: data, id, questions, what it adds.

    A record that was not annotated may be without a question. None where columns stand otherwise.
    """
    found: dict[str, None] = {}
    for names in dict.fromkeys(tuple(record) for record in records if "annotator" in record):
        first = names.index("id") + 1 if "id" in names else len(names)
        last = names.index("annotator")
        if first > last:
            return None
        found |= dict.fromkeys(names[first:last])
    return list(found)


def _text(kinds: Mapping[str, str], asked: Sequence[str] | None) -> str:
    texts = [name for name, kind in kinds.items() if kind == _CHOICES and name not in (asked or ())]
    usual = [name for name in USUAL if name in texts]
    if len(texts) == 1 or usual:
        return (usual or texts)[0]
    said = _said(texts) or "none"
    raise UndecidedError(f"which column is the text ({said})? say it with --map input=NAME --map target=QUESTION")


def _said(names: Sequence[str]) -> str:
    return ", ".join(clip(name, 40) for name in names[:5])


def _kind(values: Sequence[Any]) -> str:
    """Return what a column holds: choices (names, and texts as well), spans, nothing, or something else ("")."""
    held = [read for value in values if (read := _read(value)) not in (None, "", [])]
    if not held:
        return _NOTHING
    if all(_choices(each) is not None for each in held):
        return _CHOICES
    return _SPANS if all(isinstance(each, list) and all(map(_is_span, each)) for each in held) else ""


def _is_span(item: Any) -> bool:
    return isinstance(item, dict) and {"start", "end"} <= item.keys() and isinstance(item.get("labels"), list)


def _read(value: Any) -> Any:
    """Return what a cell says: choices and spans stand in it as JSON."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return decode_json(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    return value


def _choices(value: Any) -> list[str] | None:
    """Return the names that were chosen; None where this is no choice."""
    if isinstance(value, str):
        return [value]
    held = value.get("choices") if isinstance(value, dict) else value
    return held if isinstance(held, list) and all(isinstance(each, str) for each in held) else None


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:  # noqa: ARG001 - every module is asked alike
    """Return the reader for the text and the question that were found."""
    text, question = binding.at["input"][0], binding.at.get("target", ("label",))[0]
    if binding.layout.task == "token-classification":
        return _spans_reader(text, question)
    single = binding.layout.task == "classification"

    def to_canonical(record: Record) -> Record:
        value = record.get(question)
        chosen = None if value in (None, "") else _choices(_read(value))
        target = chosen if not single else chosen[0] if chosen else None
        return {"input": record[text], "target": target}

    def from_canonical(row: Mapping[str, Any], _: Types) -> Record:
        record: Record = {text: row["input"]}
        target = row["target"]
        if target is None:
            return record
        alone = target if single else target[0] if len(target) == 1 else None
        plain = alone is not None and _choices(_read(alone)) == [alone] and alone
        return {**record, question: alone if plain else {"choices": [target] if single else target}}

    def faults(record: Record) -> Iterator[Fault]:
        value = record.get(question)
        chosen = [] if value in (None, "") else _choices(_read(value))
        if chosen is None:
            yield Fault("SFT101", (question,), expected="choices", got=clip(str(value), 80))
        elif single and len(chosen) > 1:
            yield Fault("SFT101", (question,), expected="one choice", got=clip(", ".join(chosen), 80))

    return Reader(
        (text, question),
        to_canonical,
        from_canonical,
        _pointers(text, question),
        faults,
        foreign=_foreign,
        beside=ADDED,
        mixed=(question,),
        flat=True,
    )


def _pointers(text: str, question: str) -> Callable[[Pointer, Mapping[str, Any]], Pointer]:
    """Return what leads from a place in a row to the column that it stands in."""
    return lambda pointer, _: (text,) if pointer[0] == "input" else (question,)


def _foreign(row: Mapping[str, Any]) -> Record:  # noqa: ARG001 - every layout is asked alike
    """Return the columns that Label Studio adds: nobody annotated."""
    return dict.fromkeys(ADDED)


def _spans_reader(text: str, question: str) -> Reader:
    def spans_in(record: Record) -> list[Span] | None:
        """Return the spans; none where an annotation has none, and None where there is no annotation."""
        held = _read(record.get(question))
        if held in (None, ""):
            return [] if record.get("annotation_id") not in (None, "") else None
        return [span_of(item, (question, str(index))) for index, item in enumerate(held)]

    def to_canonical(record: Record) -> Record:
        return tagged(record[text], spans_in(record))

    def from_canonical(row: Mapping[str, Any], _: Types) -> Record:
        said, spans, _places = spans_of(row)
        record: Record = {text: said}
        return {**record, question: [_written(said, span) for span in spans]} if spans else record

    def foreign(row: Mapping[str, Any]) -> Record:
        _text, spans, _places = spans_of(row)
        return {**({question: []} if spans == [] else {}), **_foreign(row)}

    def faults(record: Record) -> Iterator[Fault]:
        held = _read(record.get(question)) or []
        if not isinstance(held, list) or not all(map(_is_span, held)):
            yield Fault("SFT101", (question,), expected="spans with start, end and labels", got=clip(str(held), 80))
            return
        several = next((index for index, item in enumerate(held) if len(item["labels"]) != 1), None)
        if several is not None:
            message = f"a span with {len(held[several]['labels'])} labels, where one is wanted"
            yield Fault("SFT109", (question, str(several)), message)
            return
        yield from wrong(record[text], spans_in(record))

    return Reader(
        (text, question),
        to_canonical,
        from_canonical,
        _pointers(text, question),
        faults,
        foreign=foreign,
        holds=("text", "offsets"),
        beside=ADDED,
        flat=True,
    )


def _written(text: str, span: Span) -> Record:
    return {"start": span.start, "end": span.end, "text": text[span.start : span.end], "labels": [span.label]}
