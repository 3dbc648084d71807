"""Label Studio JSON: `{"data": {TEXT}, "annotations": [{"result": [{"type": "choices", "value": {"choices": […]}}]}]}`.

Annotations that were cancelled do not count; of several that count all must say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UndecidedError, UsageError
from sftformat.layouts.layout import Binding, Fault, Pointer, get, put
from sftformat.layouts.reader import Reader, Types, text_of
from sftformat.record import Record

#: What Label Studio adds to a task.
BESIDE = (
    *("predictions", "drafts", "project", "inner_id", "file_upload", "created_at", "updated_at", "updated_by"),
    *("total_annotations", "cancelled_annotations", "total_predictions", "comment_count", "comment_authors"),
    *("unresolved_comment_count", "last_comment_updated_at"),
)
#: Types of results that are spans of a text.
SPANS = frozenset({"labels", "hypertextlabels"})
#: Usual names of a text.
USUAL = ("text", "sentence", "review", "reviewText", "comment", "content", "document")


def places(binding: Binding, records: Sequence[Record]) -> Mapping[str, Pointer]:
    """Return which key of `data` is the text, and the name of the question whose choices are the labels.

    Raises:
        UsageError: several could be meant, or none.
    """
    given = binding.at.get("input", ("data",))
    text = given if len(given) > 1 else ("data", _text_key([record.get("data") for record in records]))
    asked = binding.at.get("target", ("annotations",))
    question = asked[-1:] if asked != ("annotations",) else _question(records)
    return {"input": text, "target": ("annotations", *question)}


def _text_key(datas: Sequence[Any]) -> str:
    objects = [each for each in datas if isinstance(each, dict)]
    names = dict.fromkeys(name for each in objects for name in each)
    texts = [name for name in names if all(isinstance(each.get(name, ""), str) for each in objects)]
    usual = [name for name in USUAL if name in texts]
    if len(texts) == 1 or usual:
        return (usual or texts)[0]
    said = ", ".join(clip(name, 40) for name in texts[:5]) or "none"
    raise UsageError(f"which key of 'data' is the text ({said})? say --map input=/data/KEY")


def _question(records: Sequence[Record]) -> Pointer:
    asked = dict.fromkeys(
        str(each["from_name"]) for record in records for live in _live(record) for each in _choices(live, ())
    )
    if len(asked) > 1:
        said = ", ".join(clip(name, 40) for name in list(asked)[:5])
        kinds = [each.get("type") for record in records for live in _live(record) for each in _results(live)]
        # As spans the records can be read all the same.
        error = UsageError if any(kind in kinds for kind in SPANS) else UndecidedError
        raise error(f"several questions have choices ({said}): say which with --map target=NAME")
    return tuple(asked)


def _live(record: Record) -> list[Record]:
    held = record.get("annotations")
    found = held if isinstance(held, list) else ()
    return [each for each in found if isinstance(each, dict) and not each.get("was_cancelled")]


def _results(annotation: Record) -> list[Record]:
    results = annotation.get("result")
    return [each for each in (results if isinstance(results, list) else ()) if isinstance(each, dict)]


def _choices(annotation: Record, question: Pointer) -> list[Record]:
    """Return the answers of an annotation to the question, to any where none is named."""
    return [
        each
        for each in _results(annotation)
        if each.get("type") == "choices"
        and "from_name" in each
        and each["from_name"] in (question or (each["from_name"],))
    ]


def _answers(record: Record, question: Pointer) -> list[list[str]]:
    """Return what each annotation that counts chose."""
    found = []
    for live in _live(record):
        chosen = [name for each in _choices(live, question) for name in each["value"]["choices"]]
        found.append(list(dict.fromkeys(chosen)))
    return found


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:  # noqa: ARG001 - every module is asked alike
    """Return the reader for the text and the question that were found."""
    single = binding.layout.task == "classification"
    text = binding.at["input"] if len(binding.at["input"]) > 1 else ("data", "text")
    bound = Binding(binding.layout, {**binding.at, "input": text})
    question = binding.at.get("target", ())[1:]

    def to_canonical(record: Record) -> Record:
        answers = _answers(record, question)
        chosen = answers[0] if answers else None
        target = chosen if not single else chosen[0] if chosen else None
        return {"input": text_of(bound, record), "target": target}

    def from_canonical(row: Mapping[str, Any], _: Types) -> Record:
        record: Record = {}
        put(record, text, row["input"])
        target = row["target"]
        if target is None:
            return record
        chosen = {"choices": [target] if single else list(target)}
        name = question[0] if question else "label"
        result = {"from_name": name, "to_name": text[-1], "type": "choices", "value": chosen}
        return {**record, "annotations": [{"result": [result] if chosen["choices"] else []}]}

    def faults(record: Record) -> Iterator[Fault]:
        yield from _faults(record, _answers(record, question), text, single)

    def source_pointer(pointer: Pointer, _: Mapping[str, Any]) -> Pointer:
        return text if pointer[0] == "input" else ("annotations",)

    return Reader(("data", "annotations"), to_canonical, from_canonical, source_pointer, faults, beside=BESIDE)


def _faults(record: Record, answers: Sequence[Sequence[str]], text: Pointer, single: bool) -> Iterator[Fault]:
    said = {tuple(sorted(each)) for each in answers}
    if not isinstance(get(record, text), str):
        yield Fault("SFT104", ("data", text[-1]), expected="a text", got="something else")
    elif len(said) > 1:
        shown = clip("; ".join(", ".join(each) or "none" for each in sorted(said)), 80)
        yield Fault("SFT101", ("annotations",), expected="annotations that say the same", got=shown)
    elif single and answers and len(answers[0]) > 1:
        yield Fault("SFT101", ("annotations",), expected="one choice", got=clip(", ".join(answers[0]), 80))
