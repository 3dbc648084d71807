"""How records of a layout that restructures become the learned fields of a row, and back.

A module of such a layout offers `reader(binding, labels)`, which gives the two ways for one input: they may depend on
what was found in it (which columns are labels); where they do not it is `fixed`. What the way back would not write
again as it stood is kept verbatim in `meta`, as with the layouts that only rename, and used as long as it means what
the row says: `read` and `write` see to that, so that no module need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sftformat.errors import UsageError
from sftformat.formats.csvrow import cell
from sftformat.layouts import LAYOUTS
from sftformat.layouts.cells import read_some
from sftformat.layouts.layout import (
    MISSING,
    Binding,
    Fault,
    Layout,
    Pointer,
    Rule,
    get,
    layout,
    module_of,
    parse,
    render,
)
from sftformat.record import JSON_TYPES, Record, canonical_json
from sftformat.schema.columns import json_columns

#: What begins the name of a field that is one label of a list of labels: `target/toxic` stands at `/toxic`.
LABEL = "target/"
Types = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Reader:
    """The two ways of one layout, for one input.

    keys           top-level keys that are read; every other one goes to meta
    to_canonical   a record that fits the schema and has no fault -> the learned fields, `input` and `target` among them
    from_canonical the way back, with the JSON types of the source columns; UsageError where the layout cannot hold it
    source_pointer where in the record the place of `input` or `target` stands to which a pointer into the row leads
    faults         what is wrong with a record beyond what a schema can say
    left_out       why a record is not to be used, as it says itself; empty where it is
    foreign        what else a record needs that was not read in this layout
    holds          other canonical fields that are written
    one_of         of these keys a record has some: where one is kept in meta all are
    exact          the way back writes every record again as it stood: nothing need be kept
    flat           a record has no objects, and lists only where CSV and TSV have JSON in the cell
    beside         keys that say something of those that are read, and go to meta all the same
    mixed          keys that hold several JSON types by their nature
    cells          keys that stand as JSON in the cells of CSV and TSV, besides those of which the schema says it
    apart          gives, for one output, what makes several records of one and of the name of the file it came from
    """

    keys: tuple[str, ...]
    to_canonical: Callable[[Record], Record]
    from_canonical: Callable[[Mapping[str, Any], Types], Record]
    source_pointer: Callable[[Pointer, Mapping[str, Any]], Pointer]
    faults: Callable[[Record], Iterable[Fault]] | None = None
    left_out: Callable[[Record], str] | None = None
    foreign: Callable[[Mapping[str, Any]], Record] | None = None
    holds: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    exact: bool = False
    flat: bool = False
    beside: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    apart: Callable[[], Callable[[Record, str], list[Record]]] | None = None


def fixed(made: Reader) -> Callable[[Binding, Sequence[str]], Reader]:
    """Return the `reader` of a module that reads every input alike."""
    return lambda _, __: made


def reader_of(binding: Binding, labels: Sequence[str] = ()) -> Reader:
    """Return the reader of a layout that restructures; `labels` are those of all rows that are to be written."""
    made: Reader = module_of(binding.layout).reader(binding, labels)
    return replace(made, cells=(*made.cells, *_cells(binding.layout)))


def _cells(found: Layout) -> Iterable[str]:
    return _known_cells(found.name) if found.name in LAYOUTS else json_columns(found.schema)


@cache
def _known_cells(name: str) -> frozenset[str]:
    return json_columns(layout(name).schema)


def label_places(binding: Binding) -> dict[str, Pointer]:
    """Return where each label of an input stands that has a place for each."""
    return {key.removeprefix(LABEL): at for key, at in binding.at.items() if key.startswith(LABEL)}


def seen(records: Sequence[Record], reader: Reader, textual: bool) -> Sequence[Record]:
    """Return records as a reader takes them: in CSV and TSV with the cells read that hold JSON."""
    return [_seen(record, reader) for record in records] if textual else records


def _seen(record: Record, reader: Reader) -> Record:
    return read_some(record, reader.cells, as_shown=False)


def read(records: Sequence[Record], reader: Reader, textual: bool) -> tuple[list[Record], list[Record]]:
    """Return the learned fields of records that fit, and of each what goes to `meta` and to the shared fields."""
    rows = [reader.to_canonical(record) for record in seen(records, reader, textual)]
    return rows, [_rest(record, row, reader, textual) for record, row in zip(records, rows, strict=True)]


def _rest(record: Record, row: Record, reader: Reader, textual: bool) -> Record:
    """Return the keys that are not read, and those that would not be written again as they stand."""
    keys = reader.keys
    if reader.exact:
        return {key: value for key, value in record.items() if key not in keys or value is None}
    try:
        made = reader.from_canonical(row, _types(record, reader))
    except UsageError:  # it can be read in this layout, and yet not written
        made = {}
    rest = {
        key: value
        for key, value in record.items()
        if key not in keys or not _same(value, made.get(key, MISSING), textual)
    }
    others = () if rest.keys().isdisjoint(reader.one_of) else reader.one_of
    return {**rest, **{key: record[key] for key in others if key in record}}


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
    return made is not MISSING and canonical_json(value) == canonical_json(made)


def write(row: Mapping[str, Any], rest: Record, reader: Reader, types: Types, native: bool) -> Record:
    """Return the record of a canonical row, and take out of `rest`, the rest of the record, what it stands for.

    `native` says that the row was read in this layout: what was kept of it is used as long as it means the row still.

    Raises:
        UsageError: the layout cannot hold the row.
    """
    kept = {key: rest.pop(key) for key in reader.keys if key in rest} if native else {}
    try:
        made = reader.from_canonical(row, types)
    except UsageError:
        if not kept or not _means({**rest, **kept}, row, reader):
            raise
        return kept
    if not native:
        return {**made, **(reader.foreign(row) if reader.foreign is not None else {})}
    others = () if kept.keys().isdisjoint(reader.one_of) else reader.one_of
    as_it_was = {**{key: value for key, value in made.items() if key not in others}, **kept}
    return as_it_was if kept and _means({**rest, **as_it_was}, row, reader) else made


def typed(record: Record, reader: Reader, columns: Iterable[str]) -> Record:
    """Return a record for a format that has types: what was kept of a cell is read, and keys stand as columns did."""
    read = read_some(record, reader.cells, as_shown=False)
    return {name: read[name] for name in [*columns, *read] if name in read}


def _means(record: Record, row: Mapping[str, Any], reader: Reader) -> bool:
    """Whether a record says what the row says."""
    try:
        said = reader.to_canonical(_seen(record, reader))
    except (KeyError, TypeError, ValueError, IndexError):
        return False
    return all(_bare(row.get(key)) == _bare(value) for key, value in said.items())


def _bare(value: Any) -> Any:
    """Return a value without the nulls that Arrow has for absent keys."""
    if isinstance(value, Mapping):
        return {key: _bare(item) for key, item in value.items() if item is not None}
    return [_bare(item) for item in value] if isinstance(value, list) else value


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
