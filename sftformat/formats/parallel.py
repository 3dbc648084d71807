"""Parallel text: two files of equally many lines, of which line n of one is the translation of line n of the other.

The files have one name and end with their language: `train.en` and `train.de`. The first named is the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from sftformat.diagnostics import Diagnostic, Severity, clip
from sftformat.errors import InputError, UsageError
from sftformat.formats.container import chunks
from sftformat.formats.lines import newline_of
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source
from sftformat.formats.textlines import BLANK, Filling, Line, decoded, filling
from sftformat.record import SPLIT_NAMES, Batch, Record, encode_json

_Named = TypeVar("_Named")
#: What a file name may end with to be one of two: a language tag, or the word for its side.
_TAG = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?|src|tgt|source|target", re.IGNORECASE)
_SIDES = {"src": 0, "source": 0, "tgt": 1, "target": 1}
#: Endings of that form that are formats of ours, or of programs.
_NO_TAGS = frozenset(
    {"csv", "tsv", "tab", "bio", "iob", "po", "pot", "mo", "tmx", "txt", "md", "py", "sh", "gz", "zst"}
    | {"xml", "yml", "log", "bin", "npz", "npy", "pt", "zip", "pdf", "doc", "htm", "ini", "cfg", "tar", "bz", "xz"}
)


def tag_of(name: str) -> str:
    """Return the language that a file name ends with; empty where it ends with none."""
    parts = re.sub(r"\.(gz|zst)$", "", name.rpartition("/")[2]).split(".")
    found = parts[-1] if len(parts) > 1 else ""
    return found if _TAG.fullmatch(found) and found.lower() not in _NO_TAGS else ""


def _stem(path: Path) -> str:
    name = str(path)
    return name[: name.rindex(f".{tag_of(name)}")]


def pairs(paths: Sequence[Path]) -> dict[Path, Path]:
    """Return which of these files belong together: the first of two -> the second, the source first.

    Two do that have one name but for the language; of three nobody knows which two are meant. Which is the source is
    said by the word for its side, by `en-de` before the languages (`train.en-de.de`), else by the order.
    """
    groups: dict[str, list[Path]] = {}
    for path in paths:
        if tag_of(path.name):
            groups.setdefault(_stem(path), []).append(path)
    found = {}
    for group in groups.values():
        if len(group) == 2:
            one, other = sorted(group, key=_side)
            found[one] = other
    return found


def _side(path: Path) -> int:
    tag = tag_of(path.name).lower()
    return _SIDES.get(tag, int(_stem(path).lower().endswith(f"-{tag}")))


def joined(source: Source, other: Source) -> Source:
    """Return the source of two files, if they have equally many lines.

    Raises:
        InputError: they have not (SFT230), or one cannot be read.
    """
    counts = [_count(each) for each in (source, other)]
    if counts[0] != counts[1]:
        said = f"{counts[0]:,} lines, but {other.name} has {counts[1]:,}"
        hint = "line n of one file translates line n of the other; find the line from which they part"
        expected, got = f"{counts[0]:,}", f"{counts[1]:,}"
        found = Diagnostic(
            "SFT230", "length-mismatch", Severity.ERROR, said, source.name, expected=expected, got=got, hint=hint
        )
        raise InputError(f"{source.name}: {said}: which of them belong together cannot be known", found)
    return replace(source, format="parallel", beside=replace(other, format="parallel"))


def _count(source: Source) -> int:
    newline, count, last = newline_of(source), 0, b""
    for piece in chunks(source):
        count += piece.count(newline)
        last = piece[-len(newline) :] or last
    return count + (bool(last) and last != newline)


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield a record for each pair of lines; `line` is their number, `byte` that in the source file.

    A line that is no text rejects its pair; lines that are blank in both files are counted and no records.

    Raises:
        InputError: a file cannot be read or its compression is damaged.
    """
    assert source.beside is not None
    batch, other = filling(source), filling(source.beside)
    tags = [tag_of(each.name) for each in (source, source.beside)]
    known = {} if {tag.lower() for tag in tags} <= _SIDES.keys() else {"source_lang": tags[0], "target_lang": tags[1]}
    sides = (decoded(source, options, batch), decoded(source.beside, options, other))
    for one, two in zip(*sides, strict=True):
        _take(batch, one, two, known)
        if batch.full:
            batch.notes += other.notes
            other.notes = []
            yield batch.flush()
    batch.notes += other.notes
    if not batch.empty:
        yield batch.flush()


def _take(batch: Filling, one: Line, two: Line, known: Record) -> None:
    if one.blank and two.blank:
        batch.blank_lines += 1
        return
    record: Record = {"source": one.text, "target": two.text, **known}
    bad = one.bad or two.bad
    text = encode_json(record) if bad is None else one.stored + b"\t" + two.stored
    run = [replace(one, stored=text, length=len(text))]
    if bad is None:
        batch.add([record], run)
    else:
        batch.reject(run, replace(bad, line=one.number))


# ---------------------------------------------------------------------------------------------------- writing


def held(_: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that parallel text has a place for."""
    return ("source", "target", "source_lang", "target_lang", "split")


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Make the folder `path` with two files for each split, and return how many pairs.

    They are called `SPLIT.en-de.en` and `SPLIT.en-de.de`, and `SPLIT.src` and `SPLIT.tgt` where no language is named.

    Raises:
        UsageError: a record is no pair of texts of one line each, or the records are in several languages.
    """
    path.mkdir()
    files: dict[str, tuple[BinaryIO, BinaryIO]] = {}
    tags: tuple[str, str] | None = None
    count = 0
    with ExitStack() as opened:
        for record in (each for batch in batches() for each in batch):
            pair = _pair_of(record)
            tags = tags or _tags(record)
            if _tags(record) != tags:
                raise UsageError(f"parallel text is in one pair of languages, these are {tags} and {_tags(record)}")
            split = SPLIT_NAMES[record["split"]] if record.get("split") else "train"
            if split not in files:
                stem = split if tags == ("src", "tgt") else f"{split}.{tags[0]}-{tags[1]}"
                one, two = (opened.enter_context(open(path / f"{stem}.{tag}", "xb")) for tag in tags)
                files[split] = one, two
            for file, text in zip(files[split], pair, strict=True):
                file.write(f"{text}\n".encode())
            count += 1
    return count


def _tags(record: Record) -> tuple[str, str]:
    """Return what the two files end with.

    Raises:
        UsageError: a language cannot be the ending of a file, or both are one.
    """
    one, two = record.get("source_lang"), record.get("target_lang")
    if one is None and two is None:
        return "src", "tgt"
    if not all(isinstance(tag, str) and tag_of(f"x.{tag}") for tag in (one, two)) or one == two:
        raise UsageError(f"the languages {clip(one, 40)!r} and {clip(two, 40)!r} cannot name two files: write .jsonl")
    return str(one), str(two)


def _pair_of(record: Record) -> tuple[str, str]:
    at = f"(first at id {clip(str(record.get('id')), 60)!r})"
    pair = record.get("source"), record.get("target")
    if not all(isinstance(text, str) for text in pair):
        raise UsageError(f"parallel text holds a source and a target, and a row has not both {at}")
    one, two = str(pair[0]), str(pair[1])
    if any(mark in text for text in (one, two) for mark in "\n\r\0\ufeff"):
        raise UsageError(f"parallel text cannot hold a text with a line break, a NUL or a byte order mark {at}")
    if not one.strip(BLANK) and not two.strip(BLANK):
        raise UsageError(f"parallel text cannot hold a pair of blank lines {at}: leave these rows out")
    return one, two
