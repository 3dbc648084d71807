"""chatterbot-corpus 1.3.3: conversations in 22 languages as YAML, read through a layout of the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sftformat.schema.store import schema_folder

from ..conftest import Call
from .archives import member, members

pytestmark = pytest.mark.slow

WHEEL = "chatterbot_corpus-1.3.3"
SCHEMA = schema_folder().parent / "samples/chatterbot.schema.json"
#: Items of `conversations` that are no list, and conversations of one text: all that is wrong with the corpus.
NO_LIST, ALONE = 8, 2


def test_every_conversation_is_a_row_or_a_reject(call_here: Call, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    wanted: dict[str, list[list[str]]] = {}
    read = 0
    for name in members(WHEEL, ".yml"):
        data = member(WHEEL, name)
        short = "/".join(name.split("/")[-2:])
        (tmp_path / short).parent.mkdir(exist_ok=True)
        (tmp_path / short).write_bytes(data)
        held = yaml.load(data, Loader=yaml.CBaseLoader)["conversations"]  # everything as the text that stands there
        read += len(held)
        wanted[short] = [each for each in held if isinstance(each, list) and len(each) > 1]
    written = sum(map(len, wanted.values()))
    assert (len(wanted), read, read - written) == (237, 7644, NO_LIST + ALONE)
    options = ("--schema", str(SCHEMA), "--to", "canonical", "--select", "SFT0,SFT1", "--max-findings", "0")
    done = call_here("convert", "*/*.yml", "-o", "all.jsonl", *options)
    assert f"read {read:,} = written {written:,} + rejected {NO_LIST + ALONE} + duplicate 0 + filtered 0" in done.out
    found: dict[str, list[list[str]]] = {name: [] for name in wanted}
    for row in map(json.loads, (tmp_path / "all.jsonl").read_text("utf-8").split("\n")[:-1]):
        place, turns = row["source"], [*row["input"], *row["target"]]
        assert [turn["role"] for turn in turns] == [("user", "assistant")[n % 2] for n in range(len(turns))]
        found[place["file"]].append([turn["content"] for turn in turns])
        line = (tmp_path / place["file"]).read_bytes()[place["byte"] :].split(b"\n", 1)[0].decode("utf-8")
        assert turns[0]["content"][:5].strip() in line or line.rstrip().endswith(("-", "|", ">"))
    assert found == wanted
    rejects = [json.loads(line) for line in (tmp_path / "all.jsonl.rejects.jsonl").read_text("utf-8").split("\n")[:-1]]
    codes = [each["diagnostics"][0]["code"] for each in rejects]
    assert (codes.count("SFT002"), len(codes)) == (NO_LIST, NO_LIST + ALONE)
    for each in rejects:
        line = (tmp_path / each["file"]).read_text("utf-8").split("\n")[each["line"] - 1]
        assert each["diagnostics"][0]["code"] == "SFT101" or each["raw"] == line
