"""How records of a layout that restructures become the learned fields of a row, and back.

A module of a layout either has the four names of `sftformat.layouts` as they are, or `reader(binding, labels)`, which
gives them for one input, where they depend on what was found in it (which columns are labels). What such a reader
would not write again as it stood is kept verbatim in `meta`, as with the layouts that only rename: `read` and `write`
see to that, so that `to_canonical` and `from_canonical` need not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftformat.errors import UsageError
from sftformat.formats.csvrow import cell
from sftformat.layouts.cells import read_some
from sftformat.layouts.layout import MISSING, Binding, Layout, Pointer, Rule, get, module_of, parse, render
from sftformat.layouts.restructure import from_row, to_rows
from sftformat.record import JSON_TYPES, Record, encode_json
from sftformat.schema.explain import Violation

#: What begins the name of a field that is one label of a list of labels: `target/toxic` stands at `/toxic`.
LABEL = "target/"
Types = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Reader:
    """The two ways of one layout, for one input.

    keys           top-level keys that are read; every other one goes to meta
    beside         keys that say something of these, and go to meta all the same
    to_canonical, from_canonical, source_pointer   as in `sftformat.layouts`; what is read fits the schema
    fault          what is wrong with a record beyond what a schema can say, or None
    refusal        why a canonical row cannot be written, or None
    foreign        what else a record needs that was not read in this layout
    cells          keys that stand as JSON text in CSV and TSV
    flat           a record has no objects and lists, so that CSV and TSV hold it
    plain          the layout of a module without `reader`, which `restructure` reads and writes
    """

    keys: tuple[str, ...]
    to_canonical: Callable[[Record], Record]
    from_canonical: Callable[[Mapping[str, Any], Types], Record]
    source_pointer: Callable[[Pointer, Mapping[str, Any]], Pointer]
    fault: Callable[[Record], Violation | None] | None = None
    refusal: Callable[[Mapping[str, Any]], str | None] | None = None
    foreign: Callable[[Mapping[str, Any]], Record] | None = None
    cells: tuple[str, ...] = ()
    flat: bool = False
    beside: tuple[str, ...] = ()
    plain: Layout | None = None


def reader_of(binding: Binding, labels: Sequence[str] = ()) -> Reader:
    """Return the reader of a layout that restructures; `labels` are those of all rows that are to be written."""
    module = module_of(binding.layout)
    if hasattr(module, "reader"):
        made: Reader = module.reader(binding, labels)
        return made
    return Reader(
        module.KEYS,
        module.to_canonical,
        module.from_canonical,
        module.source_pointer,
        cells=module.KEYS[:1],
        plain=binding.layout,
    )


def label_places(binding: Binding) -> dict[str, Pointer]:
    """Return where each label of an input stands that has a place for each."""
    return {key.removeprefix(LABEL): at for key, at in binding.at.items() if key.startswith(LABEL)}


def read(records: Sequence[Record], reader: Reader, textual: bool) -> tuple[list[Record], list[Record]]:
    """Return the learned fields of records that fit, and of each what goes to `meta` and to the shared fields."""
    shown = [read_some(record, reader.cells) for record in records] if textual else records
    if reader.plain is not None:
        rows, kept = to_rows(shown, reader.plain)
        rests = [
            {**{key: value for key, value in record.items() if key not in reader.keys or value is None}, **own}
            for record, own in zip(records, kept, strict=True)
        ]
        return rows, rests
    rows, rests = [reader.to_canonical(record) for record in shown], []
    for record, row in zip(records, rows, strict=True):
        made = reader.from_canonical(row, _types(record, reader))
        rests.append(
            {
                key: value
                for key, value in record.items()
                if key not in reader.keys or not _same(value, made.get(key, MISSING), textual)
            }
        )
    return rows, rests


def _types(record: Record, reader: Reader) -> Types:
    """Return the types of one record in the form of `manifest.columns`, objects looked into."""
    found: dict[str, dict[str, int]] = {}
    for key in reader.keys:
        value = record.get(key)
        found[key] = {JSON_TYPES[type(value)]: 1}
        if isinstance(value, dict):
            found |= {render((key, inner)): {JSON_TYPES[type(item)]: 1} for inner, item in value.items()}
    return found


def _same(value: Any, made: Any, textual: bool) -> bool:
    if textual:
        return bool(value == ("" if made is MISSING else cell(made)))
    return made is not MISSING and encode_json(value) == encode_json(made)


def write(row: Mapping[str, Any], rest: Record, reader: Reader, types: Types, native: bool) -> Record:
    """Return the record of a canonical row, and take out of `rest`, the rest of the record, what it stands for.

    `native` says that the row was read in this layout: what was kept of it is used as long as it means the row still.

    Raises:
        UsageError: the layout cannot hold the row.
    """
    why = reader.refusal(row) if reader.refusal is not None else None
    if why:
        raise UsageError(why)
    if reader.plain is not None:
        return from_row(row, reader.plain, types, rest if native else {})
    made = reader.from_canonical(row, types)
    if not native:
        return {**made, **(reader.foreign(row) if reader.foreign is not None else {})}
    kept = {key: rest.pop(key) for key in reader.keys if key in rest}
    as_it_was = {**made, **kept}
    return as_it_was if kept and _means({**rest, **as_it_was}, row, reader) else made


def _means(record: Record, row: Mapping[str, Any], reader: Reader) -> bool:
    """Whether a record says what the row says."""
    try:
        said = reader.to_canonical(read_some(record, reader.cells))
    except (KeyError, TypeError, ValueError, IndexError):
        return False
    return all(row.get(key) == value for key, value in said.items())


def places_of(binding: Binding, records: Sequence[Record]) -> Mapping[str, Pointer]:
    """Return the places that only the records show, by field.

    Raises:
        UsageError: they do not show them.
    """
    module = module_of(binding.layout)
    found: Mapping[str, Pointer] = module.places(binding, records) if hasattr(module, "places") else {}
    return found


def text_of(binding: Binding, record: Record) -> Any:
    """Return the text of a record where the binding has it."""
    return get(record, binding.at["input"])


def source_pointer(path: str, binding: Binding, row: Callable[[], Mapping[str, Any]]) -> str:
    """Return where in its record the value stands to which a JSON Pointer into a canonical row leads.

    `row` gives that row; it is asked for only where the layout restructures. A field that the record has not keeps its
    canonical name, as do the rows of an input that was canonical already.
    """
    found, pointer = binding.layout, parse(path)
    if found.module is not None and pointer[0] in ("input", "target"):
        return render(reader_of(binding).source_pointer(pointer, row()))
    at = binding.at.get(pointer[0])
    if at is None:
        return path
    rule = found.fields.get(pointer[0], Rule())
    return render(at if rule.split is not None else (*at, *pointer[1:]))
