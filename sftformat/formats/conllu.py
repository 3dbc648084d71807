"""CoNLL-U: ten columns with tabs, a word a line, comments above each sentence, a blank line after it.

A record is a sentence: a list for each column, under the name that Universal Dependencies gives it (`form` is `tokens`,
as in other formats). Multiword tokens and empty nodes are no words: their lines are kept under `other_lines`, each
with the number of words before it, and comments under `comments`. What `# sent_id` says stands under `sent_id` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats import container, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source
from sftformat.formats.textlines import Filling, Line, filling, paragraphs
from sftformat.record import Batch, Record

#: The columns after the id.
COLUMNS = ("tokens", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_SENTENCE_ID = re.compile(r"#\s*sent_id\s*=\s*(.*?)\s*")
_OTHER_ID = re.compile(r"[0-9]+[-.][0-9]+")
_EMPTY = "_"
_ID = re.compile(r"[1-9][0-9]*([-.][0-9]+)?|0\.[0-9]+")
#: Of the lines with words at least this share has the form.
_MOST = 0.8


def looks_like(text: str) -> bool:
    """Whether a text is CoNLL-U beyond doubt: nearly all of its lines have ten cells, the first one an id from 1 on."""
    found = [line.split("\t") for line in text.split("\n")[:400] if line.strip() and not line.startswith("#")]
    good = [cells for cells in found if len(cells) == len(COLUMNS) + 1 and _ID.fullmatch(cells[0])]
    first = good[0][0] if good else ""
    return len(good) >= max(1, _MOST * len(found)) and first.split("-")[0] in ("1", "0.1")


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the sentences of a CoNLL-U file; `line` is that of the first line of a sentence, a comment mostly.

    A sentence with a line that has not ten columns, or with ids that do not count from 1, is a reject, whole.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    batch = filling(source)
    for run in paragraphs(source, options, batch):
        _take(batch, run)
        if batch.full:
            yield batch.flush()
    if not batch.empty:
        yield batch.flush()


def _take(batch: Filling, run: Sequence[Line]) -> None:
    bad = next((line.bad for line in run if line.bad is not None), None)
    found: Record | tuple[int, str] = sentence([line.text for line in run]) if bad is None else (0, "")
    if isinstance(found, dict):
        batch.add([found], run)
        return
    line = run[found[0]]
    hint = "ten columns with tabs, ids that count from 1, a blank line after each sentence"
    batch.reject(run, bad or rows.finding(batch.source, "SFT012", found[1], line.number, line.byte, hint=hint))


def sentence(texts: Sequence[str]) -> Record | tuple[int, str]:
    """Return the record of the lines of one sentence, or the index of the line that is wrong and what is wrong."""
    comments: list[str] = []
    others: list[list[int | str]] = []
    words: list[list[str]] = []
    for index, text in enumerate(texts):
        if text.startswith("#") and not words and not others:
            comments.append(text)
            continue
        number, *cells = text.rstrip("\r").split("\t")
        if len(cells) != len(COLUMNS):
            return index, f"expected {len(COLUMNS) + 1} columns, got {len(cells) + 1}"
        if _OTHER_ID.fullmatch(number):
            others.append([len(words), text])
        elif number == str(len(words) + 1):
            words.append(cells)
        else:
            return index, f"expected the id {len(words) + 1}, got {clip(number, 20)!r}"
    if not words:
        return 0, "a sentence without a word"
    record: Record = {name: list(column) for name, column in zip(COLUMNS, zip(*words, strict=True), strict=True)}
    record |= {"other_lines": others} if others else {}
    record |= {"comments": comments} if comments else {}
    named = next((found[1] for text in comments if (found := _SENTENCE_ID.fullmatch(text))), "")
    return {**record, "sent_id": named} if named else record


# ---------------------------------------------------------------------------------------------------- writing


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Write sentences; a column that a record has not is `_`. Return how many.

    Raises:
        UsageError: a record is no sentence, or a cell holds a tab or a line break.
    """
    count = 0
    with container.create(path, compression) as file:
        for batch in batches():
            for record in batch:
                file.write(_written(record).encode())
                count += 1
    return count


def held(names: Sequence[str]) -> list[str]:
    """Return the columns that CoNLL-U has a place for."""
    known = {*COLUMNS, "words", "pos_tags", "tags", "other_lines", "comments", "sent_id", "id"}
    return [name for name in names if name in known]


def _written(record: Record) -> str:
    names = {"tokens": ("tokens", "words"), "upos": ("upos", "pos_tags", "tags")}
    tokens = _column(record, ("tokens", "words"), 0)
    if not tokens:
        raise UsageError("CoNLL-U holds sentences of tokens: write layout token-tags, or another format")
    columns = [_column(record, names.get(name, (name,)), len(tokens)) for name in COLUMNS]
    held = [list(each) for each in record.get("other_lines") or ()]
    lines: list[str] = _comments(record)
    for number, cells in enumerate(zip(*columns, strict=True)):
        lines += [str(text) for before, text in held if before == number]
        lines.append("\t".join([str(number + 1), *cells]))
    lines += [str(text) for before, text in held if before >= len(tokens)]
    return "\n".join([*lines, "", ""])


def _column(record: Record, names: Sequence[str], length: int) -> list[str]:
    """Return the first column there is of these names, `_` in each cell where there is none.

    Raises:
        UsageError: it is not as long as the tokens, or a cell cannot be written.
    """
    held = next((record[name] for name in names if isinstance(record.get(name), list)), [_EMPTY] * length)
    cells = [cell if isinstance(cell, str) else str(cell) for cell in held]
    if length and len(cells) != length:
        raise UsageError(f"{names[0]!r} has not as many cells as there are tokens: CoNLL-U cannot hold it")
    for cell in cells:
        if (not cell and names[0] == "tokens") or any(mark in cell for mark in "\t\n\r"):
            raise UsageError(f"{clip(cell, 40)!r} cannot stand in CoNLL-U: it is empty, or holds a tab or a line break")
    return cells


def _comments(record: Record) -> list[str]:
    """Return the comments above a sentence, with the id that it has now."""
    comments = [str(text) for text in record.get("comments") or ()]
    own = record.get("sent_id", record.get("id"))
    told = [index for index, text in enumerate(comments) if _SENTENCE_ID.fullmatch(text)]
    if own is None or (told and _SENTENCE_ID.fullmatch(comments[told[0]])[1] == str(own)):  # type: ignore[index]
        return comments
    line = f"# sent_id = {own}"
    if told:
        comments[told[0]] = line
        return comments
    return [line, *comments]
