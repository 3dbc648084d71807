"""`--fix`, `--unsafe-fixes` and `validate --diff` as users call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import UNSAFE
from tests.conftest import Call
from tests.test_samples import word_piece

ROWS = [{"text": f"film {n}", "label": ("good", "bad")[n % 2]} for n in range(30)]


@pytest.fixture
def call(call_here: Call) -> Call:
    return call_here


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [dict(row) for row in ROWS]
    rows[3]["label"], rows[4]["label"] = "Bad", "good "
    rows[5]["text"] = "first\nTom &amp;amp; Jerry\nlast\u200b"
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_diff_shows_and_writes_nothing(call: Call, source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    done = call("validate", "--diff", "a.jsonl")
    assert done.code == 0
    assert done.out == (
        '--- a.jsonl:4\n+++ a.jsonl:4\n@@ -1 +1 @@ /target  SFT301 label-form\n-"Bad"\n+"bad"\n'
        '--- a.jsonl:5\n+++ a.jsonl:5\n@@ -1 +1 @@ /target  SFT301 label-blanks\n-"good "\n+"good"\n'
    )
    assert "Would make 2 repairs in 2 rows: label-blanks 1, label-form 1." in done.err
    done = call("validate", "--diff", "--unsafe-fixes", "a.jsonl")
    assert done.out.split("a.jsonl:6\n")[-1] == (
        "@@ -1,3 +1,3 @@ /input  SFT209 html-entities, SFT208 invisible-characters\n"
        " first\n-Tom &amp;amp; Jerry\n-last\\u200b\n+Tom & Jerry\n+last\n"
    )
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    assert "\x1b[31m" in call("validate", "--diff", "a.jsonl", FORCE_COLOR="1", NO_COLOR="").out


def test_exit_status_of_diff(call: Call, source: Path, tmp_path: Path) -> None:
    assert call("validate", "--diff", "a.jsonl", "--fail-on", "warning").code == 1
    (tmp_path / "clean.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    done = call("validate", "--diff", "clean.jsonl", "--fail-on", "warning")
    assert (done.code, done.out) == (0, "")
    assert "Would make no repairs." in done.err
    source.write_text(source.read_text() + "{\n")
    done = call("validate", "--diff", "a.jsonl")
    assert done.code == 1
    assert "Left to mend: found 1 error" in done.err
    assert call("validate", "--unsafe-fixes", "a.jsonl").code == 2
    assert call("validate", "--diff", "a.jsonl", "--output-format", "json").code == 2


def test_convert_says_what_it_repaired(call: Call, source: Path, tmp_path: Path) -> None:
    done = call("convert", "a.jsonl", "-o", "out", "--fix")
    assert done.code == 0
    assert '  a.jsonl:4  /target: "Bad" → "bad"' in done.out
    assert "Made 2 repairs in 2 rows: label-blanks 1, label-form 1." in done.out
    assert "SFT301 label-case-variant" not in done.out
    assert call("verify", "out").code == 0
    assert call("convert", "a.jsonl", "-o", "out", "--fix").out == "out: up to date, nothing to do\n"
    assert call("convert", "a.jsonl", "-o", "out", "--fix", "--unsafe-fixes").code == 2
    assert call("convert", "a.jsonl", "-o", "b.csv", "--fix").code == 0
    assert len((tmp_path / "b.csv.repairs.jsonl").read_text().splitlines()) == 2
    done = call("convert", "out", "-o", "c.csv")
    assert "Made no repairs (and 2 when the data set was made)." in done.out
    assert "c.csv.repairs.jsonl" in done.out
    assert (tmp_path / "c.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert call("convert", "a.jsonl", "-o", "d", "--unsafe-fixes").code == 2


def test_a_config_file_serves_all_commands(call: Call, source: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("fix = true\nunsafe-fixes = true\n")
    assert "html-entities 2" in call("convert", "a.jsonl", "-o", "out", "--config", "c.toml").out
    assert call("validate", "a.jsonl", "--config", "c.toml").code == 0


def test_hostile_values_are_shown_as_escapes(call: Call, tmp_path: Path) -> None:
    evil = "\x1b]0;x\x07\u202e\u009b31m[red]"
    rows = [*ROWS, {"text": f"&lt;{evil}", "label": f" {evil}", f" {evil} ": 1}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for arguments in (("validate", "--diff"), ("convert", "-o", "out", "--fix")):
        done = call(*arguments, "a.jsonl", "--unsafe-fixes")
        assert not UNSAFE.search(done.out + done.err)
        assert "[red]" in done.out


def test_labels_that_look_the_same_are_told_apart_and_made_one(call: Call, tmp_path: Path) -> None:
    rows = [{"text": f"film {n}", "label": ("caf\u00e9", "cafe\u0301", "bar")[n % 3]} for n in range(30)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = call("validate", "--diff", "a.jsonl").out
    assert '-"cafe\\u0301"\n+"caf\\u00e9"' in shown
    assert "SFT301" in call("validate", "a.jsonl").out
    assert call("convert", "a.jsonl", "-o", "out", "--fix").code == 0
    assert "SFT301" not in call("validate", "out").out


def test_padded_keys_are_named_by_the_error(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({f" {k}": v for k, v in row.items()}) + "\n" for row in ROWS))
    done = call("validate", "a.jsonl")
    assert done.code == 2
    assert "--fix trims the blanks around keys" in done.err
    assert call("convert", "a.jsonl", "-o", "out", "--fix").code == 0


def test_tokenize_keeps_rejects_and_repairs_of_raw_inputs(call: Call, source: Path, tmp_path: Path) -> None:
    word_piece(tmp_path / "tokenizer")
    source.write_text(source.read_text() + "{\n")
    done = call("tokenize", "a.jsonl", "-o", "shards", "--tokenizer", "tokenizer", "--fix")
    assert done.code == 1
    assert "shards.repairs.jsonl" in done.out
    assert json.loads((tmp_path / "shards.rejects.jsonl").read_text())["line"] == 31
    assert len((tmp_path / "shards.repairs.jsonl").read_text().splitlines()) == 2
    manifest = json.loads((tmp_path / "shards/manifest.json").read_text())
    assert sorted(manifest["labels"]) == ["bad", "good"]
    again = call("tokenize", "a.jsonl", "-o", "shards", "--tokenizer", "tokenizer", "--fix")
    assert (again.code, again.out.splitlines()[0]) == (0, "shards: up to date, nothing to do")
    (tmp_path / "shards.rejects.jsonl").write_text("mended\n")
    assert call("tokenize", "a.jsonl", "-o", "shards", "--tokenizer", "tokenizer", "--fix").code == 2
    assert (tmp_path / "shards.rejects.jsonl").read_text() == "mended\n"


def test_rows_that_tokenize_left_out_are_an_input(call: Call, source: Path, tmp_path: Path) -> None:
    word_piece(tmp_path / "tokenizer")
    assert call("convert", "a.jsonl", "-o", "data", "--fix").code == 0
    how = ("--tokenizer", "tokenizer", "--max-length", "4", "--truncation", "drop")
    assert call("tokenize", "data", "-o", "shards", *how).code == 0
    left_out = [json.loads(line) for line in (tmp_path / "shards/rejects.jsonl").read_text().splitlines()]
    done = call("convert", "shards/rejects.jsonl", "-o", "rest")
    assert f"read {len(left_out)} = written {len(left_out)} + rejected 0" in done.out
    assert "rows rejected from a.jsonl" in done.err
    assert call("convert", "rest", "-o", "rest.jsonl", "--to", "canonical").code == 0
    rows = [json.loads(line) for line in (tmp_path / "rest.jsonl").read_text().splitlines()]
    raws = [json.loads(each["raw"]) for each in left_out]
    assert [(row["id"], row["input"], row["target"]) for row in rows] == [
        (raw["id"], raw["input"], raw["target"]) for raw in raws
    ]


# ---------------------------------------------------------------------------------------------------- other outputs


@pytest.mark.parametrize("form", ["json", "jsonl", "github", "sarif"])
def test_machines_get_findings_and_no_repairs(call: Call, source: Path, tmp_path: Path, form: str) -> None:
    source.write_text(source.read_text() + "{\n")
    done = call("convert", "a.jsonl", "-o", "out", "--fix", "--output-format", form)
    assert done.code == 1
    assert "SFT001" in done.out
    assert not any(word in done.out for word in ("label-form", "label-blanks", "repair"))
    assert "Made 2 repairs in 2 rows" in done.err
    assert "repairs.jsonl" in done.err
    done = call("convert", "a.jsonl", "-o", "b.csv", "--fix", "--output-format", form)
    assert not any(word in done.out for word in ("label-form", "repair"))
    assert (tmp_path / "b.csv.repairs.jsonl").exists()


def test_no_value_is_shown_where_none_is_wanted(call: Call, tmp_path: Path) -> None:
    rows = [dict(row) for row in ROWS]
    rows[3]["label"], rows[4]["text"], rows[5][" q7zq "] = "bad ", "Tom &amp; q7zq", "q7zq"
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = call("validate", "--diff", "--unsafe-fixes", "--redact", "a.jsonl")
    assert done.code == 0
    assert done.out.splitlines() == [
        "--- a.jsonl:4",
        "+++ a.jsonl:4",
        "@@ … @@ /target  SFT301 label-blanks",
        "--- a.jsonl:5",
        "+++ a.jsonl:5",
        "@@ … @@ /input  SFT209 html-entities",
        "--- a.jsonl:6",
        "+++ a.jsonl:6",
        "@@ … @@ /…  SFT102 padded-key",
    ]
    shown = call("convert", "a.jsonl", "-o", "out", "--fix", "--unsafe-fixes", "--redact")
    assert "  a.jsonl:5  /input\n" in shown.out
    assert not any("q7zq" in each.out + each.err or "&amp;" in each.out for each in (done, shown))
    assert "q7zq" in (tmp_path / "out/repairs.jsonl").read_text()


def test_diff_of_inputs_each_by_itself_names_them_apart(call: Call, source: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/a.jsonl").write_bytes(source.read_bytes())
    done = call("validate", "--diff", "--each", "a.jsonl", "b/a.jsonl")
    heads = [line for line in done.out.splitlines() if line.startswith("---")]
    assert heads == ["--- a.jsonl:4", "--- a.jsonl:5", "--- b/a.jsonl:4", "--- b/a.jsonl:5"]
    alone = call("validate", "--diff", "b/a.jsonl")
    assert alone.out.splitlines()[0] == "--- b/a.jsonl:4"  # as one would open it from here


def test_what_is_left_can_be_kept_in_a_file(call: Call, source: Path, tmp_path: Path) -> None:
    done = call("validate", "--diff", "a.jsonl", "-o", "left.json", "--fail-on", "warning")
    assert done.code == 1
    left = json.loads((tmp_path / "left.json").read_text())
    assert [each["code"] for each in left["findings"]] == ["SFT208", "SFT209"]  # which --unsafe-fixes would mend
    assert left["summary"]["status"] == 1
    done = call("validate", "--diff", "a.jsonl", "-o", "-")
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1 or "--diff is shown as text" in done.err


def test_tokenize_repairs_a_data_set_and_refuses_other_options_for_it(call: Call, source: Path, tmp_path: Path) -> None:
    word_piece(tmp_path / "tokenizer")
    assert call("convert", "a.jsonl", "-o", "data").code == 0
    how = ("--tokenizer", "tokenizer")
    done = call("tokenize", "data", "-o", "shards", *how, "--drop-duplicates")
    assert (done.code, "--drop-duplicates is for raw inputs" in done.err) == (2, True)
    assert call("tokenize", "data", "-o", "shards", *how, "--fix", "--limit", "3").code == 2
    done = call("tokenize", "data", "-o", "shards", *how, "--fix")
    assert done.code == 0
    assert len((tmp_path / "shards.repairs.jsonl").read_text().splitlines()) == 2
    assert sorted(json.loads((tmp_path / "shards/manifest.json").read_text())["labels"]) == ["bad", "good"]
