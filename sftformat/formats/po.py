"""Gettext catalogues as text (`.po`): a record a translated message, or for plurals a record a form.

What translators themselves mark as not to be used leaves as `filtered`: fuzzy and obsolete entries, and those without a
translation. The entry with the empty message is the header: it says the language and is no record.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sftformat.diagnostics import clip
from sftformat.formats import catalogue, container, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source
from sftformat.formats.textlines import Filling, Line, decoded, filling
from sftformat.record import Batch

_FIELD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[[0-9]+\])?)\s*(\".*\")\s*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)")
_HINT = "msgid and msgstr in quotes, a blank line after each entry"


def detect(source: Source, text: bytes, options: ReadOptions) -> Source:
    """Return the source with the encoding that its header declares, unless a mark or the user says another one."""
    declared = catalogue.CHARSET.search(text[: 1 << 14].decode("latin-1"))
    if declared is None or source.bom or options.encoding or declared[1].lower() in ("charset", "utf-8", "utf8"):
        return source
    with suppress(LookupError):
        return replace(source, encoding=codecs.lookup(declared[1]).name)
    return source


# ---------------------------------------------------------------------------------------------------- reading


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the messages of a catalogue; `line` is the first line of an entry, a comment mostly.

    An entry that is damaged is a reject, and reading goes on with the next one.

    Raises:
        InputError: the file cannot be read or its compression is damaged.
    """
    batch = filling(source)
    known: dict[str, str] = {}
    for run in _runs(source, options, batch):
        _take(batch, run, known)
        if batch.full:
            yield batch.flush()
    if not batch.empty:
        yield batch.flush()


def _runs(source: Source, options: ReadOptions, batch: Filling) -> Iterator[list[Line]]:
    """Yield the lines of each entry: it ends before the next comment or message, blank lines or not."""
    held: list[Line] = []
    seen = ""
    for line in decoded(source, options, batch):
        if line.blank:
            continue
        old = line.text.startswith("#~")
        text = line.text.removeprefix("#~").strip() if old else line.text.strip()
        begins = text.startswith(("#", "msgctxt")) or re.match(r"msgid\s*\"", text)
        if held and begins and ("msgstr" in seen or (text.startswith("#") and "msgid" in seen)):
            yield held
            held, seen = [], ""
        held.append(line)
        seen += text.partition('"')[0]
    yield from [held] if held else []


def _take(batch: Filling, run: Sequence[Line], known: dict[str, str]) -> None:
    bad = next((line.bad for line in run if line.bad is not None), None)
    found: catalogue.Entry | tuple[int, str] = parse([line.text for line in run]) if bad is None else (0, "")
    if not isinstance(found, catalogue.Entry):
        line = run[found[0]]
        batch.reject(run, bad or rows.finding(batch.source, "SFT019", found[1], line.number, line.byte, hint=_HINT))
    elif not found.texts:
        return  # comments at the end of the file
    elif found.texts["msgid"] == "" and "msgctxt" not in found.texts and not found.obsolete:
        known.update(catalogue.languages(found.forms[0]))
    elif why := catalogue.left_out(found):
        batch.reject(run, rows.finding(batch.source, "SFT112", why, run[0].number, run[0].byte), "filtered")
    else:
        batch.add(catalogue.records_of(found, known), run)


def parse(texts: Sequence[str]) -> catalogue.Entry | tuple[int, str]:
    """Return the entry of some lines, or the index of the line that is wrong and what is wrong."""
    entry = catalogue.Entry()
    key = ""
    for index, text in enumerate(texts):
        line = text.strip()
        if line.startswith("#~"):
            entry.obsolete = True
            line = line[2:].strip()
        if line.startswith("#") or not line:
            entry.comments += [line] if line else []
            continue
        match = _FIELD.fullmatch(line)
        if match is not None:
            key, quoted = match.groups()
            if key in entry.texts:
                return index, f"{key} stands twice in one entry"
            entry.texts[key] = ""
        elif key and len(line) > 1 and line[0] == line[-1] == '"':
            quoted = line
        else:
            return index, f"expected a keyword or a text in quotes, got {clip(line, 40)!r}"
        plain = unquoted(quoted)
        if plain is None:
            return index, f"a text with a quote or a backslash that is not escaped: {clip(quoted, 40)}"
        entry.texts[key] += plain
    return _whole(entry, len(texts) - 1)


def _whole(entry: catalogue.Entry, last: int) -> catalogue.Entry | tuple[int, str]:
    if not entry.texts:
        return entry
    if "msgid" not in entry.texts:
        return last, "an entry without msgid"
    if not entry.forms:
        return last, "an entry without msgstr"
    plural = "msgid_plural" in entry.texts
    wanted = [f"msgstr[{number}]" for number in range(len(entry.forms))] if plural else ["msgstr"]
    if {key for key in entry.texts if key.startswith("msgstr")} != set(wanted):
        return last, "msgid_plural and msgstr[0], msgstr[1], … go together"
    return entry


def unquoted(text: str) -> str | None:
    """Return what a text in quotes says, or None where it is no such text."""
    inner = text[1:-1]
    if '"' in re.sub(r"\\.", "", inner) or re.search(r"(?<!\\)(\\\\)*\\$", inner):
        return None
    with suppress(ValueError):
        return _ESCAPE.sub(_escaped, inner)
    return None


def _escaped(match: re.Match[str]) -> str:
    word = match[1]
    if word in _ESCAPES:
        return _ESCAPES[word]
    return chr(int(word[1:], 16) if word.startswith("x") else int(word, 8))


# ---------------------------------------------------------------------------------------------------- writing


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Write messages and their translations; forms of one plural that follow each other are one entry again.

    Return how many records.

    Raises:
        UsageError: a record has no source and target, or the records are in several languages.
    """
    count = 0
    with container.create(path, compression) as file:
        file.write(_header(catalogue.header(batches)).encode())
        for entry, number in catalogue.entries(batches):
            file.write(_written(entry).encode())
            count += number
    return count


def held(names: Sequence[str]) -> list[str]:
    """Return the columns that a catalogue has a place for."""
    known = {"source", "target", "source_lang", "target_lang", "context", "comments", "plural"}
    return [name for name in names if name in known]


def _header(text: str) -> str:
    return "\n".join(['msgid ""', 'msgstr ""', *(quoted(line + "\n") for line in text.splitlines()), ""])


def _written(entry: catalogue.Entry) -> str:
    lines = ["", *entry.comments]
    for key, text in entry.texts.items():
        pieces = [piece for piece in re.split(r"(?<=\n)", text) if piece]
        lines += [f"{key} {quoted(text)}"] if len(pieces) < 2 else [f'{key} ""', *map(quoted, pieces)]
    return "\n".join([*lines, ""])


def quoted(text: str) -> str:
    """Return a text in quotes, with escapes for what cannot stand in a line."""
    marks = {value: f"\\{key}" for key, value in _ESCAPES.items()}
    return '"' + "".join(marks.get(c, f"\\x{ord(c):02x}" if c < " " or c == "\x7f" else c) for c in text) + '"'
