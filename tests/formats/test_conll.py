"""Column files: sentences end where a blank line stands, whatever blanks it holds, and every line is accounted for."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import UsageError
from sftformat.formats import ReadOptions

from ..conftest import Call
from .hostile import gather, read_bytes

WORD = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\0\ufeff "), min_size=1, max_size=5).filter(
    lambda word: not word.startswith("-DOCSTART-")
)
TAGS = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC"])
SENTENCE = st.lists(st.tuples(WORD, WORD, TAGS), min_size=1, max_size=4)


def record_of(sentence: list[tuple[str, str, str]]) -> dict[str, list[str]]:
    tokens, middle, tags = map(list, zip(*sentence, strict=True))
    return {"tokens": tokens, "column_2": middle, "ner_tags": tags}


@given(sentences=st.lists(SENTENCE, min_size=1, max_size=5), mark=st.sampled_from(["\t", " "]), data=st.data())
def test_sentences_are_what_stands_between_blank_lines(
    tmp_path: Path, sentences: list[list[tuple[str, str, str]]], mark: str, data: st.DataObject
) -> None:
    blank = st.lists(st.sampled_from(["", " ", "\t", " \t "]), min_size=1, max_size=3)
    text, starts = "", []
    for sentence in sentences:
        starts.append(text.count("\n") + 1)
        text += "".join(mark.join(cells) + "\n" for cells in sentence) + "".join(
            f"{line}\n" for line in data.draw(blank)
        )
    found = read_bytes(tmp_path, "x.conll", text.encode(), format="conll")
    assert found.records == [record_of(sentence) for sentence in sentences]
    assert found.lines == starts
    assert not found.rejects


@given(sentences=st.lists(SENTENCE, min_size=1, max_size=5))
def test_there_and_back(tmp_path: Path, sentences: list[list[tuple[str, str, str]]]) -> None:
    records = [record_of(sentence) for sentence in sentences]
    path = tmp_path / "back.conll"
    assert formats.write(path, "conll", None, lambda: [records], ["tokens", "column_2", "ner_tags"]) == len(records)
    found = gather(list(formats.read(formats.sniff(path, path.name, ReadOptions()))))
    assert found.records == records


@given(lines=st.lists(st.sampled_from(["a O", "b B-X", "", " ", "c", "d e O", "-DOCSTART- O", "#", "\0 O", "é O"])))
def test_every_line_is_in_a_sentence_a_reject_or_blank(tmp_path: Path, lines: list[str]) -> None:
    text = "\n".join(["x O", "", *lines, ""])
    data = text.encode("latin-1")
    found = read_bytes(tmp_path, "x.conll", data, format="conll")
    kept = [line for raw in (*found.raw, *(each.raw for each in found.rejects)) for line in raw.split(b"\n")]
    marks = sum(line.startswith("-DOCSTART-") for line in kept_or_marks(text))
    assert len(kept) + marks == sum(bool(line.strip()) for line in text.split("\n"))
    assert all(set(map(len, record_columns(record))) == {len(record["tokens"])} for record in found.records)


def kept_or_marks(text: str) -> list[str]:
    """Return the lines that begin a paragraph: only there does a mark begin a document."""
    lines = ["", *text.split("\n")]
    return [line for before, line in pairwise(lines) if not before.strip()]


def record_columns(record: dict[str, object]) -> list[list[str]]:
    return [value for key, value in record.items() if isinstance(value, list) and key != "comments"]


CONLL = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
 \t
# the second
Peter NNP B-NP B-PER

-DOCSTART- -X- O O
# SYM B-NP O
"""


def test_documents_comments_and_the_names_of_conll_2003(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "x.conll", CONLL.encode())
    assert found.records == [
        {
            "tokens": ["EU", "rejects"],
            "pos_tags": ["NNP", "VBZ"],
            "chunk_tags": ["B-NP", "B-VP"],
            "ner_tags": ["B-ORG", "O"],
            "document": 1,
        },
        {
            "tokens": ["Peter"],
            "pos_tags": ["NNP"],
            "chunk_tags": ["B-NP"],
            "ner_tags": ["B-PER"],
            "comments": ["# the second"],
            "document": 1,
        },
        {"tokens": ["#"], "pos_tags": ["SYM"], "chunk_tags": ["B-NP"], "ner_tags": ["O"], "document": 2},
    ]
    assert found.lines == [3, 6, 10]
    assert found.blank_lines == 0


@pytest.mark.parametrize("name", ["ner.txt", "ner.tsv", "ner"])
def test_recognized_by_its_content(call_here: Call, tmp_path: Path, name: str) -> None:
    text = "".join(f"word{n}\t{'B-X' if n % 3 == 0 else 'O'}\n" + "\n" * (n % 4 == 0) for n in range(40))
    (tmp_path / name).write_text(text)
    done = call_here("inspect", name)
    assert done.out.startswith(f"{name}  conll, utf-8")
    assert "layout  token-tags" in done.out


def test_a_damaged_sentence_is_rejected_with_its_line_and_can_be_mended(call_here: Call, tmp_path: Path) -> None:
    good = "Ann B-PER\nleft O\n\n" * 25
    (tmp_path / "a.conll").write_bytes(good.encode() + b"Bob B-PER\nleft\n\n" + good.encode() + b"Caf\xe9 O\n")
    done = call_here("convert", "a.conll", "-o", "out", "--ignore", "SFT401")
    assert done.code == 1
    assert "a.conll:77  expected 2 columns, got 1" in done.out
    assert "read 52 = written 50 + rejected 2" in done.out
    rejects = [json.loads(line) for line in (tmp_path / "out/rejects.jsonl").read_text().splitlines()]
    assert [(each["line"], each.get("raw")) for each in rejects] == [(76, "Bob B-PER\nleft"), (154, None)]
    (tmp_path / "mended.jsonl").write_text(json.dumps({**rejects[0], "raw": "Bob B-PER\nleft O"}) + "\n")
    done = call_here("convert", "mended.jsonl", "-o", "more.jsonl", "--to", "canonical")
    assert json.loads((tmp_path / "more.jsonl").read_text())["input"] == ["Bob", "left"]


@pytest.mark.parametrize(
    "record",
    [
        {"tokens": ["a b\tc"], "ner_tags": ["O"]},
        {"tokens": [""], "ner_tags": ["O"]},
        {"tokens": ["a"], "ner_tags": ["O", "O"]},
        {"tokens": ["-DOCSTART-"], "ner_tags": ["O"]},
        {"tokens": [], "ner_tags": []},
        {"tokens": ["a"]},
    ],
)
def test_what_a_column_file_cannot_hold_is_refused(tmp_path: Path, record: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError):
        formats.write(tmp_path / "x.conll", "conll", None, lambda: [[record]], ["tokens", "ner_tags"])


def test_lines_that_name_a_sentence_are_comments_of_any_width(tmp_path: Path) -> None:
    text = "# id 4b7\tdomain=en\nin _ _ O\nBern _ _ B-LOC\n\n# id 9c1\tdomain=en\n# _ _ O\n1 _ _ O\n"
    found = read_bytes(tmp_path, "a.conll", text.encode()).records
    assert [each["tokens"] for each in found] == [["in", "Bern"], ["#", "1"]]
    assert found[0]["comments"] == ["# id 4b7\tdomain=en"]


def test_numbers_of_tokens_are_no_tokens(call_here: Call, tmp_path: Path) -> None:
    text = "1\tin\tO\tO\n2\tBern\tB-LOC\tO\n\n1\tAnn\tB-PER\tO\n2\tsleeps\tO\tO\n"
    (tmp_path / "a.conll").write_text(text)
    done = call_here("validate", "a.conll")
    assert done.code == 2
    assert "the first column counts the tokens; name them, as in --no-header --columns number,tokens,ner" in done.err
    options = ("--no-header", "--columns", "number,tokens,ner_tags,nested")
    call_here("convert", "a.conll", "-o", "b.jsonl", "--to", "token-tags", *options)
    assert json.loads((tmp_path / "b.jsonl").read_text().splitlines()[0])["tokens"] == ["in", "Bern"]


@pytest.mark.parametrize("name", ["a.txt", "a.conll", "a.conllu"])
def test_the_ten_columns_are_told_by_content(call_here: Call, tmp_path: Path, name: str) -> None:
    text = "# sent_id = a\n1-2\tal\t_\t_\t_\t_\t_\t_\t_\t_\n1\ta\ta\tADP\t_\t_\t0\troot\t_\t_\n"
    (tmp_path / name).write_text(text + "2\tel\tel\tDET\t_\t_\t1\tdet\t_\t_\n\n")
    done = call_here("validate", name)
    assert f"{name}: conllu; layout token-tags" in done.err
    assert "input ← tokens, target ← upos, id ← sent_id" in done.err


def test_a_superscript_is_a_word_and_no_number_of_a_token(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("²\tO\nfilm\tO\n\nParis\tB-LOC\n²\tO\n", encoding="utf-8")
    done = call_here("validate", "a.conll")
    assert "read 2 = written 2" in done.out, done
