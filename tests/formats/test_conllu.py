"""CoNLL-U: words are the record, and every other line of a sentence is kept where it stood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.formats import ReadOptions
from sftformat.formats.conllu import COLUMNS

from ..conftest import Call
from .hostile import gather, read_bytes

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\0\ufeff"), min_size=1, max_size=5).filter(
    lambda cell: bool(cell.strip())
)


@st.composite
def sentence(draw: st.DrawFn) -> list[str]:
    lines = [f"# {text}" for text in draw(st.lists(CELL, max_size=2))]
    for number in range(1, draw(st.integers(1, 4)) + 1):
        if draw(st.booleans()):
            lines.append("\t".join([f"{number}-{number + 1}", draw(CELL), *"_" * 8]))
        lines.append("\t".join([str(number), *draw(st.lists(CELL, min_size=9, max_size=9))]))
        if draw(st.booleans()):
            lines.append("\t".join([f"{number}.1", draw(CELL), *"_" * 8]))
    return lines


@given(sentences=st.lists(sentence(), min_size=1, max_size=4), blank=st.sampled_from(["", " ", "\t"]))
def test_every_line_comes_back(tmp_path: Path, sentences: list[list[str]], blank: str) -> None:
    text = "".join("\n".join([*lines, blank, ""]) for lines in sentences)
    found = read_bytes(tmp_path, "x.conllu", text.encode())
    assert not found.rejects
    assert len(found.records) == len(sentences)
    assert [record["tokens"] for record in found.records] == [
        [line.split("\t")[1] for line in lines if line.partition("\t")[0].isdigit()] for lines in sentences
    ]
    path = tmp_path / "back.conllu"
    formats.write(path, "conllu", None, lambda: [found.records], [])
    assert path.read_text("utf-8") == "".join("\n".join([*lines, "", ""]) for lines in sentences)
    again = gather(list(formats.read(formats.sniff(path, path.name, ReadOptions()))))
    assert again.records == found.records


TEXT = """# newdoc
# sent_id = s-1
1-2\tdo\t_\t_\t_\t_\t_\t_\t_\t_
1\tde\tde\tADP\tE\t_\t3\tcase\t_\t_
2\to\to\tDET\tA\t_\t3\tdet\t_\t_
3\tmar\tmar\tNOUN\tN\t_\t0\troot\t_\t_
3.1\tvai\tir\tVERB\t_\t_\t_\t_\t_\t_

# sent_id = s-2
1\tSim\tsim\tINTJ\tI\t_\t0\troot\t_\tSpaceAfter=No
"""


def test_words_tags_and_what_is_kept(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.conllu").write_text(TEXT)
    call_here("convert", "a.conllu", "-o", "a.jsonl", "--to", "canonical")
    first, second = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    assert (first["id"], first["input"], first["target"]) == ("s-1", ["de", "o", "mar"], ["ADP", "DET", "NOUN"])
    assert (second["id"], second["source"]["line"]) == ("s-2", 9)
    kept = json.loads(first["meta"])
    assert kept["comments"] == ["# newdoc", "# sent_id = s-1"]
    assert [before for before, _ in kept["other_lines"]] == [0, 3]
    assert set(kept) == {*COLUMNS, "comments", "other_lines"} - {"tokens", "upos"}
    call_here("convert", "a.conllu", "-o", "b.conllu")
    assert (tmp_path / "b.conllu").read_text() == TEXT + "\n"
    call_here("convert", "a.conllu", "-o", "b.jsonl", "--to", "canonical", "--map", "target=xpos")
    assert json.loads((tmp_path / "b.jsonl").read_text("utf-8").splitlines()[0])["target"] == ["E", "A", "N"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1\tx\ty", "expected 10 columns, got 3"),
        ("2\t" + "\t".join("abcdefghi"), "expected the id 1, got '2'"),
        ("# only a comment", "a sentence without a word"),
    ],
)
def test_a_damaged_sentence_is_rejected_and_reading_goes_on(
    call_here: Call, tmp_path: Path, line: str, words: str
) -> None:
    (tmp_path / "a.conllu").write_text(f"{TEXT}\n{line}\n\n{TEXT.replace('s-', 't-')}")
    done = call_here("convert", "a.conllu", "-o", "out", "--select", "SFT0")
    assert "read 5 = written 4 + rejected 1" in done.out
    assert words in done.out
    assert json.loads((tmp_path / "out/rejects.jsonl").read_text())["raw"] == line


def test_every_line_of_a_sentence_leads_to_it(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.conllu").write_text(TEXT)
    assert "line 5 is part of a record (lines 1 to 7)" in call_here("explain", "a.conllu:5").out


def test_tags_of_another_layout_are_written_with_ids(call_here: Call, tmp_path: Path) -> None:
    record = {"tokens": ["It", "rains"], "pos_tags": ["PRON", "VERB"], "id": "s7"}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    call_here("convert", "a.jsonl", "-o", "a.conllu")
    assert (tmp_path / "a.conllu").read_text() == (
        "# sent_id = s7\n1\tIt\t_\tPRON" + "\t_" * 6 + "\n2\trains\t_\tVERB" + "\t_" * 6 + "\n\n"
    )
