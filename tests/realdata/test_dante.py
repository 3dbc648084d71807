"""dante-corpora 2.0.5: Portuguese posts and reports in CoNLL-U; every line counted again in plain Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..conftest import Call
from .archives import member

pytestmark = pytest.mark.slow


#: Sentences of dantestocks that are damaged: an id is left out, or a line has a tab too many.
DAMAGED = {12944: "the id 2, got '3'", 44254: "10 columns, got 11", 63860: "10 columns, got 11"}


def test_damaged_sentences_are_rejected_whole(call_here: Call, tmp_path: Path) -> None:
    data = member("dante_corpora-2.0.5", "dante/data/dantestocks/annotated.conllu")
    (tmp_path / "a.conllu").write_bytes(data)
    done = call_here("convert", "a.conllu", "-o", "out", "--select", "SFT0,SFT1")
    assert "read 4,048 = written 4,045 + rejected 3 + duplicate 0 + filtered 0" in done.out
    assert all(
        f"a.conllu:{line}  expected {words.removeprefix('expected ')}" in done.out for line, words in DAMAGED.items()
    )
    lines = data.decode().split("\n")
    for each in map(json.loads, (tmp_path / "out/rejects.jsonl").read_text("utf-8").splitlines()):
        count = each["raw"].count("\n") + 1
        assert each["raw"].split("\n") == lines[each["line"] - 1 : each["line"] - 1 + count]
        assert not lines[each["line"] - 1 + count].strip()


def test_every_line_is_where_it_was(call_here: Call, tmp_path: Path) -> None:
    data = member("dante_corpora-2.0.5", "dante/data/petrogold/annotated.conllu")
    (tmp_path / "a.conllu").write_bytes(data)
    done = call_here("convert", "a.conllu", "-o", "a.jsonl", "--max-findings", "0", "--select", "SFT0,SFT1")
    assert "read 9,127 = written 9,127 + rejected 0" in done.out
    records = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    blocks = [block.split("\n") for block in data.decode().replace("\r\n", "\n").split("\n\n") if block.strip()]
    assert len(records) == len(blocks)
    words = [[line.split("\t") for line in block if line[:1].isdigit()] for block in blocks]
    plain = [[cells for cells in sentence if cells[0].isdigit()] for sentence in words]
    assert [record["tokens"] for record in records] == [[cells[1] for cells in each] for each in plain]
    assert [record["upos"] for record in records] == [[cells[3] for cells in each] for each in plain]
    others = sum(len(both) - len(own) for both, own in zip(words, plain, strict=True))
    assert sum(len(record.get("other_lines", ())) for record in records) == others
    call_here("convert", "a.conllu", "-o", "back.conllu", "--max-findings", "0", "--select", "SFT0,SFT1")
    back = (tmp_path / "back.conllu").read_bytes()
    assert back == data


def test_another_tag_by_name(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.conllu").write_bytes(member("dante_corpora-2.0.5", "dante/data/petrogold/annotated.conllu"))
    options = ("--map", "target=deprel", "--to", "canonical", "--max-findings", "0", "--limit", "5")
    call_here("convert", "a.conllu", "-o", "b.jsonl", *options)
    first = json.loads((tmp_path / "b.jsonl").read_text("utf-8").splitlines()[0])
    assert len(first["input"]) == len(first["target"])
    assert "root" in first["target"]
