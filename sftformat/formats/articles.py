"""SQuAD as its makers wrote it: articles of paragraphs, each of whose questions becomes a record of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sftformat.formats import intents
from sftformat.formats.source import Source
from sftformat.record import Batch, Record

FORMAT = "articles"
#: The key that tells an article.
PARAGRAPHS = "paragraphs"


def are_articles(records: Sequence[Record]) -> bool:
    """Whether records are articles with their questions."""
    return any(map(_is_article, records))


def read(source: Source, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield each question of the articles in `batches` as a record of SQuAD, beside the other keys of its article.

    All of them stand where the article does; the row of each, should it be rejected, is the record that it became.
    """
    return (intents.expanded(batch, source.format, _is_article, _rows) for batch in batches)


def _is_article(record: Record) -> bool:
    held = record.get(PARAGRAPHS)
    return isinstance(held, list) and bool(held) and all(map(_is_paragraph, held))


def _is_paragraph(each: Any) -> bool:
    questions = each.get("qas") if isinstance(each, dict) else None
    return isinstance(questions, list) and "context" in each and all(isinstance(one, dict) for one in questions)


def _rows(record: Record) -> Iterator[Record]:
    article = {key: value for key, value in record.items() if key != PARAGRAPHS}
    for paragraph in record[PARAGRAPHS]:
        beside = {key: value for key, value in paragraph.items() if key != "qas"}
        for question in paragraph["qas"]:
            yield {**article, **beside, **question, "answers": _answers(question.get("answers"))}


def _answers(held: Any) -> Any:
    """Return answers as `datasets` has them, a list for each key; what has another form stays as it is."""
    keys = {key for each in held for key in each} if isinstance(held, list) and _are_objects(held) else set()
    if held and not all(keys == set(each) for each in held):
        return held
    return {key: [each[key] for each in held or ()] for key in ("text", "answer_start", *sorted(keys))}


def _are_objects(held: list[Any]) -> bool:
    return all(isinstance(each, dict) for each in held)
