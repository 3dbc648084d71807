"""CoNLL column files: a token a line with its tags in columns, a blank line after each sentence.

A record is a sentence: a list for each column. The first column holds the tokens, the last one the tag; the four of
CoNLL-2003 have their usual names. `-DOCSTART-` begins a document: it is no sentence, and the sentences after it carry
the number of their document. Lines with `#` above a sentence are its comments.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats import conllu, container, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source, fault
from sftformat.formats.textlines import BLANK, Filling, Line, filling, paragraphs
from sftformat.record import Batch, Record

#: The first token of the line that begins a document.
DOCUMENT = "-DOCSTART-"
CONLL_2003 = ("tokens", "pos_tags", "chunk_tags", "ner_tags")
#: Keys of a record that are no column.
BESIDE = ("document", "comments")
#: Fields of a sentence that is no column.
_OF_RECORD = frozenset({"id", "split", "weight", "group", "text", "offsets", "sent_id"})
_BLANKS = re.compile("[ \t]+")
#: Of the lines of a column file at least this share has its form, whatever is wrong with the others.
_MOST = 0.8
#: From this many tokens on numbers in the first column say something.
_COUNTED = 4
#: Lines above a sentence that are comments even where they have as many cells as a token.
_COMMENT = re.compile(r"#[ \t]+(?:id|sent_id|text|newdoc|newpar|doc|doc_id|source)\b")
#: A tag of one of the schemes for chunks.
_TAG = re.compile(r"O|[BIESLUM]-\S+")


def cells_of(text: str, delimiter: str | None) -> list[str]:
    """Return the cells of one line; other white space than blanks and tabs is part of a cell."""
    return text.rstrip("\r").split("\t") if delimiter == "\t" else _BLANKS.split(text.strip(BLANK))


def looks_like(text: str) -> bool:
    """Whether a text is a column file beyond doubt: the last column of nearly all lines holds tags of a scheme."""
    lines = [line for line in text.split("\n")[:400] if line.strip(BLANK) and not line.startswith((DOCUMENT, "#"))]
    delimiter = "\t" if lines and "\t" in lines[0] else None
    found = [cells_of(line, delimiter) for line in lines]
    width, _ = Counter(map(len, found)).most_common(1)[0] if found else (0, 0)
    tags = [cells[-1] for cells in found if len(cells) == width and _TAG.fullmatch(cells[-1])]
    return width > 1 and len(tags) >= max(3, _MOST * len(lines)) and {"O"} < set(tags)


def detect(source: Source, text: str, options: ReadOptions) -> Source:
    """Return the source with the names of its columns, told from its first sentence, and what separates them.

    Raises:
        InputError: there is no column for tags, or other names were given than there are columns.
    """
    sentences = (line for line in text.split("\n") if line.strip(BLANK) and not line.startswith(DOCUMENT))
    held = list(sentences)
    first = next((line for line in held if not line.startswith("#")), held[0] if held else "")
    delimiter = "\t" if "\t" in first.strip(BLANK) else " "
    width = len(cells_of(first, delimiter))
    if not first:
        return replace(source, header=CONLL_2003, delimiter=delimiter)
    if width < 2:
        hint = "a token and its tag stand in a line, parted by a tab or a blank"
        raise fault("SFT016", source.name, f"one column only, in {clip(first, 40)!r}: no tags", hint=hint)
    if not options.columns and conllu.looks_like(text):
        return replace(source, format="conllu")
    _refuse_numbers(source, held, delimiter, options)
    names = tuple(options.columns) if options.columns else _names(width, held, delimiter)
    if len(names) != width:
        raise fault("SFT012", source.name, f"--columns names {len(names)} columns, but the first line has {width}")
    return replace(source, header=names, delimiter=delimiter)


def _refuse_numbers(source: Source, held: Sequence[str], delimiter: str, options: ReadOptions) -> None:
    """Refuse to take numbers that count the tokens of each sentence for the tokens.

    Raises:
        InputError: the first column counts, and no names were given.
    """
    cells = [cells_of(line, delimiter) for line in held[:400] if not line.startswith("#")]
    numbers = [row[0] for row in cells]
    pairs = _pairs(numbers)
    counts = all(one.isdecimal() and (one == "1" or int(one) == int(before or 0) + 1) for before, one in pairs)
    if options.columns or len(numbers) < _COUNTED or not counts:
        return
    names = ("number", "tokens", "ner_tags", *(f"column_{n}" for n in range(4, len(cells[0]) + 1)))
    message = "the first column counts the tokens"
    raise fault("SFT012", source.name, message, hint=f"name them, as in --no-header --columns {','.join(names)}")


def _pairs(numbers: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(["", *(number if number.isdecimal() else "" for number in numbers)], numbers, strict=False)


def _names(width: int, held: Sequence[str], delimiter: str) -> tuple[str, ...]:
    if width == len(CONLL_2003):
        return CONLL_2003
    tags = [cells[-1] for line in held[:400] if len(cells := cells_of(line, delimiter)) == width]
    last = "ner_tags" if sum(map(bool, map(_TAG.fullmatch, tags))) >= _MOST * len(tags) else "tags"
    return ("tokens", *(f"column_{number}" for number in range(2, width)), last)


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the sentences of a column file; `line` is that of the first line of a sentence.

    A sentence with a line of another number of columns is a reject, whole: what its tags belong to cannot be known.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    batch = filling(source)
    document = 0
    for run in paragraphs(source, options, batch):
        if run[0].text.startswith(DOCUMENT):
            document += 1
            run = run[1:]
        if run:
            _take(batch, run, document)
        if batch.full:
            yield batch.flush()
    if not batch.empty:
        yield batch.flush()


def _take(batch: Filling, run: Sequence[Line], document: int) -> None:
    source = batch.source
    bad = next((line.bad for line in run if line.bad is not None), None)
    found: Record | tuple[int, str] = sentence([line.text for line in run], source) if bad is None else (0, "")
    if bad is None and isinstance(found, tuple):
        line = run[found[0]]
        hint = "a line has a cell for every column; a blank line ends the sentence"
        bad = rows.finding(source, "SFT012", found[1], line.number, line.byte, hint=hint)
    if bad is not None:
        batch.reject(run, bad)
    elif isinstance(found, dict):
        batch.add([{**found, "document": document} if document else found], run)


def sentence(texts: Sequence[str], source: Source) -> Record | tuple[int, str]:
    """Return the record of the lines of one sentence, or the index of the line that is wrong and what is wrong."""
    names = source.header or CONLL_2003
    comments: list[str] = []
    found: list[list[str]] = []
    for index, text in enumerate(texts):
        cells = cells_of(text, source.delimiter)
        if len(cells) == len(names) and (found or not _COMMENT.match(text)):
            found.append(cells)
        elif not found and text.startswith("#"):
            comments.append(text)
        else:
            return index, f"expected {len(names)} columns, got {len(cells)}"
    if not found:
        return 0, "comments without a sentence"
    record: Record = {name: list(column) for name, column in zip(names, zip(*found, strict=True), strict=True)}
    return {**record, "comments": comments} if comments else record


# ---------------------------------------------------------------------------------------------------- writing


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:
    """Write sentences, the tokens first and the tags last, with blanks between columns, or tabs; return how many.

    Raises:
        UsageError: a record is no sentence, or a cell holds what separates cells or lines.
    """
    names = _columns([name for name in columns if name not in BESIDE])
    count, document = 0, 0
    with container.create(path, compression) as file:
        mark = "\t" if _any_blank(batches, names) else " "
        for batch in batches():
            for record in batch:
                begins = record.get("document", document)
                if begins != document:
                    document = begins
                    file.write((mark.join([DOCUMENT, *["O"] * (len(names) - 1)]) + "\n\n").encode())
                file.write(_written(record, names, mark).encode())
                count += 1
    return count


def held(names: Sequence[str]) -> list[str]:
    """Return the columns that a file of columns has a place for: all but the fields of the record as a whole."""
    return [name for name in names if name not in _OF_RECORD]


def _columns(names: Sequence[str]) -> list[str]:
    """Return the columns that are written: tokens, what stands beside them, and the tags last.

    Raises:
        UsageError: there are no tokens or no tags.
    """
    tokens = next((name for name in ("tokens", "words") if name in names), None)
    tags = next((name for name in ("ner_tags", "tags", "labels", "ner", "upos", "pos_tags") if name in names), None)
    if tokens is None or tags is None:
        raise UsageError("a column file holds tokens and tags: write layout token-tags, or another format")
    return [tokens, *(name for name in names if name not in {tokens, tags, *_OF_RECORD}), tags]


def _any_blank(batches: Batches, names: Sequence[str]) -> bool:
    return any(
        " " in cell for batch in batches() for record in batch for name in names for cell in _cells(record, name)
    )


def _cells(record: Record, name: str) -> list[str]:
    """Return a column of a record as texts.

    Raises:
        UsageError: it is none, or not as long as the tokens.
    """
    held: Any = record.get(name)
    if not isinstance(held, list):
        raise UsageError(f"{clip(name)!r} is no column with a cell for each token: a column file cannot hold it")
    return [cell if isinstance(cell, str) else str(cell) for cell in held]


def _written(record: Record, names: Sequence[str], mark: str) -> str:
    found = [_cells(record, name) for name in names]
    if len(set(map(len, found))) != 1:
        raise UsageError("a sentence has not as many tags as tokens: a column file cannot hold it")
    for column in found:
        for cell in column:
            if not cell.strip(BLANK) or any(each in cell for each in ("\n", "\r", mark)) or cell != cell.strip(BLANK):
                raise UsageError(f"{clip(cell, 40)!r} cannot stand in a column file: it is empty, or holds white space")
    if not found[0] or found[0][0].startswith(DOCUMENT):
        raise UsageError(f"a sentence without a token, or one that begins with {DOCUMENT}, cannot be written")
    comments = [text + "\n" for text in record.get("comments") or ()]
    return "".join([*comments, *(mark.join(cells) + "\n" for cells in zip(*found, strict=True)), "\n"])
