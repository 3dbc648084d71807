"""What an input is, for a person: layout and candidates, columns, rows, labels, lengths, the first rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from sftformat.diagnostics import visible
from sftformat.formats.source import Source
from sftformat.inspect.build import Event
from sftformat.inspect.section import Column, First, Looked, Section, Unread
from sftformat.layouts.detect import confidence
from sftformat.record import encode_json
from sftformat.report.blocks import heading, indent, indented, rest
from sftformat.report.measures import show_labels, show_lengths
from sftformat.report.screen import Screen, add, bar, count, table

#: Inputs, candidates and columns that the terminal shows of each section; the JSON holds all.
SHOWN_INPUTS, SHOWN_CANDIDATES, SHOWN_COLUMNS = 20, 6, 40
#: Characters of a cell of the first rows: more than fit on a line.
CELL = 400
#: A candidate is near when it has this share of the score of the best.
NEAR = 0.7


def follow(where: Screen, events: Iterable[Event]) -> tuple[list[Section], list[Unread]]:
    """Consume the events of `inspect` and return its sections, and what could not be read."""
    sections, unread = [], []
    with bar(where, "read") as advance:
        for event in events:
            if isinstance(event, Section):
                sections.append(event)
            elif isinstance(event, Unread):
                unread.append(event)
            elif event.total:
                advance(event.done, event.total, count(event.rows, "record"))
            else:
                where.note(event.stage)
    return sections, unread


def show_sections(where: Screen, sections: Sequence[Section], unread: Sequence[Unread]) -> None:
    """Print all sections, with an empty line between them; what could not be read comes last."""
    for number, section in enumerate(sections):
        if number:
            where.say()
        show_section(where, section)
    for each in unread:
        where.say()
        heading(where, visible(each.file), f"cannot be read: {each.message}")


def show_section(where: Screen, section: Section) -> None:
    """Print one section; what it has not is left out."""
    _show_inputs(where, section.inputs)
    _show_layout(where, section)
    _show_columns(where, section.columns, section.detected is not None)
    _show_rows(where, section)
    show_labels(where, section)
    show_lengths(where, section)
    _show_first(where, section.first)


# ---------------------------------------------------------------------------------------------------- inputs


def _show_inputs(where: Screen, inputs: Sequence[Looked]) -> None:
    if len(inputs) == 1:
        one = inputs[0]
        heading(where, visible(one.source.name), f"{how(one.source)}, {count(one.size, 'byte')}")
    else:
        heading(where, count(len(inputs), "input"))
        made = table("input", "read as", "bytes", "split", "records", right=("bytes", "records"))
        for each in inputs[:SHOWN_INPUTS]:
            add(made, each.source.name, how(each.source), f"{each.size:,}", each.split or "", f"{each.read:,}")
        indent(where, made)
        rest(where, len(inputs) - SHOWN_INPUTS, "more inputs")
    for each in inputs[:SHOWN_INPUTS]:
        for note in each.source.notes:
            indented(where, f"{note.code} {note.name}: {note.message} ({note.hint})", "yellow")


def how(source: Source) -> str:
    """Return in a few words how a file is read: format, compression, encoding, and what is unusual about it."""
    words = [f"rows rejected from {source.origin.file}"] if source.origin is not None else []
    words += [source.kind, source.compression or ""]
    if source.format not in ("parquet", "arrow"):
        mark = " with a byte order mark" if source.bom else ""
        words.append(f"{source.encoding}{mark}")
        words.append({"\r\n": "CRLF", "\r": "CR"}.get(source.line_end, ""))
    if source.format in ("csv", "tsv"):
        words.append(
            {",": "", "\t": "tabs" * (source.format == "csv")}.get(
                source.delimiter or ",", f"delimiter {source.delimiter!r}"
            )
        )
        words.append("" if source.quoting else "quotes are text")
        words.append("" if source.header_row else "no header")
    return ", ".join(word for word in words if word)


# ---------------------------------------------------------------------------------------------------- layout


def _show_layout(where: Screen, section: Section) -> None:
    found = section.detected
    if found is None:
        where.out.print(
            Text.assemble(("layout", "bold"), ("  not clear: ", "bold yellow"), visible(section.why)), soft_wrap=True
        )
    else:
        name = f"{found.binding.layout.name} ({found.binding.layout.task})"
        if found.binding.layout.name == "canonical":
            heading(where, "layout", f"{found.binding.layout.task}, canonical already")
        elif found.given:
            heading(where, "layout", f"{name}, as told")
        elif not section.candidates:
            heading(where, "layout", f"{name}, like the other inputs")
        else:
            heading(where, "layout", f"{name}, confidence {confidence(section.candidates):.0%}{_doubt(section)}")
    if len(section.candidates) == 1 and not section.candidates[0].against:
        indented(where, "; ".join(section.candidates[0].reasons))
    elif section.candidates:
        _show_candidates(where, section)
    if section.near:
        made = table("nearest", "task", "why not")
        for near in section.near[:SHOWN_CANDIDATES]:
            add(made, near.layout, near.task, near.why)
        indent(where, made)


def _doubt(section: Section) -> str:
    best, *others = section.candidates
    near = bool(others) and others[0].score > best.score * NEAR
    return f"; if that is not meant, say --layout {others[0].name}" if near else ""


def _show_candidates(where: Screen, section: Section) -> None:
    made = table("candidate", "task", "score", "for", "against", right=("score",))
    for number, each in enumerate(section.candidates[:SHOWN_CANDIDATES]):
        speaks = [reason for reason in each.reasons if not reason.endswith("of the sample fits")]
        task, score = each.binding.layout.task, f"{each.score:.0%}"
        style = "bold" if section.detected is not None and not number else ""
        add(made, each.name, task, score, "; ".join(speaks), "; ".join(each.against), style=style)
    indent(where, made)
    rest(where, len(section.candidates) - SHOWN_CANDIDATES, "more candidates")
    if section.detected is None:
        words = " or ".join(f"--layout {each.name}" for each in section.candidates[:SHOWN_CANDIDATES])
        indented(where, f"→ choose with {words}", "dim")


# ---------------------------------------------------------------------------------------------------- columns, rows


def _show_columns(where: Screen, columns: Sequence[Column], known: bool) -> None:
    if not columns:
        return
    heading(where, "columns")
    lacking = any(each.missing for each in columns)
    names = ["column", *(["becomes"] if known else []), "types", *(["missing"] if lacking else [])]
    made = table(*names, right=("missing",))
    for each in columns[:SHOWN_COLUMNS]:
        kinds = ", ".join(kind if len(each.types) == 1 else f"{kind} {number:,}" for kind, number in each.types.items())
        cells = [each.name, *([each.field] if known else []), kinds]
        add(made, *cells, *([f"{each.missing:,}" if each.missing else ""] if lacking else []))
    indent(where, made)
    rest(where, len(columns) - SHOWN_COLUMNS, "more columns")


def _show_rows(where: Screen, section: Section) -> None:
    read, fitting = (sum(getattr(each, name) for each in section.inputs) for name in ("read", "fitting"))
    blank = sum(each.blank_lines for each in section.inputs)
    splits = ", ".join(f"{split} {rows:,}" for split, rows in section.rows.items())
    lines = f" ({count(blank, 'blank line')})" if blank else ""
    heading(where, "rows", f"{fitting:,} of {count(read, 'record')}{lines}{': ' + splits if splits else ''}")
    if section.unlabelled:
        indented(where, f"{count(section.unlabelled, 'row')} without a target")
    codes = sum((each.rejected for each in section.inputs), start=type(section.inputs[0].rejected)())
    if left_out := codes.pop("SFT112", 0):
        indented(where, f"{count(left_out, 'record')} left out, as the file itself says (SFT112)")
    if codes:
        said = ", ".join(f"{code} {number:,}" for code, number in sorted(codes.items()))
        indented(where, f"{codes.total():,} rejected: {said}; see `sftformat validate`", "yellow")
    if section.repeats:
        found = section.repeats
        kinds = (
            (found.duplicate, "exact duplicate", "exact duplicates"),
            (
                found.conflicting,
                "row with the input of an earlier one and another target",
                "rows with the input of an earlier one and another target",
            ),
            (
                found.leaked,
                "row whose input stands in another split too",
                "rows whose input stands in another split too",
            ),
        )
        said = "; ".join(count(number, one, many) for number, one, many in kinds if number)
        indented(where, said or "no duplicates", "yellow" if said else "")


# ---------------------------------------------------------------------------------------------------- first rows


def _show_first(where: Screen, first: Sequence[First]) -> None:
    if not first:
        return
    heading(where, "first rows")
    fields = [
        name for name in ("input", "input_pair", "instruction", "target") if any(name in each.row for each in first)
    ]
    rows = [
        [f"{each.file}:{each.line}", *([_cell(each.row.get(name)) for name in fields] or [_cell(each.row)])]
        for each in first
    ]
    made = table("place", *(fields or ["record"]))
    wanted = [max(cell_len(visible(cell)) for cell in cells) for cells in zip(*rows, strict=True)]
    for each_column, width in zip(made.columns, shares(wanted, where.out.width - 2 * len(wanted) - 2), strict=True):
        each_column.no_wrap, each_column.overflow, each_column.max_width = True, "ellipsis", width
    for cells in rows:
        add(made, *cells)
    indent(where, made)


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """Return widths for columns that want so much: what is short gets all it wants, what is long shares the rest."""
    given = [0] * len(wanted)
    left = max(room, 8 * len(wanted))
    for number, index in enumerate(sorted(range(len(wanted)), key=lambda at: wanted[at])):
        given[index] = max(8, min(wanted[index], left // (len(wanted) - number)))
        left -= given[index]
    return given


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value[:CELL] if value.strip() else json.dumps(value[:CELL])
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "  ".join(
            f"{turn.get('role')}: {turn.get('content') or '(tool calls)'}"
            for turn in value
            if isinstance(turn, Mapping)
        )[:CELL]
    return encode_json(value).decode()[:CELL]
