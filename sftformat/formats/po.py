"""Gettext catalogues as text (`.po`): a record a translated message, or for plurals a record a form.

What translators themselves mark as not to be used leaves as `filtered`: fuzzy and obsolete entries, and those without a
translation. The entry with the empty message is the header: it says the language and is no record.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats import container, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source
from sftformat.formats.textlines import Filling, Line, decoded, filling
from sftformat.record import Batch, Record

_FIELD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[[0-9]+\])?)\s*(\".*\")\s*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)")
CHARSET = re.compile(r"Content-Type:[^\n]*charset=([\w-]+)", re.IGNORECASE)
_HINT = "msgid and msgstr in quotes, a blank line after each entry"


@dataclass(slots=True)
class Entry:
    """One entry: its comments verbatim, and its texts by keyword (`msgstr[1]` for the second form)."""

    comments: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    obsolete: bool = False

    @property
    def flags(self) -> set[str]:
        return {flag.strip() for line in self.comments if line.startswith("#,") for flag in line[2:].split(",")}

    @property
    def forms(self) -> list[str]:
        """The translations, in the order of their numbers."""
        named = sorted((key for key in self.texts if key.startswith("msgstr")), key=lambda key: int(key[7:-1] or 0))
        return [self.texts[key] for key in named]


def languages(header: str) -> dict[str, str]:
    """Return the languages that the text of a header says."""
    said = dict(re.findall(r"^([\w-]+):[ \t]*(.*?)[ \t]*$", header, re.MULTILINE))
    found = {"source_lang": said.get("X-Source-Language", ""), "target_lang": said.get("Language", "")}
    return {key: value for key, value in found.items() if value}


def records_of(entry: Entry, known: Mapping[str, str]) -> list[Record]:
    """Return the records of an entry: one, or with plurals one for each form.

    The first of several forms translates the message, the others its plural.
    """
    beside: Record = {"context": entry.texts["msgctxt"]} if "msgctxt" in entry.texts else {}
    beside |= {"comments": entry.comments} if entry.comments else {}
    message, plural = entry.texts["msgid"], entry.texts.get("msgid_plural")
    forms = entry.forms
    if plural is None:
        return [{"source": message, "target": forms[0], **known, **beside}]
    return [
        {
            "source": message if number == 0 and len(forms) > 1 else plural,
            "target": form,
            **known,
            **beside,
            "plural": {"form": number, "of": len(forms), "one": message, "many": plural},
        }
        for number, form in enumerate(forms)
    ]


def left_out(entry: Entry) -> str:
    """Say why an entry is not to be used; empty where it is."""
    if entry.obsolete:
        return "the entry is obsolete"
    if "fuzzy" in entry.flags:
        return "the translation is fuzzy: no translator has confirmed it"
    return "" if all(entry.forms) else "the message is not translated"


def detect(source: Source, text: bytes, options: ReadOptions) -> Source:
    """Return the source with the encoding that its header declares, unless a mark or the user says another one."""
    declared = CHARSET.search(text[: 1 << 14].decode("latin-1"))
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
    found: Entry | tuple[int, str] = parse([line.text for line in run]) if bad is None else (0, "")
    if not isinstance(found, Entry):
        line = run[found[0]]
        batch.reject(run, bad or rows.finding(batch.source, "SFT019", found[1], line.number, line.byte, hint=_HINT))
    elif not found.texts:
        return  # comments at the end of the file
    elif found.texts["msgid"] == "" and "msgctxt" not in found.texts and not found.obsolete:
        known.update(languages(found.forms[0]))
    elif why := left_out(found):
        batch.reject(run, rows.finding(batch.source, "SFT112", why, run[0].number, run[0].byte), "filtered")
    else:
        batch.add(records_of(found, known), run)


def parse(texts: Sequence[str]) -> Entry | tuple[int, str]:
    """Return the entry of some lines, or the index of the line that is wrong and what is wrong."""
    entry = Entry()
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


def _whole(entry: Entry, last: int) -> Entry | tuple[int, str]:
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
    tags: dict[str, str] = {}
    for key, name in (("target_lang", "Language"), ("source_lang", "X-Source-Language")):
        held = sorted({str(lang) for batch in batches() for each in batch if (lang := each.get(key))})
        if len(held) > 1:
            raise UsageError(f"a catalogue is in one language; {key} is {', '.join(held[:4])}")
        tags.update((name, tag) for tag in held)
    count = 0
    with container.create(path, compression) as file:
        file.write(_header(tags).encode())
        for entry, number in _entries(record for batch in batches() for record in batch):
            file.write(_written(entry).encode())
            count += number
    return count


def held(names: Sequence[str]) -> list[str]:
    """Return the columns that a catalogue has a place for."""
    known = {"source", "target", "source_lang", "target_lang", "context", "comments", "plural"}
    return [name for name in names if name in known]


def _header(tags: Mapping[str, str]) -> str:
    lines = ["MIME-Version: 1.0\n", "Content-Type: text/plain; charset=UTF-8\n"]
    lines += [f"{name}: {tag}\n" for name, tag in tags.items()]
    return "\n".join(['msgid ""', 'msgstr ""', *map(quoted, lines), ""])


def _entries(records: Iterator[Record]) -> Iterator[tuple[Entry, int]]:
    """Yield the entries of records, each with how many of these it holds."""
    held: list[Record] = []
    for record in records:
        if not isinstance(record.get("source"), str) or not isinstance(record.get("target", ""), str | None):
            raise UsageError("a catalogue holds source and target: write layout parallel-text, or another format")
        if held and not _goes_on(held[-1], record):
            yield _entry(held), len(held)
            held = []
        held.append(record)
    if held:
        yield _entry(held), len(held)


def _goes_on(one: Record, other: Record) -> bool:
    before, after = one.get("plural"), other.get("plural")
    if not isinstance(before, dict) or not isinstance(after, dict) or one.get("context") != other.get("context"):
        return False
    return {**before, "form": 0} == {**after, "form": 0} and bool(before["form"] < after["form"])


def _entry(records: Sequence[Record]) -> Entry:
    first = records[0]
    entry = Entry([str(line) for line in first.get("comments") or ()])
    if first.get("context") is not None:
        entry.texts["msgctxt"] = str(first["context"])
    plural = first.get("plural")
    if not isinstance(plural, dict):
        entry.texts |= {"msgid": first["source"], "msgstr": first.get("target") or ""}
        return entry
    entry.texts |= {"msgid": str(plural["one"]), "msgid_plural": str(plural["many"])}
    entry.texts |= {f"msgstr[{number}]": "" for number in range(plural["of"])}
    for record in records:
        entry.texts[f"msgstr[{record['plural']['form']}]"] = record.get("target") or ""
    return entry


def _written(entry: Entry) -> str:
    lines = ["", *entry.comments]
    for key, text in entry.texts.items():
        pieces = [piece for piece in re.split(r"(?<=\n)", text) if piece]
        lines += [f"{key} {quoted(text)}"] if len(pieces) < 2 else [f'{key} ""', *map(quoted, pieces)]
    return "\n".join([*lines, ""])


def quoted(text: str) -> str:
    """Return a text in quotes, with escapes for what cannot stand in a line."""
    marks = {value: f"\\{key}" for key, value in _ESCAPES.items()}
    return '"' + "".join(marks.get(c, f"\\x{ord(c):02x}" if c < " " or c == "\x7f" else c) for c in text) + '"'
