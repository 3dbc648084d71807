"""Findings about files and columns as a whole, from what the units counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sftformat.dataset.names import name_findings
from sftformat.dataset.options import DatasetOptions, Detected
from sftformat.dataset.standing import UnitResult
from sftformat.diagnostics import Diagnostic, Severity, clip, diagnostic
from sftformat.errors import InputError, SftformatError
from sftformat.ids import NOT_LEARNED
from sftformat.layouts.cells import TEXTUAL
from sftformat.layouts.layout import Binding, Layout, Pointer, Rule, render
from sftformat.layouts.reader import LABEL, reader_of, source_pointer
from sftformat.normalize import ColumnTypes
from sftformat.plan import Plan
from sftformat.schema.keywords import Ignored
from sftformat.schema.usable import ignored

#: A name of so many letters may be another one, misspelt.
LONG_ENOUGH = 5
#: Keywords by which a schema says of other keys what it says elsewhere, or that it lets them pass.
_MORE_KEYS = {
    *("$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "dependencies"),
    *("extends", "patternProperties", "propertyNames", "additionalProperties", "unevaluatedProperties"),
}
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "divisibleBy")
_KIND = {"integer": "number", "number": "number"}


def schema_findings(options: DatasetOptions) -> Iterator[Diagnostic]:
    """Yield what the user's schema says that nothing comes of (SFT108), by keyword with its first place."""
    if options.schema is None:
        return
    places: dict[str, list[Ignored]] = {}
    for each in ignored(options.schema, options.schema_name):
        places.setdefault(each.message, []).append(each)
    for message, found in places.items():
        more = f" (in {len(found)} places)" if len(found) > 1 else ""
        message = f"at {clip(found[0].pointer)}: {message}{more}"
        yield diagnostic("SFT108", message, file=options.schema_name, path=found[0].pointer)


def cell_findings(options: DatasetOptions, detected: Sequence[Detected]) -> Iterator[Diagnostic]:
    """Yield the limits of numbers that the user's schema sets for cells that stay texts (SFT108)."""
    compiled = [each.binding.compiled for each in detected if each.source.format in TEXTUAL]
    read = [each.json_columns() for each in compiled if each is not None]
    properties = (options.schema or {}).get("properties", {}) if read else {}
    for name, node in properties.items() if isinstance(properties, Mapping) else ():
        limits = [keyword for keyword in _LIMITS if isinstance(node, Mapping) and keyword in node]
        if limits and any(name not in columns for columns in read):
            pointer = render(("properties", name, limits[0]))
            message = f'at {clip(pointer)}: cells are text, and {limits[0]} is about numbers; add "type": "number"'
            yield diagnostic("SFT108", message, file=options.schema_name, path=pointer)


def in_records(found: Iterable[Diagnostic], detected: Sequence[Detected]) -> Iterator[Diagnostic]:
    """Yield findings of set rules with paths that lead into the records of their file, as those of row rules do."""
    bindings: dict[str, list[tuple[int, Binding]]] = {}
    for one in detected:
        bindings.setdefault(one.source.name, []).append((one.source.first_line, one.binding))
    for each in found:
        # A file of rejects is read in several ways, each from a line on.
        binding = next((own for first, own in reversed(bindings.get(each.file, ())) if first <= (each.line or 1)), None)
        path = source_pointer(each.path, binding, dict) if binding is not None and each.path else each.path
        yield replace(each, path=path)


def file_findings(results: Sequence[UnitResult], plan: Plan) -> Iterator[Diagnostic]:
    """Yield the count of blank lines of each input (SFT011)."""
    for number, each in enumerate(plan.inputs):
        blank = sum(result.blank_lines for result in results if result.unit.input == number)
        if blank:
            yield diagnostic("SFT011", f"{blank} blank {'line' if blank == 1 else 'lines'}", file=each.name)


def named_findings(results: Sequence[UnitResult], plan: Plan) -> Iterator[Diagnostic]:
    """Yield where ids and names of labels disagree (SFT113)."""
    return name_findings([(plan.inputs[each.unit.input].name, each.names) for each in results if each.names])


def type_findings(results: Sequence[UnitResult], detected: Sequence[Detected]) -> Iterator[Diagnostic]:
    """Yield the columns that hold several JSON types (SFT105), in one input or between inputs; an error where mapped.

    The place is the first record that holds the rarest of them. CSV and TSV have no types: they agree with everything.
    """
    mapped = [_mapped(each) for each in detected]
    held: dict[str, dict[int, Counter[str]]] = {}
    for number, each in enumerate(detected):
        own = reader_of(each.binding).mixed if each.binding.layout.module else ()
        for name, counts in _types(results, number).items():
            if name in own:
                continue
            kinds: Counter[str] = Counter()
            for kind, count in counts.items():
                if kind != "null":
                    kinds[_KIND.get(kind, kind)] += count
            if len(kinds) > 1:
                said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
                line = _first_line(results, number, name, min(sorted(kinds), key=kinds.__getitem__))
                yield _mixed(name, said, said, each.source.name, line, mapped[number])
            elif kinds and each.source.format not in TEXTUAL:
                held.setdefault(name, {})[number] = kinds
    for name, inputs in held.items():
        first = {kind: number for number, kinds in reversed(inputs.items()) for kind in kinds}
        if len(first) > 1:
            places = sorted((number, kind) for kind, number in first.items())
            said = " and ".join(f"{kind} in {detected[number].source.name}" for number, kind in places)
            of = frozenset().union(*(mapped[number] for number in inputs))
            number, kind = places[-1]
            line = _first_line(results, number, name, kind)
            yield _mixed(name, said, ", ".join(sorted(first)), detected[number].source.name, line, of)


def _mapped(each: Detected) -> frozenset[str]:
    return frozenset(name for pointer in each.binding.at.values() for name in (pointer[0], render(pointer)))


def _mixed(name: str, said: str, got: str, file: str, line: int | None, mapped: frozenset[str]) -> Diagnostic:
    column = name.removesuffix("/*")
    severity = Severity.ERROR if column in mapped else Severity.WARNING
    path = column if column[:1] == "/" else f"/{column}"
    message = f"column {clip(name)!r} holds {said}"
    return diagnostic("SFT105", message, file=file, line=line, path=path, got=got, severity=severity)


def _first_line(results: Sequence[UnitResult], number: int, name: str, kind: str) -> int | None:
    """Return the line of the first record of an input whose column holds a type."""
    of_input = [result.type_lines.get(name, {}) for result in results if result.unit.input == number]
    return min(
        (line for held in of_input for each, line in held.items() if _KIND.get(each, each) == kind), default=None
    )


def _types(results: Sequence[UnitResult], number: int) -> ColumnTypes:
    merged: ColumnTypes = {}
    for result in results:
        if result.unit.input == number:
            for name, counts in result.types.items():
                merged.setdefault(name, Counter()).update(counts)
    return merged


def _columns(results: Sequence[UnitResult], number: int) -> dict[str, int]:
    """Return the top-level columns of an input, each with the number of records that have it."""
    found = {name: sum(counts.values()) for name, counts in _types(results, number).items()}
    return {name: rows for name, rows in found.items() if not name.endswith("/*") and name[:1] != "/"}


def split_findings(results: Sequence[UnitResult], plan: Plan, detected: Sequence[Detected]) -> Iterator[Diagnostic]:
    """Yield the columns that the inputs of one split have and those of another have not (SFT106).

    A field is one column, whatever its name. A target that validation or test lacks is none: they may be unlabelled.
    """
    columns: dict[str, dict[str, str]] = {}
    for number, each in enumerate(plan.inputs):
        if not each.canonical:
            fields = _fields(detected[number].binding)
            found = {fields.get(name, f"/{name}"): name for name in _columns(results, number)}
            if found:
                columns.setdefault(each.split or "train", {}).update(found)
    everywhere = {key: name for found in columns.values() for key, name in found.items()}
    labelled = {split for split, found in columns.items() if split == "train" or any(map(_is_target, found))}
    for key, name in sorted(everywhere.items(), key=lambda each: each[1]):
        wanted = labelled if _is_target(key) else columns
        missing = [split for split, found in columns.items() if key not in found and split in wanted]
        if missing:
            present = [split for split in columns if split not in missing]
            yield diagnostic(
                "SFT106",
                f"column {clip(name)!r} is in {' and '.join(present)} and not in {' and '.join(missing)}",
                split=missing[0],
                path=render((name,)),
            )


def _is_target(key: str) -> bool:
    return key == "target" or key.startswith(LABEL)


def _fields(binding: Binding) -> dict[str, str]:
    """Return the field of each column; a layout that restructures has it inside, or under one of many names."""
    whole = binding.layout.module is not None
    names = reader_of(binding).one_of if whole else ()
    held = {pointer[0] for pointer in binding.layout.fields.get("target", Rule()).at}
    target = dict.fromkeys(names, "target") if held & set(names) else {}
    at = binding.at.items()
    return target | {to[0]: key for key, to in at if len(to) == 1 or (whole and not key.startswith(LABEL))}


def unexpected_findings(results: Sequence[UnitResult], detected: Sequence[Detected]) -> Iterator[Diagnostic]:
    """Yield the columns that the schema does not know (SFT103), each with the first record that has it.

    Those are the columns that a user's schema does not name, unless it says what it thinks of other keys; and with a
    built-in layout those whose name is nearly that of a field that the same records cannot have.
    """
    for number, each in enumerate(detected):
        columns = _columns(results, number)
        for name, meant in _unexpected(each.binding, columns).items():
            rows = columns[name]
            message = (
                f"column {clip(name)!r} is not in the schema; {rows:,} record{' has' if rows == 1 else 's have'} it"
            )
            lines = [result.type_lines.get(name, {}).values() for result in results if result.unit.input == number]
            line = min((line for held in lines for line in held), default=None)
            found = diagnostic("SFT103", message, file=each.source.name, line=line, path=render((name,)))
            yield replace(found, hint=f"did you mean {clip(meant)!r}?") if meant else found


def _unexpected(binding: Binding, columns: Mapping[str, int]) -> dict[str, str]:
    """Return the columns (with their rows) that are not expected, each with the name that may be meant, or ""."""
    own, layout = binding.layout.own, binding.layout
    used = {pointer[0] for pointer in binding.at.values()} | set(reader_of(binding).keys if layout.module else ())
    if own is not None and "properties" in own:
        expected = _named_in(own) | used
        unknown = [] if _MORE_KEYS & own.keys() else [name for name in columns if name not in expected]
        return {name: _meant(name, list(own["properties"]), columns) for name in unknown}
    found = {name: _other_name(name, binding, columns) for name in columns if name not in used}
    names = [pointer[0] for key in _learned(layout) for pointer in _places(key, binding)]
    known = {pointer[0] for rule in layout.fields.values() for pointer in rule.at} | used
    found |= {name: _meant(name, names, columns) for name in columns if name not in known}
    return {name: meant for name, meant in found.items() if meant}


def _named_in(schema: Mapping[str, Any]) -> set[str]:
    """Return the keys that a schema names."""
    needed = schema.get("dependentRequired", {})
    lists = [schema.get("required", ()), *needed.values()]
    return {*schema["properties"], *needed, *(name for each in lists for name in each)}


def _learned(layout: Layout) -> list[str]:
    """The fields of a layout that say what is learned; near names of others (`weight_kg`) are ordinary columns."""
    return [key for key in layout.fields if key not in NOT_LEARNED]


def _places(key: str, binding: Binding) -> Sequence[Pointer]:
    return (binding.at[key],) if key in binding.at else binding.layout.fields[key].at


def _other_name(name: str, binding: Binding, columns: Mapping[str, int]) -> str:
    """Return what stands in other records for the field that this column also names; "" where none or both have it."""
    for key in _learned(binding.layout):
        at = binding.at.get(key)
        if at is not None and (name,) in binding.layout.fields[key].at and not _together(name, at[0], columns):
            return at[0]
    return ""


def _together(name: str, other: str, columns: Mapping[str, int]) -> bool:
    """Whether some record must have both columns."""
    return columns.get(other, 0) + columns[name] > max(columns.values())


def _meant(name: str, names: Sequence[str], columns: Mapping[str, int]) -> str:
    """Return which of some names is nearly this one (but for case, blanks and joints, or one letter), else "".

    No record may have both.
    """
    bare = {_bare(other): other for other in reversed(names) if not _together(name, other, columns)}
    if _bare(name) in bare:
        return bare[_bare(name)]
    return next((other for key, other in bare.items() if len(name) >= LONG_ENOUGH and _one_slip(key, _bare(name))), "")


def _one_slip(one: str, other: str) -> bool:
    """Whether two names differ by one letter that is missing or another one, or by two neighbours exchanged."""
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, others = one[same:], other[same:]
    exchanged = len(rest) > 1 and rest[:2] == others[1::-1] and rest[2:] == others[2:]
    return same > 0 and (exchanged or others[1:] in (rest, rest[1:]) or others == rest[1:])


def _bare(name: str) -> str:
    return name.casefold().translate(dict.fromkeys(map(ord, " _-"), None))


def error_findings(failed: Sequence[SftformatError]) -> Iterator[Diagnostic]:
    """Yield the findings that errors carry."""
    for error in failed:
        if isinstance(error, InputError) and error.diagnostic is not None:
            yield error.diagnostic
