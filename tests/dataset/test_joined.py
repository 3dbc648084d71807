"""Two files joined by a key: every row has its one partner, is a reject with its place, or is counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.formats import ReadOptions, read, sniff
from sftformat.formats.joined import parse, partners, unasked
from sftformat.formats.source import Join

from ..conftest import Call

KEYS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", ""]), max_size=8)


@given(left=KEYS, right=KEYS.map(lambda keys: [key for key in keys if key]))
@settings(max_examples=60)
def test_one_partner_or_a_reject(tmp_path: Path, left: list[str], right: list[str]) -> None:
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text("".join(json.dumps({"id": key, "n": n}) + "\n" for n, key in enumerate(left)))
    other.write_text("".join(json.dumps({"key": key, "m": m}) + "\n" for m, key in enumerate(right)))
    join = Join(other, "other.jsonl", "id", "key", f"{left}{right}")
    found = list(read(sniff(one, "one.jsonl", ReadOptions()), ReadOptions(join=join)))
    count = Counter(right)
    wanted = [{"id": key, "n": n, "m": right.index(key)} for n, key in enumerate(left) if count[key] == 1]
    assert [record for batch in found for record in batch.records] == wanted
    assert [line for batch in found for line in batch.lines] == [record["n"] + 1 for record in wanted]
    rejects = [reject for batch in found for reject in batch.rejects]
    assert [each.line for each in rejects] == [n for n, key in enumerate(left, 1) if count[key] != 1]
    assert {each.diagnostics[0].code for each in rejects} <= {"SFT022"}
    known = partners(join, read(sniff(other, "other.jsonl", ReadOptions())))
    left_over = unasked(known, read(sniff(one, "one.jsonl", ReadOptions())))
    many = sum(key not in left for key in right)
    assert (left_over.message if left_over else "0 of").startswith(f"{many} of {len(right)}" if many else "0 of")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("a.csv:id", ("a.csv", "id", "id")),
        ("a.csv:id=Tweet_ID", ("a.csv", "id", "Tweet_ID")),
        ("C:/x:id", ("C:/x", "id", "id")),
    ],
)
def test_what_is_said(said: str, wanted: tuple[str, str, str]) -> None:
    assert parse(said) == wanted


def files(folder: Path) -> None:
    (folder / "labels.csv").write_text("id,label\n1,pos\n2,neg\n3,pos\n9,neg\n4,pos\n,pos\n")
    (folder / "texts.jsonl").write_text(
        "".join(json.dumps({"key": n, "text": f"text {n}"}) + "\n" for n in (1, 2, 3, 4, 4, 5))
    )


def test_from_the_command_line(call_here: Call, tmp_path: Path) -> None:
    files(tmp_path)
    join = ("--join", "texts.jsonl:id=key")
    done = call_here("convert", "labels.csv", "-o", "out", *join, "--select", "SFT0,SFT1")
    assert "read 6 = written 3 + rejected 3 + duplicate 0 + filtered 0" in done.out
    assert "labels.csv:5  no row of texts.jsonl has the key '9'" in done.out
    assert "labels.csv:6  '4' is the key of several rows of texts.jsonl: lines 4, 5" in done.out
    assert "labels.csv:7  no 'id' to join texts.jsonl by" in done.out
    assert "1 of 6 rows of texts.jsonl were not asked for" in done.out
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["join"] | {"sha256": ""} == {"file": "texts.jsonl", "key": "id", "other": "key", "sha256": ""}
    call_here("convert", "out", "-o", "a.jsonl", "--to", "canonical", "-q")
    first = json.loads((tmp_path / "a.jsonl").read_text().split("\n")[0])
    assert (first["input"], first["target"], first["source"]["line"]) == ("text 1", "pos", 2)
    assert "text 1" in call_here("explain", "labels.csv:2", *join).out
    assert "rows  3 of 6 records" in call_here("inspect", "labels.csv", *join).out
    assert "nothing to do" in call_here("convert", "labels.csv", "-o", "out", *join, "--select", "SFT0,SFT1").out
    lines = [json.loads(line) for line in (tmp_path / "out/rejects.jsonl").read_text().splitlines()]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps({**lines[0], "raw": "5,neg"}) + "\n"))
    call_here("convert", "m.jsonl", "-o", "m2.jsonl", *join, "--to", "text-label", "-q")
    assert json.loads((tmp_path / "m2.jsonl").read_text()) == {"id": "5", "text": "text 5", "label": "neg"}


def test_what_is_joined_is_content(call_here: Call, tmp_path: Path) -> None:
    files(tmp_path)
    join = ("--join", "texts.jsonl:id=key")
    call_here("convert", "labels.csv", "-o", "out", *join, "-q")
    (tmp_path / "texts.jsonl").write_text((tmp_path / "texts.jsonl").read_text().replace("text 1", "other"))
    assert call_here("convert", "labels.csv", "-o", "out", *join, "-q").code == 2


def test_in_the_config_file(call_here: Call, tmp_path: Path) -> None:
    files(tmp_path)
    (tmp_path / "c.toml").write_text('join = "texts.jsonl:id=key"\n')
    done = call_here("validate", "labels.csv", "--config", "c.toml", "--select", "SFT0")
    assert "read 6 = written 3 + rejected 3" in done.out


@pytest.mark.parametrize(
    ("join", "words"),
    [
        ("texts.jsonl", "write FILE:KEY"),
        ("texts.jsonl:", "write FILE:KEY"),
        ("nowhere.csv:id", "No such file"),
        ("texts.jsonl:id", "texts.jsonl:1: no 'id' to join by, among key, text"),
        ("bad.jsonl:id", "bad.jsonl:2: "),
        ("clash.jsonl:id", "labels.csv:2: 'label' stands in clash.jsonl too, with another value"),
    ],
)
def test_what_cannot_be_joined(call_here: Call, tmp_path: Path, join: str, words: str) -> None:
    files(tmp_path)
    (tmp_path / "bad.jsonl").write_text('{"id": "1", "text": "x"}\n{"id": \n{}\n')
    (tmp_path / "clash.jsonl").write_text('{"id": "1", "label": "x"}\n')
    done = call_here("validate", "labels.csv", "--join", join)
    assert (done.code, words in done.err) == (2, True), done.err


def test_columns_that_the_user_calls_labels(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,n,joy,fear\na,2,1,0\nb,3,0,-2\nc,3,-1,-1\nd,4,0,0\n")
    told = ("--layout", "one-hot", "--map", "target/joy=joy", "--map", "target/fear=fear", "--select", "SFT1")
    done = call_here("convert", "a.csv", "-o", "a.jsonl", "--to", "canonical", *told)
    assert "read 4 = written 3 + rejected 1" in done.out
    assert "a.csv:3  /fear: expected enum" in done.out
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [row.get("target") for row in rows] == [["joy"], None, []]
    assert json.loads(rows[0]["meta"]) == {"n": "2"}


@pytest.mark.parametrize("way", ["command", "config"])
def test_each_input_its_own(call_here: Call, tmp_path: Path, way: str) -> None:
    files(tmp_path)
    (tmp_path / "more.jsonl").write_text("".join(json.dumps({"id": n, "text": f"more {n}"}) + "\n" for n in (1, 2)))
    (tmp_path / "old.csv").write_text("id;label\n1;pos\n2;neg\n")
    (tmp_path / "whole.jsonl").write_text('{"headline": "x", "kind": "pos"}\n')
    (tmp_path / "c.toml").write_text(
        '[inputs."labels.csv"]\njoin = "texts.jsonl:id=key"\n'
        '[inputs."old.csv"]\njoin = "more.jsonl:id"\ndelimiter = ";"\n'
        '[inputs."whole.jsonl"]\nlayout = "text-label"\nmap = {input = "headline", target = "kind"}\n'
    )
    (tmp_path / "d.toml").write_text((tmp_path / "c.toml").read_text().replace("join", "# join"))
    joins = ("--join", "texts.jsonl:id=key@labels.csv", "--join", "more.jsonl:id@old.csv", "--config", "d.toml")
    told = joins if way == "command" else ("--config", "c.toml")
    done = call_here("convert", "labels.csv", "old.csv", "whole.jsonl", "-o", "out", *told, "--select", "SFT0")
    assert "read 9 = written 6 + rejected 3 + duplicate 0 + filtered 0" in done.out
    assert "1 of 6 rows of texts.jsonl were not asked for" in done.out
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert [each.get("join", {}).get("file") for each in manifest["inputs"]] == ["texts.jsonl", "more.jsonl", None]
    call_here("convert", "out", "-o", "a.jsonl", "--to", "canonical", "-q")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [row["input"] for row in rows] == ["text 1", "text 2", "text 3", "more 1", "more 2", "x"]


def test_options_of_an_input_that_is_not_there(call_here: Call, tmp_path: Path) -> None:
    files(tmp_path)
    done = call_here("validate", "labels.csv", "--join", "texts.jsonl:id=key@label.csv")
    assert done.code == 2
    assert "options are given for the input 'label.csv', and no input is called so" in done.err
    twice = ("--join", "texts.jsonl:id=key@labels.csv", "--join", "texts.jsonl:id=key@l*.csv")
    done = call_here("validate", "labels.csv", *twice)
    assert "labels.csv: options are given for it as 'labels.csv' and as 'l*.csv'" in done.err
    (tmp_path / "c.toml").write_text('[inputs."labels.csv"]\nlayuot = "x"\n')
    done = call_here("validate", "labels.csv", "--config", "c.toml")
    assert done.code == 2
    assert "c.toml: inputs.labels.csv: unknown key 'layuot'; did you mean 'layout'?" in done.err


def test_two_joins_for_all(call_here: Call, tmp_path: Path) -> None:
    files(tmp_path)
    done = call_here("validate", "labels.csv", "--join", "texts.jsonl:id=key", "--join", "texts.jsonl:id=key")
    assert "another one is for all inputs already; say for which: texts.jsonl:id=key@PATTERN" in done.err
