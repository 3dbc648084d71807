"""SQuAD: a question about a context, and answers that stand in it; as text to text with further right answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sftformat.diagnostics import Severity, clip
from sftformat.errors import UsageError
from sftformat.layouts.cells import as_whole
from sftformat.layouts.layout import Fault, Pointer, where_of
from sftformat.layouts.reader import Reader, fixed
from sftformat.record import Record


def faults(record: Record) -> Iterator[Fault]:
    """Find answers that do not stand where they are said to; the answer itself can be learned all the same."""
    context, answers = record["context"], record.get("answers") or {}
    starts = [as_whole(start) for start in answers.get("answer_start") or ()]
    if starts and len(starts) != len(answers["text"]):
        message = f"{len(answers['text'])} answers, but {len(starts)} places of answers"
        yield Fault("SFT109", ("answers", "answer_start"), message)
        return
    for index, (text, start) in enumerate(zip(answers.get("text", ()), starts, strict=False)):
        cut = context[start : start + len(text)] if start >= 0 else ""
        if cut == text:
            continue
        at = ("answers", "answer_start", str(index))
        if _units(context, start, text) == text:
            yield Fault("SFT111", at, "the place of the answer fits in UTF-16 code units and not in code points")
        else:
            message = f'the context has "{clip(cut, 40)}" at {start:,}, but the answer is "{clip(text, 40)}"'
            yield Fault("SFT109", at, message, clip(text), clip(cut), Severity.WARNING)


def _units(context: str, start: int, text: str) -> str:
    width = len(text.encode("utf-16-le"))
    return context.encode("utf-16-le", "surrogatepass")[2 * start : 2 * start + width].decode("utf-16-le", "replace")


def to_canonical(record: Record) -> Record:
    """Return the question as `instruction`, the context as `input`, the first answer and the others.

    A question without an answer has the empty text for one; a record without `answers` is unlabelled.
    """
    answers = record.get("answers")
    texts = answers["text"] if answers is not None else []
    others = [text for index, text in enumerate(texts) if text not in texts[:index]][1:]
    target = (texts[0] if texts else "") if answers is not None else None
    return {
        "instruction": record["question"],
        "input": record["context"],
        "target": target,
        "references": others or None,
    }


def from_canonical(row: Mapping[str, Any], types: Mapping[str, Mapping[str, int]]) -> Record:  # noqa: ARG001
    """Return the record of one canonical row; an answer that is not in the context has -1 for its place.

    Raises:
        UsageError: the row has no context or no question.
    """
    context = row["input"]
    if context is None or row.get("instruction") is None:
        raise UsageError(f"SQuAD needs a context and a question (first without at {where_of(row)})")
    record: Record = {"context": context, "question": row["instruction"]}
    if row["target"] is None:
        return record
    texts = [row["target"], *(row.get("references") or ())] if row["target"] else []
    return {**record, "answers": {"text": texts, "answer_start": [context.find(text) for text in texts]}}


def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
    """Return where in its record the value stands to which a pointer into `input` or `target` leads."""
    if pointer[0] == "input":
        return ("context",)
    return ("answers", "text", "0") if row.get("target") else ("answers",)


_KEYS = ("context", "question", "answers")
_HOLDS = ("instruction", "references")
reader = fixed(Reader(_KEYS, to_canonical, from_canonical, source_pointer, faults, holds=_HOLDS))
