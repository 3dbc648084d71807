"""Training data of Rasa NLU in Markdown, as it was before YAML: `## intent:NAME`, then `- TEXT`, a record each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats import annotated, container, rows
from sftformat.formats.rasa import BLANK, aside_notes, intent_of, marked_text, one_line, where
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source
from sftformat.formats.textlines import Filling, Line, decoded, filling
from sftformat.record import Batch, Record, encode_json

_SECTION = re.compile(r"##\s*(intent|synonym|regex|lookup)\s*:(.*)")
_EXAMPLE = re.compile(r"\s*[-*+]\s+(.*)")


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the examples of the intents of a file; `line` is that of the example.

    A line in an intent that is no example is a reject; comments and what stands outside of all sections are no data.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    batch = filling(source)
    aside: Counter[str] = Counter()
    kind = name = ""
    marked, comment = 0, False
    for line in decoded(source, options, batch):
        text, comment = _uncommented(line.text, comment)
        line = replace(line, text=text)
        section = _SECTION.fullmatch(line.text.rstrip())
        if line.blank:
            continue
        if section is not None:
            kind, name = section[1], section[2].strip(BLANK)
            aside.update([kind] if kind != "intent" else ())
        elif line.bad is None and line.text.startswith("#"):
            kind = name = ""
        elif line.bad is not None or kind == "intent":
            marked += _take(batch, line, name)
        if batch.full:
            yield batch.flush()
    batch.notes += aside_notes(source, aside, marked)
    yield batch.flush()


def _uncommented(text: str, inside: bool) -> tuple[str, bool]:
    """Return a line without its comments, and whether one goes on after it; Rasa takes them out before it reads."""
    kept = []
    while text:
        if inside:
            _, closed, text = text.partition("-->")
            inside = not closed
        else:
            before, opened, text = text.partition("<!--")
            kept.append(before)
            inside = bool(opened)
    return "".join(kept), inside


def _take(batch: Filling, line: Line, intent: str) -> bool:
    """Take one line of an intent; return whether it marks entities."""
    example = _EXAMPLE.fullmatch(line.text)
    text = example[1].strip(BLANK) if example is not None else ""
    found = annotated.read(text) if text and intent else f"expected '- ' and a text, got {clip(line.text, 40)!r}"
    if not intent:
        found = "an example of an intent without a name"
    if line.bad is not None or isinstance(found, str):
        bad = line.bad or rows.finding(batch.source, "SFT019", str(found), line.number, line.byte, hint="")
        batch.reject([line], bad)
        return False
    plain, entities = found
    record: Record = {"text": plain, "intent": intent, **({"entities": entities} if entities else {})}
    raw = encode_json(record)
    batch.add([record], [Line(line.text, line.number, line.byte, raw, len(raw))])
    return bool(entities)


# ---------------------------------------------------------------------------------------------------- writing


def held(names: Sequence[str]) -> list[str]:
    """Return the columns that this Markdown has a place for."""
    return [name for name in names if name in ("text", "intent", "label", "entities")]


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Write examples under their intents, in their order; return how many.

    Raises:
        UsageError: a record is no text of one line with one intent, or its text means something else to Rasa.
    """
    count = 0
    with container.create(path, compression) as file:
        for intent, group in groupby((each for batch in batches() for each in batch), intent_of):
            file.write(f"{chr(10) * bool(count)}## intent:{intent}\n".encode())
            if not one_line(intent):
                raise UsageError(f"{clip(intent, 60)!r} cannot be an intent in Markdown: write .yml")
            for record in group:
                text = marked_text(record)
                if not one_line(text) or "<!--" in text:
                    raise UsageError(f"Markdown holds examples of one line, not blank {where(record)}: write .yml")
                file.write(f"- {text}\n".encode())
                count += 1
    return count
