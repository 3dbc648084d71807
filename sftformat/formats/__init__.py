"""File formats: what a file is (`sniff`), its bytes (`scan`), its records (`read`), and writing them (`write`).

The table `FORMATS` is all there is: a format is a module here and a row in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from sftformat.errors import UsageError
from sftformat.formats import (
    arrow,
    articles,
    class_folders,
    conll,
    conllu,
    csv,
    heads,
    intents,
    joined,
    json,
    json_lists,
    jsonl,
    linked,
    linking,
    mo,
    parallel,
    parquet,
    po,
    rasa,
    rasa_json,
    rasa_md,
    rejects,
    text,
    tmx,
    vertex,
    xlsx,
    yaml,
)
from sftformat.formats.cuts import scan, scanning, spread
from sftformat.formats.excerpts import excerpt
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.sniffing import sniffed
from sftformat.formats.source import Join, Range, ReadOptions, Scan, Source, Text, by_name, written_as
from sftformat.record import Batch

__all__ = [
    "FORMATS",
    "Format",
    "Range",
    "ReadOptions",
    "Scan",
    "Source",
    "by_name",
    "excerpt",
    "read",
    "scan",
    "scanning",
    "sniff",
    "spread",
    "write",
    "written_as",
]


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is read and written; `held` are the columns that it has a place for, None = all.

    `keeps` are more columns that it has a place for with these records. `folder` says that what is written is a folder.
    """

    read: Callable[[Source, ReadOptions], Iterator[Batch]]
    write: Callable[[Path, str | None, Batches, Columns], int]
    held: Callable[[Sequence[str]], Collection[str]] | None = None
    keeps: Callable[[Batches], Collection[str]] | None = None
    folder: bool = False


FORMATS = {
    "csv": Format(csv.read, csv.write),
    "tsv": Format(csv.read, partial(csv.write, delimiter="\t")),
    "json": Format(json.read, json.write),
    "jsonl": Format(jsonl.read, jsonl.write),
    "parquet": Format(parquet.read, parquet.write),
    "arrow": Format(arrow.read, arrow.write),
    "text": Format(text.read, text.write, text.held),
    "conll": Format(conll.read, conll.write, conll.held),
    "conllu": Format(conllu.read, conllu.write, conllu.held),
    "parallel": Format(parallel.read, parallel.write, parallel.held, folder=True),
    "po": Format(po.read, po.write, po.held),
    "mo": Format(mo.read, mo.write, mo.held),
    "tmx": Format(tmx.read, tmx.write, tmx.held),
    "class-folders": Format(
        class_folders.read, class_folders.write, class_folders.held, class_folders.keeps, folder=True
    ),
    "yaml": Format(yaml.read, yaml.write),
    "rasa": Format(rasa.read, rasa.write, rasa.held),
    "rasa-md": Format(rasa_md.read, rasa_md.write, rasa_md.held),
    "rasa-json": Format(rasa_json.read, rasa_json.write),
    json_lists.FORMAT: Format(json_lists.read, json.write),
    "vertex": Format(vertex.read, vertex.write, vertex.held),
    "xlsx": Format(xlsx.read, xlsx.write),
}


#: What makes records of the rows of another format: conversations of turns, texts of intents, questions of articles.
#: See `Source.rows`.
_OF_ROWS: dict[str, Callable[[Source, Iterator[Batch]], Iterator[Batch]]] = {
    linking.FORMAT: linked.read,
    intents.FORMAT: intents.read,
    articles.FORMAT: articles.read,
}


def sniff(
    path: Path, name: str, options: ReadOptions, beside: Path | None = None, texts: Sequence[Text] = ()
) -> Source:
    """Return what the file at `path` is and how it is to be read, as `sniffing.sniffed` does.

    Rows that name the rows before them are the turns of conversations, unless `options.linked` says that they are not.
    Intents stand for their texts, articles for their questions.

    Raises:
        InputError, UsageError: as `sniffing.sniffed`.
    """
    source = sniffed(path, name, options, beside, texts)
    held = heads.holds(source, (linking.PARENT, intents.TEXTS, articles.PARAGRAPHS))
    linkable = options.linked or (options.linked is None and linking.PARENT in held)
    if not (linkable or held & {intents.TEXTS, articles.PARAGRAPHS}):
        return source
    records = heads.first(source, options, read)
    if linkable and linking.are_turns(records, options.linked):
        return replace(source, format=linking.FORMAT, header=None, delimiter=None, quoting=True, rows=source)
    if articles.are_articles(records):
        return replace(source, format=articles.FORMAT, rows=source)
    return replace(source, format=intents.FORMAT, rows=source) if intents.are_intents(records) else source


def read(source: Source, options: ReadOptions | None = None) -> Iterator[Batch]:
    """Yield the records of a source in batches of about 1 MiB and at most 4,096 records, with all that is wrong.

    A row that is no record is a `Reject` of its batch, and reading goes on after it. With `options.join` so is one that
    has no partner there.

    Raises:
        InputError: the file as a whole cannot be read; batches that came before are not to be used then.
    """
    options = options or ReadOptions()
    if source.rows is not None:
        return _OF_ROWS[source.format](source, read(source.rows, options))
    reader = rejects.read if source.origin is not None else FORMATS[source.format].read
    batches = reader(source, options)
    if options.join is None:
        return batches
    known = partners(options.join)
    return (joined.joined(batch, known) for batch in batches)


@lru_cache(maxsize=4)
def partners(join: Join) -> joined.Partners:
    """Return the rows of a file that is joined; it is read once in a process.

    Raises:
        UsageError, InputError: it cannot be read as a whole, or has not the key.
    """
    return joined.partners(join, read(sniffed(join.path, join.name, ReadOptions())))


def write(
    path: Path,
    format: str,  # noqa: A002 - the word for it everywhere
    compression: str | None,
    batches: Batches,
    columns: Columns,
) -> int:
    """Write records to `path` in a format, compressed as gzip, zstd or not; return how many.

    `batches` may be called twice and must give the same records both times, unless `columns` says already what
    `shape.see` found in them. The same records give the same bytes. The
    file is neither synced nor renamed.

    Raises:
        UsageError: an unknown format or compression.
        OSError: the file cannot be written.
    """
    if format not in FORMATS or compression not in (None, "gzip", "zstd"):
        raise UsageError(f"cannot write {format!r} with compression {compression!r}")
    return FORMATS[format].write(path, compression, batches, columns)
