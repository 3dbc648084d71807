"""File formats: what a file is (`sniff`), its bytes (`scan`), its records (`read`), and writing them (`write`).

The table `FORMATS` is all there is: a format is a module here and a row in it. A run needs few of them, so each is
imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftformat.errors import UsageError
from sftformat.formats import articles, heads, intents, linking
from sftformat.formats.cuts import scan, scanning, shorter, spread
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.sniffing import sniffed
from sftformat.formats.source import Join, Range, ReadOptions, Scan, Source, Text, by_name, written_as
from sftformat.record import Batch

if TYPE_CHECKING:
    from sftformat.formats.joined import Partners

__all__ = [
    "FORMATS",
    "Format",
    "Range",
    "ReadOptions",
    "Scan",
    "Source",
    "by_name",
    "read",
    "scan",
    "scanning",
    "shorter",
    "sniff",
    "spread",
    "write",
    "written_as",
]


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is read and written: by `read` and `write` of a `module` here.

    `told` is what its writer is told besides. `folder` says that what is written is a folder.
    """

    module: str
    told: Mapping[str, Any] = field(default_factory=dict)
    folder: bool = False

    def read(self, source: Source, options: ReadOptions) -> Iterator[Batch]:
        """Yield the records of a source, as `read` of this package."""
        found: Iterator[Batch] = self.own("read")(source, options)
        return found

    def write(self, path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:
        """Write records and return how many, as `write` of this package."""
        written: int = self.own("write")(path, compression, batches, columns, **self.told)
        return written

    @property
    def held(self) -> Callable[[Sequence[str]], Collection[str]] | None:
        """Return what tells the columns that it has a place for; None = all."""
        found: Callable[[Sequence[str]], Collection[str]] | None = self.own("held")
        return found

    @property
    def keeps(self) -> Callable[[Batches], Collection[str]] | None:
        """Return what tells more columns that it has a place for with some records, if anything does."""
        found: Callable[[Batches], Collection[str]] | None = self.own("keeps")
        return found

    def own(self, name: str) -> Any:
        """Return what its module has under a name, or None."""
        return getattr(import_module(f"{__name__}.{self.module}"), name, None)


FORMATS = {
    "csv": Format("csv"),
    "tsv": Format("csv", told={"delimiter": "\t"}),
    "json": Format("json"),
    "jsonl": Format("jsonl"),
    "parquet": Format("parquet"),
    "arrow": Format("arrow"),
    "text": Format("text"),
    "conll": Format("conll"),
    "conllu": Format("conllu"),
    "parallel": Format("parallel", folder=True),
    "po": Format("po"),
    "mo": Format("mo"),
    "tmx": Format("tmx"),
    "class-folders": Format("class_folders", folder=True),
    "yaml": Format("yaml"),
    "rasa": Format("rasa"),
    "rasa-md": Format("rasa_md"),
    "rasa-json": Format("rasa_json"),
    "json-lists": Format("json_lists"),
    "vertex": Format("vertex"),
    "xlsx": Format("xlsx"),
}


#: What makes records of the rows of another format: conversations of turns, texts of intents, questions of articles.
#: See `Source.rows`.
_OF_ROWS = {linking.FORMAT: "linked", intents.FORMAT: "intents", articles.FORMAT: "articles"}
#: Rejects of any format; what they are is told by their content.
_REJECTS = Format("rejects")


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
    """Yield the records of a source in batches of about a MiB and at most 16,384 records, with all that is wrong.

    A row that is no record is a `Reject` of its batch, and reading goes on after it. With `options.join` so is one that
    has no partner there.

    Raises:
        InputError: the file as a whole cannot be read; batches that came before are not to be used then.
    """
    options = options or ReadOptions()
    if source.rows is not None:
        return _of_rows(source, read(source.rows, options))
    known = FORMATS[source.format] if source.origin is None else _REJECTS
    batches = known.read(source, options)
    return batches if options.join is None else _joined(batches, options.join)


def _of_rows(source: Source, batches: Iterator[Batch]) -> Iterator[Batch]:
    found: Iterator[Batch] = Format(_OF_ROWS[source.format]).own("read")(source, batches)
    return found


def _joined(batches: Iterator[Batch], join: Join) -> Iterator[Batch]:
    from sftformat.formats.joined import joined

    known = partners(join)
    return (joined(batch, known) for batch in batches)


@lru_cache(maxsize=4)
def partners(join: Join) -> Partners:
    """Return the rows of a file that is joined; it is read once in a process.

    Raises:
        UsageError, InputError: it cannot be read as a whole, or has not the key.
    """
    from sftformat.formats import joined

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
