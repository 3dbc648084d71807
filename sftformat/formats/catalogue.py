"""What the catalogues of gettext hold, as text (`.po`) and as the programs read them (`.mo`): entries and a header."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sftformat.errors import UsageError
from sftformat.formats.shape import Batches
from sftformat.record import Record

CHARSET = re.compile(r"Content-Type:[^\n]*charset=([\w-]+)", re.IGNORECASE)


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


# ---------------------------------------------------------------------------------------------------- writing


def header(batches: Batches) -> str:
    """Return the text of the header for some records, which says their languages.

    Raises:
        UsageError: they are in several languages.
    """
    lines = ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8"]
    for key, name in (("target_lang", "Language"), ("source_lang", "X-Source-Language")):
        held = sorted({str(lang) for batch in batches() for each in batch if (lang := each.get(key))})
        if len(held) > 1:
            raise UsageError(f"a catalogue is in one language; {key} is {', '.join(held[:4])}")
        lines += [f"{name}: {tag}" for tag in held]
    return "".join(line + "\n" for line in lines)


def entries(batches: Batches) -> Iterator[tuple[Entry, int]]:
    """Yield the entries of records, each with how many of these it holds: forms of one plural are one entry again.

    Raises:
        UsageError: a record has no source and target.
    """
    held: list[Record] = []
    for record in (each for batch in batches() for each in batch):
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
