"""Training data of Rasa in its three forms: true lines, marks taken off and put on again, nothing passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml as peer
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import InputError, UsageError
from sftformat.formats import annotated

from ..conftest import Call
from .hostile import read_bytes

TEXT = st.text(
    st.sampled_from("ab é-#:[](){}'\"\\|>&*!%@`\t\u2028\x85\x07\U0001f600\ufeff") | st.characters(codec="utf-8"),
    max_size=12,
)
WORD = st.text(st.sampled_from("abé 0-_"), min_size=1, max_size=6).filter(lambda text: text.strip() == text)
ENTITY = st.fixed_dictionaries({"entity": WORD}, optional={"value": TEXT, "role": WORD, "group": WORD})


@st.composite
def examples(draw: st.DrawFn) -> dict[str, Any]:
    """Return an example whose entities stand on words of its text."""
    pieces: list[str] = []
    entities: list[dict[str, Any]] = []
    for word in draw(st.lists(WORD, min_size=1, max_size=4)):
        start = len(" ".join([*pieces, ""]))
        pieces.append(word)
        for said in draw(st.lists(ENTITY, max_size=2)):
            entities.append({"start": start, "end": start + len(word), "value": word, **said})
    return {"text": " ".join(pieces), "intent": draw(WORD), **({"entities": entities} if entities else {})}


@given(records=st.lists(examples(), min_size=1, max_size=5), kind=st.sampled_from(["yml", "md"]))
def test_examples_there_and_back(tmp_path: Path, records: list[dict[str, Any]], kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    name = {"yml": "rasa", "md": "rasa-md"}[kind]
    try:
        formats.write(path, name, None, lambda: [records], [])
    except UsageError:  # a value that JSON in braces cannot hold
        assert any(annotated.write(each["text"], each.get("entities", ())) is None for each in records) or kind == "md"
        return
    found = read_bytes(tmp_path, path.name, path.read_bytes())
    assert not found.rejects
    assert found.records == records
    physical = path.read_text("utf-8").split("\n")
    for record, line in zip(found.records, found.lines, strict=True):
        assert record["text"].split(" ")[0] in physical[line - 1]


@given(texts=st.lists(TEXT, min_size=1, max_size=4), intent=TEXT.filter(bool))
def test_any_text_comes_back_or_is_refused(tmp_path: Path, texts: list[str], intent: str) -> None:
    records = [{"text": text, "intent": intent} for text in texts]
    path = tmp_path / "x.yml"
    if any(annotated.read(text) != (text, []) for text in texts):
        with pytest.raises(UsageError, match="sees some in the text"):
            formats.write(path, "rasa", None, lambda: [records], [])
        return
    formats.write(path, "rasa", None, lambda: [records], [])
    found = read_bytes(tmp_path, path.name, path.read_bytes())
    assert (found.records, found.rejects) == (records, [])
    (section,) = peer.safe_load(path.read_text("utf-8"))["nlu"]
    assert section["intent"] == intent
    if isinstance(section["examples"], list):
        assert [each["text"] for each in section["examples"]] == texts
    else:
        assert [line.removeprefix("- ") for line in section["examples"].splitlines()] == texts


NLU = """version: "3.1"
nlu:
- intent: greet   # by hand
  examples: |

    - hey
    - hello \u2028there
    not one
    -
    # nor this
- lookup: city
  examples: |
    - Berlin
- intent: travel/ask
  metadata: {tone: dry}
  examples: |
    - to [Berlin](city:berlin) and [Rome]{"entity": "city", "role": "to"}
    - off to [x]{nope}
- intent: folded
  examples: >
    - one
    more
- intent: listed
  examples:
  - text: |
      from a list
    metadata: {n: 1.10}
  - " kept "
  - metadata: 1
- intent: none
- synonym: b
  examples: |
    - B
stories:
- story: s
"""
WANTED = [
    (6, {"text": "hey", "intent": "greet"}),
    (7, {"text": "hello \u2028there", "intent": "greet"}),
    (
        17,
        {
            "text": "to Berlin and Rome",
            "intent": "travel/ask",
            "entities": [
                {"start": 3, "end": 9, "value": "berlin", "entity": "city"},
                {"start": 14, "end": 18, "value": "Rome", "entity": "city", "role": "to"},
            ],
            "intent_metadata": {"tone": "dry"},
        },
    ),
    (20, {"text": "one more", "intent": "folded"}),
    (25, {"text": "from a list", "intent": "listed", "metadata": {"n": 1.1}}),
    (28, {"text": " kept ", "intent": "listed"}),
]


@pytest.mark.parametrize(("ends", "mark"), [("\n", b""), ("\r\n", b"\xef\xbb\xbf")])
def test_every_line_is_an_example_a_reject_or_named(tmp_path: Path, ends: str, mark: bytes) -> None:
    found = read_bytes(tmp_path, "nlu.yml", mark + NLU.replace("\n", ends).encode())
    plain = json.loads(json.dumps(found.records, default=float))
    assert list(zip(found.lines, plain, strict=True)) == WANTED
    assert [(each.line, each.diagnostics[0].code) for each in found.rejects] == [
        (line, "SFT019") for line in (8, 9, 10, 18, 29, 30)
    ]
    data = mark + NLU.replace("\n", ends).encode()
    assert all(data[each.byte or 0 :].startswith(each.raw) for each in found.rejects)
    assert found.codes.count("SFT021") == 2


MARKDOWN = """# Title
free text
<!-- - no
- example -->
## intent:greet
- hey
* hello [Rome](city)
oops
- caf\udce9

## synonym:x
- y
## intent:bye
- bye
## intent:
- of nothing
"""


def test_markdown_line_by_line(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "nlu.md", MARKDOWN.encode("utf-8", "surrogateescape"))
    assert [(line, record["text"]) for line, record in zip(found.lines, found.records, strict=True)] == [
        (6, "hey"),
        (7, "hello Rome"),
        (14, "bye"),
    ]
    assert [(each.line, each.diagnostics[0].code) for each in found.rejects] == [
        (8, "SFT019"),
        (9, "SFT006"),
        (16, "SFT019"),
    ]


@given(
    rows=st.lists(st.fixed_dictionaries({"text": TEXT, "intent": TEXT}), max_size=5),
    indent=st.sampled_from([None, 0, 2]),
    first=st.booleans(),
)
def test_json_element_by_element(tmp_path: Path, rows: list[dict[str, str]], indent: int | None, first: bool) -> None:
    other = {"lookup_tables": [{"elements": ['{"rasa_nlu_data": [', "]"]}]}
    held = {"common_examples": rows}
    data = json.dumps({"rasa_nlu_data": {**other, **held} if first else {**held, **other}}, indent=indent)
    found = read_bytes(tmp_path, "nlu.json", data.encode())
    assert (found.records, found.rejects) == (rows, [])
    lines = data.split("\n")
    assert all(lines[line - 1].lstrip().startswith("{") or indent is None for line in found.lines)


def test_an_element_that_is_no_record_is_a_reject(tmp_path: Path) -> None:
    data = b'{"rasa_nlu_data": {"common_examples": [\n{"text": "a", "intent": "b"},\n7,\n{"text": "a", "text": "b"}]}}'
    found = read_bytes(tmp_path, "nlu.json", data)
    assert [(each.line, each.diagnostics[0].code) for each in found.rejects] == [(3, "SFT002"), (4, "SFT003")]
    assert found.lines == [2]
    with pytest.raises(InputError, match="no JSON of Rasa"):
        read_bytes(tmp_path, "nlu.json", data[:-1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nlu:\n- &a x\n- *a\n", r"an alias \(\*a\)"),
        ("nlu:\n- {intent: a\n", "no YAML at line 3"),
        ("nlu: !!python/object:os.system x\n", "the tag"),
        ("nlu: " + "[" * 600 + "]" * 600, "nested deeper than 512"),
        ("nlu: \x07\n", "no YAML"),
        ("nlu:\n- intent: caf\udce9\n", "not utf-8"),
    ],
)
def test_what_is_no_yaml_is_refused_whole(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_bytes(tmp_path, "nlu.yml", text.encode("utf-8", "surrogateescape"))


def test_a_project_folder(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/nlu.yml").write_text(NLU)
    (tmp_path / "data/stories.yml").write_text("stories:\n- story: s\n")
    (tmp_path / "data/old.md").write_text("## intent:bye\n- bye\n")
    (tmp_path / "data/README.md").write_text("# Read me\n- bye\n")
    done = call_here("convert", "data", "-o", "a.jsonl", "--to", "canonical", "--select", "SFT0")
    assert "read 13 = written 7 + rejected 6" in done.out
    assert "data/nlu.yml:1  no examples, so not read: 1 × lookup, 1 × stories, 1 × synonym" in done.out
    assert "data/nlu.yml:1  2 examples with entities" not in done.out
    assert "data/nlu.yml:1  1 example with entities: the intent is learned, these are kept in meta" in done.out
    assert "skipped README.md" in done.err
    assert "skipped stories.yml" in done.err
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").split("\n")[:-1]]
    kept = {row["source"]["line"]: row["meta"] for row in rows if "meta" in row and row["source"]["file"] == "nlu.yml"}
    assert json.loads(kept[17])["entities"][1]["role"] == "to"
    assert '"n":1.10' in kept[25]


def test_mended_rejects_are_read_again(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "nlu.yml").write_text(NLU)
    call_here("convert", "nlu.yml", "-o", "out", "-q")
    first, *_ = [json.loads(line) for line in (tmp_path / "out/rejects.jsonl").read_text().splitlines()]
    first["raw"] = json.dumps({"text": "one", "intent": "greet"})
    (tmp_path / "mended.jsonl").write_text(json.dumps(first) + "\n")
    call_here("convert", "mended.jsonl", "-o", "b.jsonl", "-q")
    assert json.loads((tmp_path / "b.jsonl").read_text()) == {"text": "one", "intent": "greet"}


def test_from_a_csv(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,label\nhi,greet\nhey,greet\n"two\nlines",bye\n')
    assert call_here("convert", "a.csv", "-o", "a.yml", "--to", "rasa", "-q").code == 0
    assert (tmp_path / "a.yml").read_text() == (
        'version: "3.1"\n\nnlu:\n- intent: greet\n  examples: |\n    - hi\n    - hey\n\n'
        '- intent: bye\n  examples:\n  - text: "two\\nlines"\n\n'
    )
    assert "write .yml" in call_here("convert", "a.csv", "-o", "a.md", "--to", "rasa", "-q").err
    assert "is a .yml" in call_here("convert", "a.csv", "-o", "b.csv", "--to", "rasa", "-q").err
    (tmp_path / "b.csv").write_text("text,label\nsee [here](now),x\n")
    done = call_here("convert", "b.csv", "-o", "b.yml", "--to", "rasa", "-q")
    assert (done.code, "sees some in the text" in done.err, (tmp_path / "b.yml").exists()) == (2, True, False)


def test_comments_of_markdown_are_no_text(tmp_path: Path) -> None:
    text = "## intent:a\n- one <!-- x -->\n<!-- two\n- three\n--> \n- four<!-- y --> five\n<!-- z -->- six\n"
    batch = read_bytes(tmp_path, "a.md", text.encode())
    assert [each["text"] for each in batch.records] == ["one", "four five", "six"]
    assert (list(batch.lines), batch.rejects) == ([2, 6, 7], [])
