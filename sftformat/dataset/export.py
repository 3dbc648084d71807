"""From canonical rows to a file of any format in any layout that can hold the task; what it cannot hold is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sftformat.dataset.hub import write_splits
from sftformat.dataset.mapped import CANONICAL, Own, binding_of, native, own_keys
from sftformat.dataset.options import Event, Finished
from sftformat.dataset.stored import labels_of, rows_of
from sftformat.dataset.talked import ASKED, conversation
from sftformat.dataset.written import FOLDERS, kind_of, refuse_existing
from sftformat.diagnostics import Diagnostic, clip, diagnostic
from sftformat.errors import UsageError
from sftformat.folder.files import write_file, write_folder
from sftformat.folder.manifest import open_folder
from sftformat.formats import FORMATS, write
from sftformat.formats.shape import Shape, blurred, see
from sftformat.ids import NOT_LEARNED, learned_id
from sftformat.layouts.bind import bound_schema
from sftformat.layouts.cells import TEXTUAL, read_cells
from sftformat.layouts.layout import CAPTURES, Binding, Pointer, layout, take, where_of
from sftformat.layouts.reader import Reader, reader_of, typed
from sftformat.layouts.reader import write as written_by
from sftformat.layouts.rename import from_rows, merge
from sftformat.record import SPLITS, Record, decode_json, encode_json
from sftformat.schema.arrow import arrow_schema
from sftformat.schema.decide import compile_schema, plain

_Types = Mapping[str, Mapping[str, int]]


def export(
    dataset: Path, out: Path, to: str | None, *, folder: str | None = None, overwrite: bool = False
) -> Iterator[Event]:
    """Write all rows of a data set folder, train first, to one file or a folder; see `written.kind_of`.

    `to` is a layout, `canonical`, or None for the one the data was read in. Yields a finding (SFT107) for every field
    that the layout has no place for, and for every column in which the format makes one value of several.

    Raises:
        UsageError: the file exists, its name says no format, or the layout is for another task.
        FolderError: the data set is damaged.
    """
    kind = kind_of(out, to, folder)
    refuse_existing(out, to, overwrite)
    manifest = open_folder(dataset, "dataset")
    splits = sorted(manifest["splits"], key=SPLITS.index)
    of_splits = {split: [dataset / name for name in manifest["splits"][split]["files"]] for split in splits}
    files = [file for held in of_splits.values() for file in held]
    exporter = Exporter(manifest, to, textual=kind[0] in TEXTUAL, labels=labels_of(files, manifest["task"]))
    exporter.many_splits = exporter.many_splits and kind[0] not in FOLDERS  # there each has a file of its own

    found, count = dict[str, Shape](), 0
    for records in exporter.written(files, check=True):
        see(found, records)
        count += len(records)
    lost, both = dict(exporter.lost), exporter.joined
    columns = {name: found[name] for name in exporter.in_source_order(list(found))}

    def fill(beside: Path) -> None:
        if kind[0] in FOLDERS:
            write_splits(kind[0], beside, exporter, of_splits, columns, manifest)
        else:
            write(beside, kind[0], kind[1], partial(exporter.written, files), columns)

    own = FORMATS.get(kind[0])
    (write_folder if own is None or own.folder else write_file)(out, fill)
    yield from _not_held(lost, f"layout {exporter.name}")
    if both:
        said = f"layout {exporter.name} has one place for the instruction and the input, a line feed between them"
        yield diagnostic("SFT107", f"{said}, in {both} row{'s' * (both != 1)}", path="/instruction")
    held = own.held if own is not None else None
    if held is not None:
        keeps = own.keeps if own is not None else None
        there = {*held(list(columns)), *(keeps(partial(exporter.written, files)) if keeps is not None else ())}
        left = {name: found[name].seen - found[name].nulls for name in columns.keys() - there}
        yield from _not_held({name: count for name, count in left.items() if count}, kind[0])
    if not kind[0].startswith(("json", "rasa")):
        for path, said in blurred(columns, count, exporter.textual):
            yield diagnostic("SFT107", f"{kind[0]} cannot hold all of {clip(path)!r}: {said}", path=path)
    yield Finished(manifest)


def _not_held(lost: Mapping[str, int], name: str) -> Iterator[Diagnostic]:
    for key, count in sorted(lost.items()):
        rows = f"{count} row{'s' * (count != 1)}"
        yield diagnostic("SFT107", f"{name} has no place for {key!r}, held by {rows}", path=f"/{key}")


class Exporter:
    """Turns canonical rows into records of one layout, counting what rows have and the layout cannot hold.

    Rows that were read in that layout get the field names they had; others its first names.
    """

    def __init__(self, manifest: Mapping[str, Any], to: str | None, textual: bool, labels: Sequence[str] = ()) -> None:
        self.task: str = manifest["task"]
        self.textual = textual
        self.types: _Types = {column["name"]: column["types"] for column in manifest["columns"]}
        self.many_splits = len(manifest["splits"]) > 1
        self.lost: Counter[str] = Counter()
        mapping: Sequence[Mapping[str, Any]] = manifest["mapping"]
        self.name = to or str(mapping[0]["layout"])
        self.sources = native(manifest, self.name)
        self.default = None if self.name == CANONICAL else self._default(mapping)
        self.joined = 0
        #: Text-to-text becomes a conversation where the layout holds those.
        self.talks = (self.task, self.default and self.default.layout.task) == ("text-to-text", "chat")
        if self.default is not None and self.default.layout.task != self.task and not self.talks:
            raise UsageError(f"layout {self.name} is for {self.default.layout.task}; the data is {self.task}")
        #: How rows are restructured, by the file they come from; None stands for every other file.
        ways = [*self.sources.items(), (None, self.default)]
        self.readers: dict[str | None, Reader] = {
            file: reader_of(binding, labels) for file, binding in ways if binding and binding.layout.module
        }
        self.own = own_keys(manifest) if self.default is not None else {}
        self.languages: tuple[str | None, str | None] | None = None
        self._refuse_nested()
        foreign = self.default is not None and not self.sources
        self.fits = self._compiled(self.default) if foreign and self.default is not None else None

    def _refuse_nested(self) -> None:
        pointers = self.default.at.values() if self.default is not None else ()
        nested = any(len(each) > 1 for each in pointers)
        if self.default is not None and self.default.layout.module:
            nested = not self.readers[None].flat
        if self.textual and nested:
            raise UsageError(f"layout {self.name} nests objects, which CSV and TSV cannot: write .jsonl or .json")

    def _compiled(self, binding: Binding) -> Binding:
        found = binding.layout
        used = {key: pointer for key, pointer in binding.at.items() if key not in NOT_LEARNED}
        schema = found.schema if self._names_languages else bound_schema(found, used)
        return Binding(found, used, {}, compile_schema(schema))

    def _default(self, mapping: Sequence[Mapping[str, Any]]) -> Binding:
        own = next((each for each in mapping if each["layout"] == self.name), None)
        if own is not None:
            return binding_of(own, self.task)
        found = layout(self.name)
        at: dict[str, Pointer] = {key: rule.at[0] for key, rule in found.fields.items() if rule.at}
        return Binding(found, at)

    @cached_property
    def _names_languages(self) -> bool:
        """Whether the languages of a row are the keys under which its texts stand, as they are for the whole file."""
        places = self.default.at.values() if self.default is not None and not self.sources else ()
        return any(token in CAPTURES for pointer in places for token in pointer)

    def _refuse_languages(self, row: Mapping[str, Any]) -> None:
        pair = (row.get("source_lang"), row.get("target_lang"))
        self.languages = self.languages or pair
        if self.languages != pair or "" in pair or (pair[0] is not None and pair[0] == pair[1]):
            said = " and ".join(f"{clip(one)} to {clip(other)}" for one, other in dict.fromkeys((self.languages, pair)))
            raise UsageError(f"layout {self.name} holds one pair of languages, and these are {said}: write them apart")

    def refuse_unfit(self, records: Sequence[Record], rows: Sequence[Mapping[str, Any]] = ()) -> None:
        """Check records against the schema of the layout, and for its faults: what we write in it must be of it.

        `rows` are those they were made of, for the place of the first that does not fit.

        Raises:
            UsageError: one does not fit, such as an instruction without input, or a tag of a token without a letter.
        """
        if self.default is None or self.fits is None:
            return
        shown = read_cells(records, self.fits) if self.textual else [plain(record) for record in records]
        assert self.fits.compiled is not None
        faults = self.readers[None].faults if None in self.readers else None
        for record, whole, row in zip_longest(shown, records, rows):
            said = ""
            if not self.fits.compiled.fits(record):
                first = self.fits.compiled.explain(record)[0]
                said = f"{first.path or 'a record'}: expected {first.expected}, got {first.got}"
            elif faults is not None:
                said = next((each.words for each in faults(whole) if each.costs_row), "")
            if said:
                where = f" (first at {where_of(row)})" if row else ""
                more = "choose another layout, or canonical"
                raise UsageError(f"layout {self.name} cannot hold every record{where}: {said}; {more}")

    @property
    def _apart(self) -> Callable[[], Callable[[Record, str], list[Record]]] | None:
        return self.readers[None].apart if None in self.readers else None

    def written(self, files: Sequence[Path], *, check: bool = False) -> Iterator[list[Record]]:
        """Yield the records of all rows as they are written: where a layout says so, several of one.

        Raises:
            UsageError: as `records`; with `check` as `refuse_unfit`, too.
        """
        self.lost.clear()
        self.joined = 0
        apart = self._apart() if self._apart is not None else None
        for rows in (rows for file in files for rows in rows_of(file)):
            records = self.records(rows)
            if check:
                self.refuse_unfit(records, rows)
            if apart is not None:
                places = [row["source"]["file"] for row in rows]
                records = [each for made, file in zip(records, places, strict=True) for each in apart(made, file)]
            yield records

    def records(self, rows: Sequence[dict[str, Any]]) -> list[Record]:
        """Return the records of rows, in order."""
        if self.default is None:
            return [{key: value for key, value in row.items() if value is not None} for row in rows]
        records: list[Record] = []
        for row in rows:
            if self._names_languages:
                self._refuse_languages(row)
            file = row["source"]["file"]
            known = self.sources.get(file)
            reader = self.readers.get(file if known else None)
            given = row if known else self._without_own(row, self.own.get(file))
            given = self._without_made(given, known or self.default)
            records.append(self._record(given, known or self.default, reader, known is not None))
        return records

    def _record(self, row: dict[str, Any], binding: Binding, reader: Reader | None, native: bool) -> Record:
        binding = self._with_split(self._languages(row, binding))
        given = conversation(row) if self.talks else row
        self.joined += self.talks and all(row.get(name) for name in ASKED)
        self._count_lost(given, binding, reader)
        if reader is None:
            return from_rows([given], binding, self.types, self.textual, native)[0]
        shared = {key: pointer for key, pointer in binding.at.items() if key in NOT_LEARNED}
        rest = from_rows([given], Binding(binding.layout, shared), self.types, self.textual, native)[0]
        made = written_by(given, rest, reader, self.types, native)
        merge(made, rest, row)
        return made if self.textual or not native else typed(made, reader, self.types)

    def _without_own(self, row: dict[str, Any], own: Own | None) -> dict[str, Any]:
        """Leave out of `meta` what only the layout knows that the row was read in; its columns are counted as lost."""
        if own is None or not row["meta"]:
            return row
        meta = decode_json(row["meta"])
        for key in own.columns & meta.keys():
            del meta[key]
            self.lost[key] += 1
        for pointer in own.originals:
            take(meta, pointer)
        return {**row, "meta": encode_json(meta).decode() if meta else None}

    def _languages(self, row: Mapping[str, Any], binding: Binding) -> Binding:
        """Put the languages of a row where the layout has `{src}` and `{tgt}`."""
        if not any(token in ("{src}", "{tgt}") for pointer in binding.at.values() for token in pointer):
            return binding
        words = {"{src}": row.get("source_lang") or "source", "{tgt}": row.get("target_lang") or "target"}
        at = {key: tuple(words.get(token, token) for token in pointer) for key, pointer in binding.at.items()}
        return Binding(binding.layout, at, {"source_lang": words["{src}"], "target_lang": words["{tgt}"]})

    def _with_split(self, binding: Binding) -> Binding:
        """Several splits in one file need a column that tells them apart."""
        if not self.many_splits or "split" in binding.at or "split" in self.types:
            return binding
        return Binding(binding.layout, {**binding.at, "split": ("split",)}, binding.captures)

    def _without_made(self, row: dict[str, Any], binding: Binding) -> dict[str, Any]:
        """Leave out what was not in the source: an id that is the hash of the row, a split that is the only one."""
        names = [name for name in arrow_schema(self.task).names if name not in NOT_LEARNED]
        made = dict(row)
        if row["id"] == learned_id(names, [row[name] for name in names]):
            made["id"] = None
        if not self.many_splits and binding.at.get("split", ("",))[0] not in self.types:
            made["split"] = None
        return made

    def _count_lost(self, row: Mapping[str, Any], binding: Binding, reader: Reader | None) -> None:
        held = {*(key.partition("/")[0] for key in binding.at), *binding.captures, "meta", "source"}
        held |= {"input", "target", *reader.holds} if reader is not None else set()
        for key, value in row.items():
            if value is not None and key not in held:
                self.lost[key] += 1

    def in_source_order(self, columns: Sequence[str]) -> list[str]:
        """Return column names in the order of the source, new ones after them."""
        known = [name for name in self.types if name in columns and not self._apart]
        return [*known, *(name for name in columns if name not in known)]
