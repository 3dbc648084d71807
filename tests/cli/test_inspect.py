"""`inspect` and `explain` as users call them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sftformat.schema.decide import compile_schema
from sftformat.schema.store import load, schema_folder
from tests.conftest import Call
from tests.tokenize.shard_samples import save, word_piece

SAMPLES = schema_folder().parent / "samples"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
DATA = sorted(
    path.name
    for path in SAMPLES.iterdir()
    if path.suffix not in (".md", ".sh", ".py", ".toml", ".yml", ".yaml") and not path.name.endswith(".schema.json")
)


def fits(name: str, text: str) -> None:
    compiled = compile_schema(load(name))
    value = json.loads(text)
    assert compiled.fits(value), compiled.explain(value)


def test_inspect_says_what_a_file_is(call: Call) -> None:
    done = call("inspect", str(SAMPLES / "text-label.csv.gz"))
    assert (done.code, done.err) == (0, "")
    for words in ("csv, gzip, utf-8", "text-label (classification), confidence 100%", "28 of 28 records", "█", "p99"):
        assert words in done.out


def test_inspect_never_refuses_to_look(call: Call, tmp_path: Path) -> None:
    rows = [{"input": f"text {number}", "target": f"class {number % 12}"} for number in range(24)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = call("inspect", "a.jsonl")
    assert done.code == 0
    assert "not clear" in done.out
    assert "→ choose with --layout" in done.out
    done = call("inspect", str(SAMPLES / "reviews.jsonl"))
    assert (done.code, "/review/body" in done.out) == (0, True)


def test_inspect_json_is_as_its_schema_says(call: Call, tmp_path: Path) -> None:
    tokenizer = str(save(tmp_path / "tiny", word_piece()))
    names = [str(SAMPLES / name) for name in DATA]
    done = call("inspect", *names, "--tokenizer", tokenizer, "--output-format", "json", "-q")
    assert (done.code, done.err) == (0, "")
    assert done.out.isascii()
    fits("inspect", done.out)
    told = [each["file"] for section in json.loads(done.out)["sections"] for each in section["inputs"]]
    assert sorted(told) == DATA


def test_inspect_of_what_cannot_be_read(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "b"}\n')
    (tmp_path / "b.json").write_text("{}")
    done = call("inspect", "a.jsonl", "b.json")
    assert (done.code, "1 of 1 record" in done.out, "b.json  cannot be read" in done.out) == (2, True, True)
    done = call("inspect", "a.jsonl", "b.json", "--output-format", "json")
    fits("inspect", done.out)
    assert [each["file"] for each in json.loads(done.out)["unread"]] == ["b.json"]
    done = call("inspect", "b.json")
    assert (done.code, done.out, "one JSON object" in done.err) == (2, "", True)


def test_inspect_with_a_tokenizer_proposes_a_length(call: Call, tmp_path: Path) -> None:
    tokenizer = str(save(tmp_path / "tiny", word_piece()))
    done = call("inspect", str(SAMPLES / "text-label.csv"), "--tokenizer", tokenizer)
    assert "--max-length  " in done.out
    assert "← proposed" in done.out


def test_width_and_encoding_of_the_terminal(call: Call) -> None:
    for columns in ("40", "80", "200"):
        done = call("inspect", str(SAMPLES / "text-label.csv"), COLUMNS=columns)
        assert done.code == 0
        wide = [line for line in done.out.splitlines() if "█" in line]
        assert wide
        assert max(map(len, wide)) <= int(columns)
    done = call("inspect", str(SAMPLES / "text-label.csv"), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "####" in done.out


@pytest.mark.parametrize("format_", ["text", "json"])
def test_hostile_text_never_reaches_a_terminal_raw(call: Call, tmp_path: Path, format_: str) -> None:
    evil = "\x1b]8;;http://x\x07[/red][link=http://x]\u202e\x9b31m:skull:"
    rows = [{"text": evil, "label": evil}, {"text": 1, evil: evil}, {"text": evil, "label": "b", evil: {evil: 1}}]
    name = "e\x1b[31m\u202evil.jsonl"
    lines = [*map(json.dumps, rows), "{" + json.dumps(evil), json.dumps(evil, ensure_ascii=False), evil, ""]
    (tmp_path / name).write_text("\n".join(lines))
    tokenizer = str(save(tmp_path / "tiny", word_piece()))
    more = ("--tokenizer", tokenizer, "--output-format", format_)
    calls = [("inspect", name), *(("explain", f"{name}:{number}") for number in range(1, len(lines)))]
    for arguments in calls:
        done = call(*arguments, *more)
        assert done.code in (0, 1)
        assert not UNSAFE.search(done.out), UNSAFE.findall(done.out)
        assert done.err == ""
        assert "x1b" in done.out or "u001b" in done.out


def test_explain_follows_a_row(call: Call, tmp_path: Path) -> None:
    tokenizer = str(save(tmp_path / "tiny", word_piece()))
    (tmp_path / "labels.txt").write_text("negative\npositive\n")
    (tmp_path / "a.csv").write_text('text,label\n"good\nfilm",positive\n')
    more = ("--tokenizer", tokenizer, "--max-length", "3", "--labels", "labels.txt")
    done = call("explain", "a.csv:3", *more)
    assert (done.code, done.err) == (0, "")
    for words in (
        "part of a record (lines 2 to 3)",
        "bytes  11 to 31",
        '"good\\nfilm"',
        "/label",
        "✂",
        "labels  1",
    ):
        assert words in done.out, done.out
    done = call("explain", "a.csv:2:4", *more, "--output-format", "json")
    fits("explain", done.out)
    told = json.loads(done.out)
    assert [token["kept"] for token in told["tokens"]["sequences"][0]["tokens"]] == [True, True, False, True]
    assert (told["row"]["target"], told["tokens"]["labels"]) == ("positive", 1)


def test_explain_shows_where_it_hurts(call: Call) -> None:
    done = call("explain", f"{SAMPLES}/broken.jsonl:4")
    assert done.code == 1
    text, mark = done.out.splitlines()[2:4]
    assert text[mark.index("^")] == "'"
    assert "SFT001" in mark
    done = call("explain", f"{SAMPLES}/broken.jsonl:11", COLUMNS="60")
    assert "escaped: " in done.out
    assert "--encoding cp1252" in done.out


def test_explain_json_is_as_its_schema_says(call: Call) -> None:
    for place in (
        "broken.jsonl:1",
        "broken.jsonl:5",
        "broken.jsonl:11",
        "broken.csv:1",
        "sharegpt.json:2",
        "reviews.jsonl:1",
    ):
        fits("explain", call("explain", f"{SAMPLES}/{place}", "--output-format", "json").out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("explain", "a.jsonl"), "the line is missing"),
        (("explain", "a.jsonl:9"), "has 2 lines; there is no line 9"),
        (("explain", "none.jsonl:9"), "no such file"),
        (("explain", ".:9"), "name one of them"),
        (("explain", "a.jsonl:1", "--max-length", "9"), "--tokenizer"),
        (("explain", "a.jsonl:1", "--shards", "s", "--tokenizer", "t"), "leave out"),
        (("explain", "a.jsonl:1", "--shards", "none"), "manifest"),
        (("explain", "a.jsonl:1", "--select", "SFT999"), "SFT999"),
        (("inspect", "a.jsonl", "--tokenizer", "./none"), "no such folder"),
        (("inspect", "a.jsonl", "--layout", "none"), "there are: text-label"),
    ],
)
def test_wrong_calls_are_one_clear_line(call: Call, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "b"}\n{"text": "c", "label": "d"}\n')
    (tmp_path / "b.jsonl").write_text("{}\n")
    done = call(*arguments)
    assert (done.code, words in done.err, done.out) == (2, True, ""), done.err


def test_warnings_fail_when_asked(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a\\u0007", "label": "b"}\n')
    assert call("explain", "a.jsonl:1").code == 0
    assert call("explain", "a.jsonl:1", "--fail-on", "warning").code == 1
    assert call("explain", "a.jsonl:1", "--fail-on", "warning", "--ignore", "SFT205").code == 0
    (tmp_path / "c.toml").write_text("[rules.SFT204]\nmax_chars = 1\n")
    assert "SFT204" in call("explain", "a.jsonl:1", "--config", "c.toml").out


def test_a_line_of_stdin(call: Call) -> None:
    for name in ("stdin:2", "train=-:2"):
        done = call("explain", name, stdin=b'{"text": "a", "label": "b"}\n{"text": "c", "label": "d"}\n')
        assert (done.code, "stdin:2  jsonl" in done.out) == (0, True), done.err


def test_what_the_file_leaves_out_is_not_called_rejected(call_here: Call, tmp_path: Path) -> None:
    entries = [("a cat", "eine Katze"), ("a dog", ""), ("a cow", "eine Kuh")]
    text = "".join(f'msgid "{source}"\nmsgstr "{target}"\n\n' for source, target in entries)
    (tmp_path / "de.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + text)
    done = call_here("inspect", "de.po")
    assert "1 record left out, as the file itself says (SFT112)" in done.out
    assert "rejected" not in done.out
