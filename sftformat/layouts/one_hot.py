"""One place for each label, 1 where it applies: columns beside the text (Jigsaw), or the object `cats` (spaCy).

For multilabel any number of them is 1; for classification exactly one. All null, all -1 or all empty is unlabelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.layouts.layout import MISSING, Binding, Fault, Pointer, get, put, render
from sftformat.layouts.reader import LABEL, Reader, Types, label_places
from sftformat.record import Number, Record

#: What a place holds that says nothing.
_NOTHING = (None, -1, "", MISSING)
#: Cells and values of a column that holds a label.
_CELLS = frozenset({"0", "1", "0.0", "1.0", "true", "false", "True", "False", "", "-1"})
#: Names of columns that are something else though 0 and 1 may stand in them.
_OTHER = frozenset(
    {
        *("label", "labels", "target", "class", "category", "sentiment", "intent", "score", "rating", "answer"),
        *("annotator", "annotator_id", "annotation_id", "rater", "rater_id", "worker_id", "user", "user_id", "fold"),
    }
)
#: Of these two forms of a column one is that of the labels: what is true or false beside 0 and 1 is something else.
_BOOLEANS = frozenset({"true", "false", "True", "False"})


def places(binding: Binding, records: Sequence[Record]) -> Mapping[str, Pointer]:
    """Return a place for each label: every column of 0 and 1, or every key of the object that holds them.

    Raises:
        UsageError: there is none.
    """
    holder = binding.at.get("target")
    if told := {key: pointer for key, pointer in binding.at.items() if key.startswith(LABEL)}:
        return told
    if holder is not None:
        inner = [value for record in records if isinstance(value := get(record, holder), dict)]
        return {LABEL + name: (*holder, name) for name in dict.fromkeys(name for each in inner for name in each)}
    taken = {pointer[0] for pointer in binding.at.values()} | _OTHER
    names = [name for name in (records[0] if records else ()) if name not in taken]
    held = {name: texts for name in names if (texts := _label_texts([record.get(name, MISSING) for record in records]))}
    if not held and records:
        raise UsageError(f"layout {binding.layout.name}: no column holds only 0 and 1")
    booleans = [name for name, texts in held.items() if texts & _BOOLEANS]
    numbers = [name for name in held if name not in booleans]
    return {LABEL + name: (name,) for name in (numbers if len(numbers) >= len(booleans) else booleans)}


def _label_texts(values: Sequence[Any]) -> frozenset[str]:
    """Return the texts of what a column of a label holds; none where it is no such column."""
    texts = frozenset(value if isinstance(value, str) else _text(value) for value in values)  # MISSING has one too
    return texts if texts <= _CELLS and texts - {"", "-1"} else frozenset()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.text if isinstance(value, Number) else str(value)


def _text_place(binding: Binding) -> Pointer:
    """Return where the text stands; where no record has one, where the layout has it."""
    return binding.at.get("input", binding.layout.fields["input"].at[0])


def reader(binding: Binding, labels: Sequence[str] = ()) -> Reader:
    """Return the reader for the labels that were found, and for those of the rows that are to be written.

    Raises:
        UsageError: a label has the name of another column.
    """
    known, text = label_places(binding), _text_place(binding)
    holder = binding.at.get("target", ())
    known |= {label: (*holder, label) for label in labels if label not in known}
    single = binding.layout.task == "classification"
    columns = {} if holder else known
    _refuse_clash(columns, binding)

    def values(record: Record) -> dict[str, Any]:
        inner = get(record, holder) if holder else MISSING
        if isinstance(inner, dict):
            return {label: _value(item) for label, item in inner.items()}
        return {label: _value(get(record, pointer)) for label, pointer in known.items()}

    def to_canonical(record: Record) -> Record:
        found = values(record)
        hot = sorted(label for label, value in found.items() if value == 1)  # as the columns come back, in any order
        labelled = any(value is not None for value in found.values())
        target = (hot[0] if single else hot) if labelled else None
        return {"input": get(record, text), "target": target}

    def from_canonical(row: Mapping[str, Any], types: Types) -> Record:
        record: Record = {}
        put(record, text, row["input"])
        target = row["target"]
        if not known and not (holder and target is None):
            raise UsageError(f"layout {binding.layout.name} has a place for each label, and no row has one")
        hot = set() if target is None else {target} if single else set(target)
        for label, pointer in known.items() if target is not None else ():
            kinds = types.get(pointer[0] if len(pointer) == 1 else render(pointer), {})
            put(record, pointer, _written(label in hot, "boolean" in kinds, bool(holder)))
        return record

    def foreign(row: Mapping[str, Any]) -> Record:
        return dict.fromkeys(columns) if row["target"] is None else {}

    def source_pointer(pointer: Pointer, row: Mapping[str, Any]) -> Pointer:
        if pointer[0] == "input":
            return text
        target = row.get("target")
        label = target if single else target[int(pointer[1])] if target and pointer[1:] else None
        return known.get(str(label), holder or text)

    def faults(record: Record) -> Iterator[Fault]:
        yield from _faults(values(record), known, holder, single)

    keys = tuple(dict.fromkeys(pointer[0] for pointer in (text, *known.values(), *[holder][: len(holder)])))
    cells = tuple(columns)
    return Reader(
        keys, to_canonical, from_canonical, source_pointer, faults, foreign=foreign, cells=cells, flat=not holder
    )


def _refuse_clash(columns: Mapping[str, Pointer], binding: Binding) -> None:
    others = {pointer[0] for key, pointer in binding.at.items() if not key.startswith(LABEL)}
    for label in columns:
        if label in others:
            raise UsageError(
                f"layout {binding.layout.name}: the label {clip(label)!r} has the name of another column: rename it"
            )


def _value(value: Any) -> float | None:
    return None if value in _NOTHING else float(value)


def _written(hot: bool, boolean: bool, nested: bool) -> Any:
    if boolean:
        return hot
    return Number("1.0" if hot else "0.0") if nested else int(hot)


def _faults(found: Mapping[str, Any], known: Mapping[str, Pointer], holder: Pointer, single: bool) -> Iterator[Fault]:
    given = [label for label, value in found.items() if value is not None]
    hot = [label for label, value in found.items() if value == 1]
    if single and given and len(hot) != 1:
        said = ", ".join(hot[:3]) if hot else "none"
        yield Fault("SFT101", holder, expected="exactly one label that is 1", got=clip(said, 80))
    absent = next((label for label in known if found.get(label) is None), None)
    if not single and given and absent is not None:
        yield Fault("SFT101", known[absent], expected="0 or 1, as for the other labels", got="nothing")
