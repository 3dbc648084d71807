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
        UndecidedError, UsageError: several could be meant, or none.
    """
    refuse_others(records)
    given = binding.at.get("input", ("data",))
    text = ("data", _text_key(records)) if given == ("data",) else given if len(given) > 1 else ("data", *given)
    asked = binding.at.get("target", ("annotations",))
    question = _asked(records, asked[-1]) if asked != ("annotations",) else _question(records)
    return {"input": text, "target": ("annotations", *question)}


def refuse_others(records: Sequence[Record]) -> None:
    """Refuse tasks whose questions were all answered by something else than choices or spans.

    Raises:
        UndecidedError: they were; what the answers are is said.
    """
    answers = [each for record in records for live in _live(record) for each in _results(live) if "type" in each]
    kinds = {str(each.get("from_name")): str(each["type"]) for each in answers}
    if kinds and not any(kind == "choices" or kind in SPANS for kind in kinds.values()):
        said = ", ".join(f"{clip(name, 40)!r} ({clip(kind, 40)})" for name, kind in list(kinds.items())[:5])
        raise UndecidedError(
            f"questions of Label Studio that were answered by neither choices nor spans: {said}: export as CSV or "
            "JSON_MIN, where each is a column, and name the fields, as in --task regression --map input=text "
            f"--map target={clip(next(iter(kinds)), 40)}"
        )


def text_keys(data: Any) -> list[str]:
    """Return which keys of the data may be the text: one that is called so, or all that hold texts."""
    texts = [name for name, value in data.items() if isinstance(value, str)] if isinstance(data, dict) else []
    usual = [name for name in USUAL if name in texts]
    return usual[:1] or texts


def _text_key(records: Sequence[Record]) -> str:
    objects = [each for record in records if isinstance(each := record.get("data"), dict)]
    names = dict.fromkeys(name for each in objects for name in each)
    texts = text_keys({name: "" for name in names if all(isinstance(each.get(name, ""), str) for each in objects)})
    named = {str(each.get("to_name")) for record in records for live in _live(record) for each in _results(live)}
    asked = [name for name in texts if name in named]  # tags are often called as the key that they show
    if len(texts) == 1 or len(asked) == 1:
        return (asked or texts)[0]
    kinds = {str(each.get("type")) for record in records for live in _live(record) for each in _results(live)}
    # As spans the records can be read all the same.
    error = UndecidedError if "choices" in kinds and not kinds & SPANS else UsageError
    raise error(which_key(texts))


def which_key(texts: Sequence[str]) -> str:
    """Ask which key of the data is the text."""
    said = ", ".join(clip(name, 40) for name in texts[:5]) or "none"
    return f"which key of 'data' is the text ({said})? say --map input=/data/KEY"


def _names(records: Sequence[Record]) -> list[str]:
    """Return the names of the questions that have choices."""
    choices = (each for record in records for live in _live(record) for each in _choices(live, ()))
    return list(dict.fromkeys(str(each["from_name"]) for each in choices))


def _asked(records: Sequence[Record], name: str) -> Pointer:
    known = _names(records)
    if known and name not in known:
        said = ", ".join(clip(each, 40) for each in known[:5])
        raise UsageError(f"no question {clip(name, 40)!r} has choices; there are: {said}")
    return (name,)


def _question(records: Sequence[Record]) -> Pointer:
    asked = _names(records)
    if len(asked) > 1:
        said = ", ".join(clip(name, 40) for name in asked[:5])
        kinds = [str(each.get("type")) for record in records for live in _live(record) for each in _results(live)]
        error = UsageError if any(kind in kinds for kind in SPANS) else UndecidedError  # as above
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
