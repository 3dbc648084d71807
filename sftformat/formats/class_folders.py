"""Texts in class folders: a file is a row, the folder it lies in is its label, one above may be its split.

`train/pos/7.txt` is a text of class `pos`. Every file is read whole; the line end that ends it is no part of its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from sftformat.diagnostics import Diagnostic, clip
from sftformat.errors import UsageError
from sftformat.formats import rows
from sftformat.formats.class_tree import Folders, unlabelled
from sftformat.formats.container import open_regular
from sftformat.formats.gathered import Gathered
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import KEPT_BYTES, ReadOptions, Source, Text
from sftformat.record import SPLIT_NAMES, Batch, Record, Reject, encode_json

#: What the name of a folder or file may not be when it is written.
_LONGEST = 255


# ---------------------------------------------------------------------------------------------------- reading


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the texts of class folders, or of a range of them, in the order of their paths; each is line 1 of its file.

    `id` is the path of the file. A file that is no text in the encoding, holds a NUL or is over the limit is a reject;
    texts in a folder for unlabelled ones leave as `filtered`.

    Raises:
        InputError: a file cannot be opened or read.
    """
    batch = Gathered(source)
    for text in source.texts[source.start : source.stop]:
        _take(batch, text, options.max_line_bytes)
        if batch.full:
            yield batch.flush()
    if not batch.empty:
        yield batch.flush()


def place(source: Source, text: Text) -> str:
    """Return the name under which a file is shown and recorded."""
    return f"{source.name}/{text.name}"


def _take(batch: Gathered, text: Text, limit: int) -> None:
    name = place(batch.source, text)
    own = Source(batch.source.path / text.name, name, batch.source.format, encoding=batch.source.encoding)
    with open_regular(own.path, name) as file:
        size = file.seek(0, 2)
        file.seek(0)
        data = file.read(min(size, limit) + 1)
    batch.size += len(data)
    found = _decoded(own, data, limit)
    if isinstance(found, Diagnostic):
        batch.rejects.append(rows.reject(own, 1, 0, data[:KEPT_BYTES] if len(data) > limit else data, found, size))
        return
    record: Record = {"id": name, "text": found, "label": text.label}
    record |= {"split": text.split} if text.split is not None else {}
    raw = encode_json(record)
    if text.label is None:
        why = f"a text without a label: its folder is {clip(PurePosixPath(text.name).parent.name, 40)!r}"
        bad = rows.finding(own, "SFT112", why, 1, 0)
        batch.rejects.append(Reject(name, 1, 0, len(raw), raw, own.format, "filtered", (bad,)))
        return
    if data.startswith(rows.BOM):
        message = "a byte order mark at the start of the file; it is not part of the text"
        batch.notes.append(rows.finding(own, "SFT007", message, 1, 0))
    batch.take(record, 1, 0, raw)
    batch.files.append(name)


def _decoded(own: Source, data: bytes, limit: int) -> str | Diagnostic:
    """Return the text of a file without the line end that ends it, or why it is none."""
    if len(data) > limit:
        return rows.finding(own, "SFT009", f"a file over the limit of {limit:,} bytes (--max-line-bytes)", 1, 0)
    mark, encoding = next(((len(m), e) for m, e in rows.MARKS if data.startswith(m)), (0, own.encoding))
    try:
        text = data[mark:].decode(encoding)
    except UnicodeError as error:
        at = mark + getattr(error, "start", 0)
        return rows.undecodable(own, data, at, 1 + data.count(b"\n", 0, at), 0)
    if "\0" in text:
        return rows.finding(own, "SFT008", "a NUL byte", 1, data.index(0))
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\r\n") else text.removesuffix("\n")


# ---------------------------------------------------------------------------------------------------- writing


def held(_: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that class folders have a place for."""
    return ("text", "label", "split")


def keeps(batches: Batches) -> tuple[str, ...]:
    """Return what the names of files hold: the ids of rows that were such files."""
    return ("id",) if isinstance(_names(batches), list) else ()


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Make the folder `path` and write each text to `SPLIT/LABEL/NAME.txt` in it; return how many.

    Rows that were such files keep their names, if all have one of their own; else a file is named by its number.

    Raises:
        UsageError: a record is no text with one label, or its label cannot be the name of a folder.
    """
    names = _names(batches)
    path.mkdir()
    made: set[Path] = set()
    count = 0
    for batch in batches():
        for record in batch:
            folder = path.joinpath(*_folders(record))
            if folder not in made:
                _make(folder, made)
            text = record["text"] + ("\r\n" if record["text"].endswith("\r") else "\n")
            with open(
                folder / (names[count] if isinstance(names, list) else f"{count + 1:0{names}}.txt"), "xb"
            ) as file:
                file.write(text.encode())
            count += 1
    if len({folder.relative_to(path).parts[1:] for folder in made}) < 2:
        raise UsageError("class folders are two or more, and these rows have one label: write .jsonl")
    return count


def _make(folder: Path, made: set[Path]) -> None:
    twin = next((each for each in made if str(each).casefold() == str(folder).casefold()), None)
    if twin is not None and folder.exists():
        raise UsageError(f"the labels {twin.name!r} and {folder.name!r} are one folder here: write .jsonl")
    folder.mkdir(parents=True, exist_ok=True)
    made.add(folder)


def _names(batches: Batches) -> list[str] | int:
    """Return the name of the file of each record, or how many digits their numbers have."""
    names: list[str] = []
    taken: set[tuple[Folders, str]] = set()
    for batch in batches():
        for record in batch:
            name = str(record.get("id") or "").rpartition("/")[2]
            taken.add((_folders(record), name.casefold()))
            names.append(name if name.endswith(".txt") and _fits(name) else "")
    whole = all(names) and len(taken) == len(names)
    return names if whole else len(str(len(names)))


def _folders(record: Record) -> Folders:
    """Return the folders of a record: its split, then those of its label.

    Raises:
        UsageError: it is no text with one label, or the label cannot be written.
    """
    text, label = record.get("text"), record.get("label")
    if not isinstance(text, str) or isinstance(label, list | dict):
        raise UsageError("class folders hold texts with one label: say --to class-folders, or write another format")
    at = f"(first at id {clip(str(record.get('id')), 60)!r})"
    if label is None:
        raise UsageError(f"class folders cannot hold a row without a label {at}: leave these rows out")
    if "\0" in text or text.startswith("\ufeff"):
        raise UsageError(f"a text with a NUL, or a byte order mark at its start, cannot stand in a file {at}")
    said = label if isinstance(label, str) else encode_json(label).decode()
    folders = tuple(said.split("/"))
    if not all(map(_fits, folders)) or unlabelled(folders):
        raise UsageError(f"the label {clip(said, 60)!r} cannot be the name of a folder {at}: rename it in the data")
    return (SPLIT_NAMES[record["split"]] if record.get("split") else "train", *folders)


def _fits(name: str) -> bool:
    """Whether a folder or file may have this name and is read again: not hidden, not empty, not too long."""
    return 0 < len(name.encode()) <= _LONGEST and not name.startswith(".") and not set(name) & {"\0", "/", "\\"}
