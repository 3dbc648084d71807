"""TMX, translation memories: a unit with the same text in several languages; a record a pair of them.

The source language is that of the unit, else of the header, else the first one there is. Codes inside a segment (`bpt`,
`ph`, …) are no text: where there are any, the segment as it stands is kept beside. A document type is not fetched;
one that declares entities is refused, as it could make gigabytes of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats import container, rows
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import BATCH_BYTES, BATCH_RECORDS, ReadOptions, Source, fault
from sftformat.formats.xmltext import escaped, quoted
from sftformat.record import Batch, Record, Reject

#: Elements inside a segment whose text is a code of another format.
_CODES = frozenset({"bpt", "ept", "it", "ph", "ut"})
_LANGUAGE = ("xml:lang", "lang")
_NO_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


@dataclass(slots=True)
class _Segment:
    language: str
    text: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    codes: int = 0


@dataclass(slots=True)
class _Unit:
    """One unit while it is read: where it starts, its attributes and notes, its segments."""

    line: int
    byte: int
    attributes: dict[str, str]
    notes: list[list[str]] = field(default_factory=list)
    segments: list[_Segment] = field(default_factory=list)


class _Reading:
    """What the parser of XML calls; the units that are whole wait in `done`."""

    def __init__(self, source: Source, limit: int) -> None:
        self.source, self.limit = source, limit
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.EntityDeclHandler = self.entity
        self.usual = ""
        self.unit: _Unit | None = None
        self.open: list[str] = []
        self.held = b""
        self.held_at = 0
        self.done: list[tuple[_Unit, bytes]] = []

    def entity(self, name: str, *_: object) -> None:
        message = f"declares the entity {clip(name, 40)!r}, which is not read: such a file can grow without end"
        raise fault("SFT016", self.source.name, message, hint="take the declaration out")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.open.append(name)
        if name == "header":
            self.usual = attributes.get("srclang", "")
        elif name == "tu":
            self.unit = _Unit(self.parser.CurrentLineNumber, self.parser.CurrentByteIndex, attributes)
        elif self.unit is None:
            return
        elif name == "tuv":
            language = next((attributes[key] for key in _LANGUAGE if key in attributes), "")
            rest = {key: value for key, value in attributes.items() if key not in _LANGUAGE}
            self.unit.segments.append(_Segment(language, attributes=rest))
        elif name in ("prop", "note"):
            self.unit.notes.append([attributes.get("type", name), ""])
        elif "seg" in self.open[:-1] and self.unit.segments:
            segment = self.unit.segments[-1]
            segment.codes += 1
            said = "".join(f" {key}={quoted(value)}" for key, value in attributes.items())
            segment.inner.append(f"<{name}{said}>")

    def text(self, text: str) -> None:
        if self.unit is None or not self.open:
            return
        if "seg" in self.open and self.unit.segments:
            segment = self.unit.segments[-1]
            segment.inner.append(escaped(text))
            if not _CODES.intersection(self.open):
                segment.text.append(text)
        elif self.open[-1] in ("prop", "note") and self.unit.notes:
            self.unit.notes[-1][1] += text

    def end(self, name: str) -> None:
        self.open.pop()
        if name == "tu" and self.unit is not None:
            stop = self.parser.CurrentByteIndex
            raw = self.held[self.unit.byte - self.held_at : stop - self.held_at]
            self.done.append((self.unit, raw + "</tu>".encode(_plain(self.source.encoding))))
            self.unit = None
        elif "seg" in self.open and self.unit is not None and self.unit.segments:
            self.unit.segments[-1].inner.append(f"</{name}>")

    def feed(self, piece: bytes, final: bool = False) -> None:
        """Parse a piece; what stands before the unit that is open is forgotten.

        Raises:
            ExpatError: the text is no XML.
            InputError: entities are declared, or a unit is over the limit.
        """
        self.held += piece
        self.parser.Parse(piece, final)
        start = self.unit.byte if self.unit is not None else self.held_at + len(self.held) - len(piece)
        cut = max(0, start - self.held_at)
        self.held, self.held_at = self.held[cut:], self.held_at + cut
        if len(self.held) > self.limit + container.CHUNK_BYTES:
            message = f"a unit of more than {self.limit:,} bytes (--max-line-bytes)"
            raise fault("SFT009", self.source.name, message, line=self.unit.line if self.unit else None)


def _plain(encoding: str) -> str:
    return encoding if encoding != "utf-8-sig" else "utf-8"


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:
    """Yield the pairs of languages of each unit; `line` is where the unit starts.

    A unit with less than two languages is a reject. A fault in the XML is a reject too, and ends the file.

    Raises:
        InputError: the file cannot be read, declares entities, or holds a unit over the limit.
    """
    state = _Reading(source, options.max_line_bytes)
    made = _Making(source)
    try:
        for piece in container.chunks(source):
            state.feed(piece)
            made.take(state)
            if len(made.records) >= BATCH_RECORDS or made.size >= BATCH_BYTES:
                yield made.flush()
        state.feed(b"", True)
        made.take(state)
    except expat.ExpatError as error:
        made.take(state)
        message = f"no XML: {expat.ErrorString(error.code)}; the file cannot be read beyond this line"
        at = state.parser.ErrorByteIndex
        bad = rows.finding(source, "SFT019", message, error.lineno, at)
        raw = state.held[: 1 << 12]
        made.rejects.append(rows.reject(source, error.lineno, at, raw, bad))
    yield made.flush()


class _Making:
    """The batch being filled."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.notes = rows.opening_notes(source)
        self.records: list[Record] = []
        self.places: list[tuple[int, int, bytes]] = []
        self.rejects: list[Reject] = []
        self.size = 0

    def take(self, state: _Reading) -> None:
        """Make records of the units that are whole."""
        for unit, raw in state.done:
            found = pairs(unit, state.usual)
            if isinstance(found, str):
                bad = rows.finding(self.source, "SFT019", found, unit.line, unit.byte)
                self.rejects.append(rows.reject(self.source, unit.line, unit.byte, raw, bad))
                continue
            self.records += found
            self.places += [(unit.line, unit.byte, raw)] * len(found)
            self.size += len(raw)
        state.done = []

    def flush(self) -> Batch:
        """Return what was gathered as a batch and start anew."""
        lines, offsets, raw = ([place[side] for place in self.places] for side in (0, 1, 2))
        batch = Batch(
            self.source.name,
            self.source.format,
            self.records,
            lines,  # type: ignore[arg-type]
            offsets,  # type: ignore[arg-type]
            raw,  # type: ignore[arg-type]
            tuple(self.rejects),
            tuple(self.notes),
        )
        self.records, self.places, self.rejects, self.notes, self.size = [], [], [], [], 0
        return batch


def of_unit(source: Source, text: str) -> list[Record] | str:
    """Return the records of one unit that stands by itself, or what is wrong with it."""
    state = _Reading(source, len(text) * 4)
    try:
        state.feed(f"<body>{text}</body>".encode(), True)
    except expat.ExpatError as error:
        return f"no XML: {expat.ErrorString(error.code)}"
    return pairs(state.done[0][0], "") if len(state.done) == 1 else "one unit is wanted"


def pairs(unit: _Unit, usual: str) -> list[Record] | str:
    """Return a record for each language but that of the source, or what is wrong."""
    if len(unit.segments) < 2:
        return f"a unit with {len(unit.segments)} language{'s' * (len(unit.segments) != 1)}: nothing to translate to"
    wanted = unit.attributes.get("srclang", usual).lower()
    source = next((each for each in unit.segments if each.language.lower() == wanted), None)
    source = source or next((each for each in unit.segments if _near(each.language, wanted)), unit.segments[0])
    return [_record(unit, source, other) for other in unit.segments if other is not source]


def _near(language: str, wanted: str) -> bool:
    return bool(wanted) and language.lower().partition("-")[0] == wanted.partition("-")[0]


def _record(unit: _Unit, source: _Segment, target: _Segment) -> Record:
    made: Record = {"source": "".join(source.text), "target": "".join(target.text)}
    made |= {"source_lang": source.language, "target_lang": target.language}
    rest = {key: value for key, value in unit.attributes.items() if key != "tuid"}
    made |= {"id": unit.attributes["tuid"]} if "tuid" in unit.attributes else {}
    made |= {"attributes": rest} if rest else {}
    made |= {"notes": unit.notes} if unit.notes else {}
    for name, segment in (("source", source), ("target", target)):
        made |= {f"{name}_xml": "".join(segment.inner)} if segment.codes else {}
        made |= {f"{name}_attributes": segment.attributes} if segment.attributes else {}
    return made


# ---------------------------------------------------------------------------------------------------- writing


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Write a unit for each record; return how many.

    Raises:
        UsageError: a record has no source, target and languages, or a text holds what XML cannot.
    """
    first = next((record for batch in batches() for record in batch), {})
    count = 0
    with container.create(path, compression) as file:
        language = quoted(str(first.get("source_lang") or "*all*"))
        file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n')
        file.write(f'<header srclang={language} datatype="plaintext" segtype="sentence" adminlang="en"'.encode())
        file.write(b' creationtool="sftformat" creationtoolversion="1" o-tmf="sftformat"/>\n<body>\n')
        for batch in batches():
            for record in batch:
                file.write(_written(record).encode())
                count += 1
        file.write(b"</body>\n</tmx>\n")
    return count


def held(names: Sequence[str]) -> list[str]:
    """Return the columns that a translation memory has a place for."""
    known = {"id", "attributes", "notes"}
    known |= {f"{side}{what}" for side in ("source", "target") for what in ("", "_lang", "_xml", "_attributes")}
    return [name for name in names if name in known]


def _written(record: Record) -> str:
    if not all(isinstance(record.get(key), str) for key in ("source", "target", "source_lang", "target_lang")):
        raise UsageError("TMX holds source, target and their languages; a record lacks one: write another format")
    identity = {"tuid": str(record["id"])} if record.get("id") is not None else {}
    parts = [f"<tu{_attributes({**identity, **(record.get('attributes') or {})})}>"]
    for kind, said in record.get("notes") or ():
        name = "note" if kind == "note" else f"prop type={quoted(_checked(kind))}"
        parts.append(f"<{name}>{_text(said)}</{name.partition(' ')[0]}>")
    for side in ("source", "target"):
        inner = record.get(f"{side}_xml") or _text(record[side])
        own = {"xml:lang": record[f"{side}_lang"], **(record.get(f"{side}_attributes") or {})}
        parts.append(f"<tuv{_attributes(own)}><seg>{inner}</seg></tuv>")
    return "".join([*parts, "</tu>\n"])


def _attributes(given: Mapping[str, str]) -> str:
    return "".join(f" {key}={quoted(_checked(str(value)))}" for key, value in given.items())


def _text(text: str) -> str:
    return escaped(_checked(text)).replace("\r", "&#13;")


def _checked(text: str) -> str:
    found = re.search(_NO_XML, text)
    if found is not None:
        raise UsageError(f"U+{ord(found[0]):04X} cannot stand in XML: take it out, or write another format")
    return text
