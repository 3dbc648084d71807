"""Findings about files and columns as a whole, from what the units counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sftformat.dataset.names import name_findings
from sftformat.dataset.options import DatasetOptions, Detected
from sftformat.dataset.standing import UnitResult
from sftformat.diagnostics import Diagnostic, Severity, clip, diagnostic
from sftformat.layouts.cells import TEXTUAL
from sftformat.layouts.layout import Binding, render
from sftformat.layouts.reader import source_pointer
from sftformat.normalize import ColumnTypes
from sftformat.plan import Plan
from sftformat.schema.keywords import Ignored
from sftformat.schema.usable import ignored

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
        for name, counts in _types(results, number).items():
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


def split_findings(results: Sequence[UnitResult], plan: Plan) -> Iterator[Diagnostic]:
    """Yield the columns that the inputs of one split have and those of another have not (SFT106)."""
    columns: dict[str, set[str]] = {}
    for number, each in enumerate(plan.inputs):
        if not each.canonical:
            found = {name for name in _types(results, number) if not name.endswith("/*") and name[:1] != "/"}
            if found:
                columns.setdefault(each.split or "train", set()).update(found)
    everywhere = set().union(*columns.values()) if columns else set()
    for name in sorted(everywhere):
        missing = [split for split, found in columns.items() if name not in found]
        if missing:
            present = [split for split in columns if split not in missing]
            yield diagnostic(
                "SFT106",
                f"column {clip(name)!r} is in {' and '.join(present)} and not in {' and '.join(missing)}",
                split=missing[0],
                path=f"/{name}",
            )
