"""dante-corpora 2.0.5: Portuguese posts and reports in CoNLL-U; every line counted again in plain Python."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from ..conftest import Call
from .archives import member

pytestmark = pytest.mark.slow

WHEEL = "dante_corpora-2.0.5"

#: Sentences of dantestocks that are damaged: an id is left out, or a line has a tab too many.
DAMAGED = {12944: "the id 2, got '3'", 44254: "10 columns, got 11", 63860: "10 columns, got 11"}


def test_damaged_sentences_are_rejected_whole(call_here: Call, tmp_path: Path) -> None:
    data = member(WHEEL, "dante/data/dantestocks/annotated.conllu")
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
    data = member(WHEEL, "dante/data/petrogold/annotated.conllu")
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
    (tmp_path / "a.conllu").write_bytes(member(WHEEL, "dante/data/petrogold/annotated.conllu"))
    options = ("--map", "target=deprel", "--to", "canonical", "--max-findings", "0", "--limit", "5")
    call_here("convert", "a.conllu", "-o", "b.jsonl", *options)
    first = json.loads((tmp_path / "b.jsonl").read_text("utf-8").splitlines()[0])
    assert len(first["input"]) == len(first["target"])
    assert "root" in first["target"]


def cells(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of dantestocks as the standard library reads them."""
    return list(csv.DictReader(io.StringIO(member(WHEEL, f"dante/data/dantestocks/{name}").decode(), newline="")))


def test_texts_and_emotions_of_two_files_joined_by_id(call_here: Call, tmp_path: Path) -> None:
    """-1 says that annotators disagree, -2 the same of the opposite: such a row has no sound label for it."""
    for name in ("base.csv", "emotion.csv"):
        (tmp_path / name).write_bytes(member(WHEEL, f"dante/data/dantestocks/{name}"))
    labels = ("TRU", "DIS", "JOY", "SAD", "ANT", "SUR", "ANG", "FEA")
    maps = [option for label in labels for option in ("--map", f"target/{label}={label}")]
    shape = ("--layout", "one-hot", "--map", "input=Content", "--map", "id=Tweet_ID", *maps)
    options = ("--join", "base.csv:Tweet_ID", *shape, "--select", "SFT0,SFT1,SFT302", "--max-findings", "0")
    done = call_here("convert", "emotion.csv", "-o", "a.jsonl", "--to", "canonical", *options)
    texts = {row["Tweet_ID"]: row["Content"] for row in cells("base.csv")}
    wanted = {
        row["Tweet_ID"]: (texts[row["Tweet_ID"]], sorted(label for label in labels if row[label] == "1"))
        for row in cells("emotion.csv")
        if all(row[label] in "01" for label in labels)
    }
    assert (len(texts), len(wanted)) == (4517, 1979)
    assert "read 4,517 = written 1,979 + rejected 2,538 + duplicate 0 + filtered 0" in done.out
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").split("\n")[:-1]]
    assert {row["id"]: (row["input"], row["target"]) for row in rows} == wanted
    assert len(rows) == len(wanted)


def test_sentences_and_texts_joined_by_id(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.conllu").write_bytes(member(WHEEL, "dante/data/dantestocks/annotated.conllu"))
    table = cells("base.csv")
    kept = table[::2]
    with open(tmp_path / "half.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows([*kept, kept[0]])
    texts = {row["Tweet_ID"]: row["Content"] for row in kept[1:]}
    options = ("--join", "half.csv:sent_id=Tweet_ID", "--select", "SFT0,SFT1", "--max-findings", "0")
    done = call_here("convert", "a.conllu", "-o", "a.jsonl", *options)
    records = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").split("\n")[:-1]]
    damaged = len(DAMAGED)
    assert f"read 4,048 = written {len(records):,} + rejected {4048 - len(records):,}" in done.out
    ids = [line[12:] for line in (tmp_path / "a.conllu").read_text("utf-8").split("\n") if line[:12] == "# sent_id = "]
    assert len(ids) == 4048
    lost = [json.loads(line) for line in (tmp_path / "a.jsonl.rejects.jsonl").read_text("utf-8").split("\n")[:-1]]
    codes = Counter(each["diagnostics"][0]["code"] for each in lost)
    assert codes == {"SFT012": damaged, "SFT022": 4048 - damaged - len(records)}
    damaged_ones = (each["raw"] for each in lost if each["diagnostics"][0]["code"] == "SFT012")
    unreadable = {raw.split("# sent_id = ")[1].split("\n")[0].rstrip("\r") for raw in damaged_ones}
    assert [record["sent_id"] for record in records] == [own for own in ids if own in texts and own not in unreadable]
    assert all(record["Content"] == texts[record["sent_id"]] for record in records)
