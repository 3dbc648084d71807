"""One row for a person: its bytes with a caret at what is wrong, the record, the canonical row, the tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from sftformat.diagnostics import Diagnostic, Severity, clip, visible
from sftformat.explain.build import Explained
from sftformat.explain.caret import text_of
from sftformat.explain.tokens import Token, TokenRun, Tokens
from sftformat.formats.class_folders import place
from sftformat.record import JSON_TYPES, encode_json
from sftformat.report.blocks import heading, indent, indented
from sftformat.report.inspect import how
from sftformat.report.screen import STYLES, Screen, add, count, table

#: Characters of a row and of a value, lines of a row that the terminal shows; the JSON holds all.
SHOWN_CHARACTERS, SHOWN_VALUE, SHOWN_LINES = 2000, 600, 30
#: Of tokens that are kept, or cut, so many first and last ones are shown.
FIRST_TOKENS, LAST_TOKENS = 80, 20
#: Formats whose rows are shown as JSON: they are parts of a tree, or made of more than one file or place.
AS_JSON = frozenset({"mo", "yaml", "rasa", "rasa-md", "rasa-json", "class-folders", "linked", "intents", "articles"})
AS_JSON |= {"json-lists"}
#: Fields of a canonical row that hold JSON text.
JSON_TEXTS = frozenset({"meta", "tools"})
_KINDS = {
    "record": "a record",
    "reject": "a rejected row",
    "blank": "a blank line: counted, and no record",
    "header": "the header: it names the columns",
    "between": "brackets and commas between records",
    "unread": "never reached: reading ended before",
}


def show_explained(where: Screen, explained: Explained) -> None:
    """Print one row, from its bytes to its tokens."""
    _show_place(where, explained)
    _show_bytes(where, explained)
    if explained.record is not None:
        _show_record(where, explained)
        _show_canonical(where, explained)
    if explained.tokens is not None:
        _show_tokens(where, explained.tokens)
    _show_findings(where, explained)


# ---------------------------------------------------------------------------------------------------- bytes


def _show_place(where: Screen, explained: Explained) -> None:
    found, source = explained.found, explained.source
    unit = "row" if source.format in ("parquet", "arrow", "mo", "xlsx") and source.origin is None else "line"
    what = _KINDS[found.kind]
    if found.kind == "record" and explained.worst is Severity.ERROR:
        what = "a rejected record"
    if found.last > found.line:
        what += f" (lines {found.line:,} to {found.last:,})"
    heading(
        where,
        visible(f"{place(source, source.texts[0]) if source.texts else source.name}:{explained.line}"),
        f"{how(source)}; {unit} {explained.line:,} is {_is(found, explained.line, what)}",
    )
    if found.shared:
        indented(where, "more records stand on this line: FILE:LINE:COLUMN names one", "dim")
    if found.kind == "unread" and found.reject is not None:
        indented(where, f"line {found.reject.line:,}: {found.reject.diagnostics[0].message}", "red")
    if found.kind == "header":
        indented(where, ", ".join(source.columns))


def _is(found: Any, line: int, what: str) -> str:
    return f"part of {what}" if line != found.line and found.kind in ("record", "reject") else what


def _show_bytes(where: Screen, explained: Explained) -> None:
    found, source = explained.found, explained.source
    if found.kind == "blank":
        return
    if found.byte is None:
        heading(where, "bytes", "the row as JSON, as the file holds columns")
    elif source.format in AS_JSON and found.batch is not None and source.origin is None:
        heading(where, "bytes", f"the record as JSON, from byte {found.byte:,}{' of its file' if source.texts else ''}")
    elif source.origin is not None:
        heading(where, "row", f"as the line holds it, {count(found.length, 'byte')}")
    else:
        unpacked = " of the unpacked file" if source.compression else ""
        heading(
            where, "bytes", f"{found.byte:,} to {found.byte + found.length:,}{unpacked}, {count(found.length, 'byte')}"
        )
    text, at = text_of(source, found), 0
    for number, line in enumerate(text.split("\n" if source.line_end != "\r" else "\r")[:SHOWN_LINES]):
        marks = [
            (place - at, each)
            for each, place in explained.findings
            if place is not None and at <= place <= at + len(line)
        ]
        gutter = f"{found.line + number} " if found.last > found.line else ""
        _show_line(where, line.removesuffix("\r"), gutter, marks)
        at += len(line) + 1
    if len(found.raw) < found.length:
        indented(where, f"… and {found.length - len(found.raw):,} more bytes", "dim")
    seen = "".join(text.split())
    if found.byte is not None and (visible(seen) != seen or "\\x" in seen):
        indented(where, f"escaped: {clip(ascii(found.raw)[2:-1], SHOWN_CHARACTERS)}", "dim")


def _show_line(where: Screen, line: str, gutter: str, marks: Sequence[tuple[int, Diagnostic]]) -> None:
    """Print one line of a row, or the part around what is wrong, and a caret under each thing that is."""
    room = max(20, where.out.width - len(gutter) - 4)
    start = 0
    if len(visible(line)) > room and marks:
        start = max(0, min(min(mark for mark, _ in marks) - room // 2, len(line) - room))
        shown = line[start : start + room]
    else:
        shown = clip(line, SHOWN_CHARACTERS)
    before = "…" if start else ""
    after = "…" if marks and start + len(shown) < len(line) else ""
    where.out.print(Text(f"  {gutter}{before}{visible(shown)}{after}"), soft_wrap=True)
    for mark, found in marks:
        column = cell_len(visible(line[start:mark])) + len(before) + len(gutter)
        words = f"^ {found.code} {found.message}"
        if column + cell_len(words) > where.out.width - 2:
            words = f"^ {found.code}"
        where.out.print(Text("  " + " " * column + visible(words), STYLES[found.severity]), soft_wrap=True)


# ---------------------------------------------------------------------------------------------------- record


def _show_record(where: Screen, explained: Explained) -> None:
    record = explained.record or {}
    heading(where, "record", count(len(record), "key"))
    made = table("key", "type", "value")
    for key, value in record.items():
        add(made, key, JSON_TYPES[type(value)], _value(value))
    indent(where, made)


def _show_canonical(where: Screen, explained: Explained) -> None:
    settled, row = explained.settled, explained.row
    if settled is None:
        return
    if settled.detected is None:
        heading(where, "canonical", f"the layout is not clear: {settled.why}")
        return
    layout = settled.detected.binding.layout
    if row is None:
        heading(where, "canonical", f"none: the record does not fit the layout {layout.name} ({layout.task})")
        return
    heading(where, "canonical", layout.task + (f", layout {layout.name}" if layout.name != "canonical" else ""))
    made = table("field", "value", "from")
    for key, value in row.items():
        shown = Text(visible(clip(value, SHOWN_VALUE))) if key in JSON_TEXTS else _value(value)
        add(made, key, shown, (explained.origins or {}).get(key, ""))
    indent(where, made)


def _value(value: Any) -> Text:
    """Return a value as JSON; a conversation is a turn a line."""
    if isinstance(value, list) and value and all(isinstance(turn, Mapping) and "role" in turn for turn in value):
        return Text("\n".join(visible(_turn(turn)) for turn in value))
    if isinstance(value, str) and value.isprintable() and value.strip() == value and value:
        return Text(visible(clip(value, SHOWN_VALUE)))
    return Text(visible(clip(encode_json(value).decode(), SHOWN_VALUE)))


def _turn(turn: Mapping[str, Any]) -> str:
    rest = {key: item for key, item in turn.items() if key not in ("role", "content")}
    more = f"  {encode_json(rest).decode()}" if rest else ""
    content = turn.get("content")
    return clip(
        f"{turn['role']}: {content if isinstance(content, str) else encode_json(content).decode()}{more}",
        SHOWN_VALUE,
    )


# ---------------------------------------------------------------------------------------------------- tokens


def _show_tokens(where: Screen, tokens: Tokens) -> None:
    for run in tokens.sequences:
        kept = len(run.tokens) - run.lost
        learned = sum(token.trained is True for token in run.tokens)
        trained = f", {learned:,} trained on: » «" if any(token.trained is not None for token in run.tokens) else ""
        limit = f", {kept:,} kept by --max-length {tokens.max_length}, {run.lost:,} cut" if run.lost else ""
        path = f"{run.path}: " if run.path else ""
        heading(where, "tokens", f"{path}{count(len(run.tokens), 'token')} of {tokens.tokenizer}{trained}{limit}")
        indent(where, _flow(run))
    if tokens.max_length is None:
        indented(where, "each text by itself, without special tokens and chat template", "dim")
        return
    if all(token.trained is None for run in tokens.sequences for token in run.tokens):
        _show_labels(where, tokens)
    if tokens.shards:
        _show_stored(where, tokens)


def _flow(run: TokenRun) -> Text:
    """Return tokens with their ids as running text; what is cut stands between scissors, what is learned in » «."""
    flow = Text()
    for (kept, trained), group in groupby(run.tokens, key=lambda token: (token.kept, token.trained)):
        part = list(group)
        left = len(part) - FIRST_TOKENS - LAST_TOKENS
        if not kept:
            flow.append("✂ ", "red")
        if trained:
            flow.append("» ", "green")
        for token in part[:FIRST_TOKENS] if left > 0 else part:
            _append(flow, token)
        if left > 0:
            flow.append(f"… {left:,} more …  ", "dim")
            for token in part[-LAST_TOKENS:]:
                _append(flow, token)
        if trained:
            flow.append("«  ", "green")
        if not kept:
            flow.append("✂  ", "red")
    flow.rstrip()
    return flow


def _append(flow: Text, token: Token) -> None:
    flow.append(visible(token.text), "bold" if token.kept else "dim strike")
    flow.append(f"·{token.id}", "dim")
    flow.append(f" {visible(token.label)}  " if token.label is not None else "  ", "cyan")


def _show_labels(where: Screen, tokens: Tokens) -> None:
    if tokens.labels is None:
        known = tokens.label_map is not None
        heading(
            where,
            "labels",
            "not in the label map" if known else "no ids without a label map: give --labels or --shards",
        )
        return
    names, labels = tokens.label_map or (), tokens.labels
    if names and isinstance(labels, list) and all(isinstance(label, int) for label in labels):  # tags of words
        asked = sum(label >= 0 for label in labels)
        said = f"at the first token of {count(asked, 'word')}" if asked else "unlabelled: left out of the loss"
        heading(where, "labels", str(labels), said)
        return
    said = ""
    if names and isinstance(labels, list):
        said = ", ".join(name for name, hot in zip(names, labels, strict=True) if hot) or "none applies"
    elif names:
        said = names[labels] if labels >= 0 else "unlabelled: left out of the loss"
    heading(where, "labels", str(labels), said)


def _show_stored(where: Screen, tokens: Tokens) -> None:
    found = tokens.stored
    if found is None:
        heading(where, "shards", "do not hold this row: it was rejected, dropped or filtered")
    else:
        same = "with the same tokens" if found.same else "with other tokens than these"
        heading(where, "shards", f"row {found.row:,} of {found.file}, {same}")


# ---------------------------------------------------------------------------------------------------- findings


def _show_findings(where: Screen, explained: Explained) -> None:
    if explained.found.kind not in ("record", "reject"):
        return
    findings = [each for each, _ in explained.findings]
    if not findings:
        heading(where, "findings", "none on this row alone; validate also looks at it beside the others")
        return
    heading(where, "findings")
    for code, same in groupby(_by_severity(findings), key=lambda each: each.code):
        for each in (hinted := list(same)):
            path = f"{each.path}: " if each.path and each.path not in each.message else ""
            words = f"  {visible(clip(path + each.message, 300))}"
            said = Text.assemble("  ", (f"{code} {each.name}", f"bold {STYLES[each.severity]}"), words)
            where.out.print(said, soft_wrap=True)
        if hinted[0].hint:
            indented(where, f"→ {hinted[0].hint.rstrip('.')}", "dim")


def _by_severity(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    return sorted(findings, key=lambda each: list(Severity).index(each.severity))
