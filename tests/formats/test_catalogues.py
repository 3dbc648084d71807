"""Gettext catalogues and translation memories: what goes in comes out, and what is not used is accounted for."""

from __future__ import annotations

import contextlib
import gettext
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import InputError, UsageError
from sftformat.formats import ReadOptions
from sftformat.formats.po import quoted, unquoted

from ..conftest import Call
from .hostile import gather, read_bytes

TEXT = st.text(
    st.sampled_from('ab\n\t\\"é\U0001f600 #~x0\x07\r%<&') | st.characters(codec="utf-8", exclude_characters="\0\x04"),
    min_size=1,
    max_size=12,
)
SAFE = st.text(
    st.sampled_from('ab\n\t"é\U0001f600 \r<&>]x') | st.characters(codec="utf-8", min_codepoint=32), max_size=12
)
SAFE = SAFE.filter(lambda text: "\ufffe" not in text and "\uffff" not in text)
PAIR = st.fixed_dictionaries({"source": TEXT, "target": TEXT}, optional={"context": TEXT})


@given(text=st.text(st.characters(codec="utf-8"), max_size=20))
def test_quotes_there_and_back(text: str) -> None:
    assert unquoted(quoted(text)) == text or any(c < " " or c == "\x7f" for c in text)  # \x1 and a digit behind it


@given(records=st.lists(PAIR, min_size=1, max_size=5), forms=st.lists(TEXT, min_size=1, max_size=3))
def test_po_there_and_back(tmp_path: Path, records: list[dict[str, Any]], forms: list[str]) -> None:
    whole = {"of": len(forms), "one": "1", "many": "n"}
    plurals = [
        {
            "source": "1" if number == 0 and len(forms) > 1 else "n",
            "target": form,
            "plural": {"form": number, **whole},
        }
        for number, form in enumerate(forms)
    ]
    both = [*records, *plurals]
    path = tmp_path / "x.po"
    assert formats.write(path, "po", None, lambda: [both], []) == len(both)
    found = gather(list(formats.read(formats.sniff(path, path.name, ReadOptions()))))
    plain = [{**each, "plural": {**each["plural"]}} if "plural" in each else each for each in found.records]
    assert plain == both
    assert not found.rejects


LINES = [
    'msgid "a"',
    'msgstr "b"',
    'msgstr ""',
    '"more"',
    "",
    "# note",
    "#, fuzzy",
    '#~ msgid "o"',
    '#~ msgstr "p"',
    'msgid "x',
    'msgctxt "c"',
    'msgid_plural "as"',
    'msgstr[0] "b0"',
    'msgstr[1] "b1"',
    "garbage",
    "\0",
]


@given(lines=st.lists(st.sampled_from(LINES), max_size=12))
def test_every_line_of_a_catalogue_is_accounted_for(tmp_path: Path, lines: list[str]) -> None:
    """Every line that is not blank is in a record or a reject, but for comments at the end."""
    text = "\n".join(lines) + "\n"
    found = read_bytes(tmp_path, "x.po", b'msgid "h"\nmsgstr "k"\n\n' + text.encode())
    kept = {each.line: each.raw for each in found.rejects} | dict(zip(found.lines, found.raw, strict=True))
    words = [line for _, raw in sorted(kept.items()) for line in raw.decode().split("\n") if line.strip()]
    wanted = [line for line in ['msgid "h"', 'msgstr "k"', *lines] if line.strip()]
    while len(wanted) > len(words) and wanted[-1].startswith(("# ", "#,")):
        wanted.pop()
    assert words == wanted


def test_polib_reads_the_same(tmp_path: Path) -> None:
    polib = pytest.importorskip("polib")
    text = (
        '# head\nmsgid ""\nmsgstr ""\n"Language: pl\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        '#: a.c\nmsgid "%d file"\nmsgid_plural "%d files"\nmsgstr[0] "plik"\nmsgstr[1] "pliki"\nmsgstr[2] "plików"\n'
        'msgctxt "menu"\nmsgid ""\n"two\\n"\n"lines"\nmsgstr "dwie\\nlinie"\n\n'
        '#, fuzzy, c-format\nmsgid "f"\nmsgstr "g"\n\nmsgid "none"\nmsgstr ""\n\n#~ msgid "old"\n#~ msgstr "stary"\n'
    )
    (tmp_path / "x.po").write_text(text)
    found = read_bytes(tmp_path, "x.po", text.encode())
    peer = [each for each in polib.pofile(str(tmp_path / "x.po")) if each.translated()]
    pairs = [(each.msgid, each.msgstr) for each in peer if not each.msgid_plural]
    forms = [form for each in peer if each.msgid_plural for _, form in sorted(each.msgstr_plural.items())]
    assert [(each["source"], each["target"]) for each in found.records if "plural" not in each] == pairs
    assert [each["target"] for each in found.records if "plural" in each] == forms
    assert [each["source"] for each in found.records if "plural" in each] == ["%d file", "%d files", "%d files"]
    assert {each["target_lang"] for each in found.records} == {"pl"}
    said = [each.diagnostics[0].message for each in found.rejects]
    assert [each.reason for each in found.rejects] == ["filtered"] * 3
    assert [words.split(":")[0] for words in said] == [
        "the translation is fuzzy",
        "the message is not translated",
        "the entry is obsolete",
    ]


def mo_of(pairs: dict[str, str], order: str = "<") -> bytes:
    """Return a catalogue as msgfmt makes it, in either byte order."""
    keys = sorted(pairs, key=str.encode)
    ids, texts = [key.encode() for key in keys], [pairs[key].encode() for key in keys]
    at = 28 + 16 * len(keys)
    tables: list[int] = []
    for held in (ids, texts):
        for text in held:
            tables += [len(text), at]
            at += len(text) + 1
    head = struct.pack(f"{order}7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0)
    return head + struct.pack(f"{order}{len(tables)}I", *tables) + b"".join(text + b"\0" for text in ids + texts)


HEADER = "Content-Type: text/plain; charset=UTF-8\nLanguage: de\n"


@given(
    pairs=st.dictionaries(TEXT, TEXT, max_size=6),
    order=st.sampled_from(["<", ">"]),
)
def test_mo_is_read_as_gettext_reads_it(tmp_path: Path, pairs: dict[str, str], order: str) -> None:
    data = mo_of({"": HEADER, **pairs}, order)
    (tmp_path / "x.mo").write_bytes(data)
    found = read_bytes(tmp_path, "x.mo", data)
    with open(tmp_path / "x.mo", "rb") as file:
        peer = gettext.GNUTranslations(file)
    assert {each["source"]: each["target"] for each in found.records} == pairs
    assert all(peer.gettext(each["source"]) == each["target"] for each in found.records)
    assert all(each["target_lang"] == "de" for each in found.records)


@given(
    records=st.lists(PAIR, max_size=5, unique_by=lambda each: (each["source"], each.get("context"))),
    forms=st.lists(TEXT, min_size=1, max_size=3),
)
def test_a_written_mo_is_what_gettext_reads(tmp_path: Path, records: list[dict[str, Any]], forms: list[str]) -> None:
    whole = {"of": len(forms), "one": "\x01", "many": "n"}
    plurals: list[dict[str, Any]] = [
        {"source": "\x01" if n == 0 and len(forms) > 1 else "n", "target": form, "plural": {"form": n, **whole}}
        for n, form in enumerate(forms)
    ]
    both = [{**each, "target_lang": "de"} for each in [*records, *plurals]]
    path = tmp_path / "x.mo"
    assert formats.write(path, "mo", None, lambda: [both], []) == len(both)
    found = read_bytes(tmp_path, "x.mo", path.read_bytes())
    assert sorted(map(json.dumps, found.records)) == sorted(map(json.dumps, ordered(both)))
    with open(path, "rb") as file:
        peer = gettext.GNUTranslations(file)
    for each in records:
        said = peer.pgettext(each["context"], each["source"]) if "context" in each else peer.gettext(each["source"])
        assert said == each["target"]


def ordered(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records with their keys in the order in which they are read."""
    names = ("source", "target", "target_lang", "context", "plural")
    return [{name: each[name] for name in names if name in each} for each in records]


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([{"source": "a", "target": "b"}, {"source": "a", "target": "c"}], "one translation of a message"),
        ([{"source": "a", "target": None}], "and a row has not"),
        ([{"source": "a\0", "target": "b"}], "and a row has not"),
        ([{"source": "a", "target": "b", "target_lang": t} for t in ("de", "fr")], "in one language"),
    ],
)
def test_what_a_mo_cannot_hold(tmp_path: Path, records: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        formats.write(tmp_path / "x.mo", "mo", None, lambda: [records], [])


@given(cut=st.integers(4, 60), data=st.binary(max_size=20))
def test_a_damaged_mo_is_an_error_or_read(tmp_path: Path, cut: int, data: bytes) -> None:
    whole = mo_of({"": HEADER, "a": "b", "c\0cs": "d\0e"})
    with contextlib.suppress(InputError):
        found = read_bytes(tmp_path, "x.mo", whole[:cut] + data)
        assert all({"source", "target"} <= each.keys() for each in found.records)


@given(records=st.lists(st.fixed_dictionaries({"source": SAFE, "target": SAFE}), min_size=1, max_size=4))
def test_tmx_there_and_back(tmp_path: Path, records: list[dict[str, str]]) -> None:
    both = [{**each, "source_lang": "en", "target_lang": "de"} for each in records]
    path = tmp_path / "x.tmx"
    formats.write(path, "tmx", None, lambda: [both], [])
    found = gather(list(formats.read(formats.sniff(path, path.name, ReadOptions()))))
    assert found.records == both


TMX = """<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
<tu tuid="7" changeid="me"><note>n</note><tuv xml:lang="de"><seg>Guten &amp; Tag</seg></tuv>
<tuv xml:lang="en-GB"><seg>Good <bpt i="1">&lt;b&gt;</bpt>day</seg></tuv><tuv lang="fr"><seg>Bonjour</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>alone</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>cut
"""


def test_tmx_units_languages_codes_and_damage(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "x.tmx", TMX.encode())
    shared = {
        "source": "Good day",
        "source_lang": "en-GB",
        "id": "7",
        "attributes": {"changeid": "me"},
        "notes": [["note", "n"]],
        "source_xml": 'Good <bpt i="1">&lt;b&gt;</bpt>day',
    }
    assert found.records == [
        {**shared, "target": "Guten & Tag", "target_lang": "de"},
        {**shared, "target": "Bonjour", "target_lang": "fr"},
    ]
    assert found.lines == [4, 4]
    assert found.raw[0].decode() == "\n".join(TMX.split("\n")[3:5])
    assert [(each.line, each.diagnostics[0].code) for each in found.rejects] == [(6, "SFT019"), (8, "SFT019")]


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "x"><!ENTITY b "&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://localhost/x"> %a;',
    ],
)
def test_entities_are_refused(call_here: Call, tmp_path: Path, declared: str) -> None:
    text = f"<!DOCTYPE tmx [{declared}]>" + TMX.split("\n", 2)[2]
    (tmp_path / "x.tmx").write_text(text)
    done = call_here("validate", "x.tmx")
    assert (done.code, done.out) == (2, "")
    assert "declares the entity 'a', which is not read" in done.err


def test_a_mended_entry_is_read_again(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "x.po").write_text(
        'msgid "a"\nmsgstr "b"\n\nmsgid "n\nmsgid_plural "ns"\nmsgstr[0] "m"\nmsgstr[1] "ms"\n'
    )
    assert "read 2 = written 1 + rejected 1" in call_here("convert", "x.po", "-o", "out").out
    (line,) = [json.loads(each) for each in (tmp_path / "out/rejects.jsonl").read_text().splitlines()]
    (tmp_path / "m.jsonl").write_text(json.dumps({**line, "raw": line["raw"].replace('"n\n', '"n"\n')}) + "\n")
    assert "read 2 = written 2" in call_here("convert", "m.jsonl", "-o", "more").out


def test_a_catalogue_in_latin_1_says_so(tmp_path: Path) -> None:
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=ISO-8859-1\\n"\n\nmsgid "door"\nmsgstr "Tür"\n'
    found = read_bytes(tmp_path, "x.po", text.encode("latin-1"))
    assert [each["target"] for each in found.records] == ["Tür"]


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "\ufffe"])
def test_what_xml_cannot_hold_is_refused(tmp_path: Path, text: str) -> None:
    record = {"source": text, "target": "b", "source_lang": "en", "target_lang": "de"}
    with pytest.raises(UsageError, match="cannot stand in XML"):
        formats.write(tmp_path / "x.tmx", "tmx", None, lambda: [[record]], [])
