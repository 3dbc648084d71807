"""Rules as tests of data: severities and shares from the config file; the hook and the workflow that use them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Call

ROOT = Path(__file__).parents[2]
ROWS = [{"text": f"film {number}", "label": ("good", "bad")[number % 2]} for number in range(40)]


@pytest.fixture
def call(call_here: Call) -> Call:
    return call_here


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def repeated(tmp_path: Path) -> Path:
    """40 rows, 4 more that repeat the first, and one that is no JSON."""
    path = write(tmp_path / "a.jsonl", [*ROWS, *[ROWS[0]] * 4])
    path.write_text(path.read_text() + "{\n")
    return path


@pytest.mark.parametrize(
    ("config", "arguments", "code", "words"),
    [
        ("", (), 1, "Found 1 error and 4 warnings in 45 rows."),
        (
            "[rules.SFT001]\nmax_fraction = 0.1",
            (),
            0,
            "Found 0 errors and 4 warnings in 45 rows, and 1 more that",
        ),
        ("[rules.SFT001]\nmax_fraction = 0.02", (), 1, "1 of 45 rows (2.22%), more than 2.00%"),
        ("[rules.SFT017]\nmax_fraction = 1\n[rules.SFT001]\nseverity = 'warning'", (), 0, "SFT001 bad-json  1 warning"),
        ("[rules.SFT001]\nseverity = 'warning'\n[rules.duplicate-record]\nseverity = 'error'", (), 1, "4 errors"),
        ("[rules.duplicate-record]\nseverity = 'off'", ("--fail-on", "warning"), 1, "1 error and 0 warnings"),
        (
            "[rules.SFT401]\nmax_fraction = 0.1\n[rules.SFT001]\nmax_fraction = 0.1",
            ("--fail-on", "warning"),
            0,
            "No errors and no warnings in 45 rows, and 5 more that are tolerated.",
        ),
        ("[rules.SFT401]\nmax_fracton = 0.1", (), 2, "did you mean 'max_fraction'?"),
        ("[rules.SFT4O1]\nmax_fraction = 0.1", (), 2, "rules"),
        ("[rules.duplicate-recrd]\nmax_fraction = 0.1", (), 2, "did you mean 'duplicate-record'?"),
        ("[rules.SFT401]\nseverity = 'eror'", (), 2, "severity"),
        ("", ("--select", "duplicate-recrd"), 2, "did you mean 'duplicate-record'?"),
    ],
)
def test_a_rule_is_a_test_of_the_data(
    call: Call, repeated: Path, tmp_path: Path, config: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "c.toml").write_text(config)
    done = call("validate", "a.jsonl", "--config", "c.toml", *arguments)
    assert words in done.out + done.err
    assert done.code == code


def test_a_warning_made_an_error_costs_the_row(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [*ROWS, {"text": "x\u0007", "label": "good"}])
    (tmp_path / "c.toml").write_text("[rules.control-characters]\nseverity = 'error'\n")
    done = call("convert", "a.jsonl", "-o", "out", "--config", "c.toml")
    assert done.code == 1
    assert "read 41 = written 40 + rejected 1" in done.out
    (line,) = (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()
    assert json.loads(line)["diagnostics"][0]["severity"] == "error"


def test_several_inputs_splits_and_layouts_in_one_call(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", ROWS)
    (tmp_path / "more.csv").write_text(
        "sentence,label\n" + "".join(f"play {n},{('good', 'bad')[n % 2]}\n" for n in range(9))
    )
    write(tmp_path / "held-out.jsonl", [{"text": "film 1", "label": "bad"}, {"text": "film x", "label": "good"}])
    done = call("validate", "train.jsonl", "train=more.csv", "test=held-out.jsonl")
    assert "train 49  test 2" in done.out
    assert "held-out.jsonl:1  the same input stands in train: train.jsonl:2" in done.out
    assert done.code == 1


def test_each_input_can_be_a_data_set_of_its_own(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.jsonl", ROWS)
    write(tmp_path / "two" / "a.jsonl", [*ROWS, {"text": "film 0", "label": "bad"}])
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    write(
        tmp_path / "chat.jsonl",
        [{"messages": [*chat, {"role": "user", "content": str(n)}, chat[1]]} for n in range(20)],
    )
    files = ("one/a.jsonl", "two/a.jsonl", "chat.jsonl")
    done = call("validate", *files)
    assert done.code == 2
    assert "--each" in done.err
    done = call("validate", "--each", *files, "--output-format", "json")
    report = json.loads(done.out)
    assert [(each["code"], each["file"], each["line"]) for each in report["findings"]] == [
        ("SFT402", "two/a.jsonl", 41)
    ]
    assert [each["file"] for each in report["ledger"]["inputs"]] == list(files)
    assert report["ledger"]["read"] == 101
    assert report["task"] == "chat, classification"
    done = call("validate", "--each", *files)
    assert "two/a.jsonl:41  same input as two/a.jsonl:1, but another target" in done.out


def hooks() -> dict[str, dict[str, Any]]:
    return {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}


def command(text: str) -> list[str]:
    first, *words = shlex.split(text)
    assert first == "sftformat"
    return words


def test_the_hook_works_on_the_names_that_pre_commit_gives(call: Call, tmp_path: Path) -> None:
    import re

    hook = hooks()["sftformat"]
    assert hook["language"] == "python"
    names = [path.name for path in (ROOT / "samples").iterdir() if re.search(hook["files"], path.name)]
    clean = sorted(name for name in names if not name.startswith(("broken", "textbook", "reviews", "preference")))
    assert {"text-label.csv", "openai-chat.jsonl", "text-label.parquet", "text-label.csv.gz"} <= set(clean)
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    files = [f"samples/{name}" for name in clean]
    done = call(*command(hook["entry"]), *files)
    assert (done.code, done.out.splitlines()[-1][:25]) == (0, "No errors and no warnings"), done.out
    done = call(*command(hook["entry"]), *files[:2], "samples/broken.csv")
    assert done.code == 1
    assert "samples/broken.csv:3" in done.out


def test_the_other_hook_looks_at_all_splits(call: Call, tmp_path: Path) -> None:
    hook = hooks()["sftformat-dataset"]
    assert hook["pass_filenames"] is False
    config = yaml.safe_load((ROOT / "samples/pre-commit-config.yaml").read_text())
    used = {each["id"]: each for each in config["repos"][0]["hooks"]}
    assert used.keys() == hooks().keys()
    write(tmp_path / "data/train.jsonl", ROWS)
    write(tmp_path / "data/test.jsonl", [ROWS[3], {"text": "new", "label": "good"}])
    done = call(*command(hook["entry"]), *used["sftformat-dataset"]["args"])
    assert done.code == 1
    assert "data/test.jsonl:1  the same input stands in train: data/train.jsonl:4" in done.out


def test_the_commands_of_the_workflow_run(call: Call, tmp_path: Path) -> None:
    workflow = yaml.safe_load((ROOT / "samples/github-workflow.yml").read_text())
    assert workflow[True]["pull_request"]["paths"] == ["data/**"]  # YAML reads `on` as true
    steps = {step["name"]: step for step in workflow["jobs"]["validate"]["steps"] if "name" in step}
    write(tmp_path / "data/a.jsonl", ROWS)
    assert call(*command(steps["validate"]["run"])).code == 0
    write(tmp_path / "data/b.jsonl", [{"text": 7, "label": "good"}])
    done = call(*command(steps["validate"]["run"]))
    assert done.code == 1
    assert done.out.startswith("::error file=data/b.jsonl,line=1,title=SFT104 wrong-type::")
    written = tmp_path / steps["upload"]["with"]["sarif_file"]
    assert [each["ruleId"] for each in json.loads(written.read_text())["runs"][0]["results"]] == ["SFT104"]


def test_rows_that_share_a_line_are_counted_and_told_apart(tmp_path: Path, call: Call) -> None:
    """A JSON array on one line: a threshold counts its rows, and each place says the byte where the row starts."""
    rows = [{"text": f"a fine day {number} &amp; a night", "label": ("pos", "neg")[number % 2]} for number in range(20)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    config = tmp_path / "c.toml"
    config.write_text("[rules.SFT209]\nmax_fraction = 0.2\n", encoding="utf-8")
    done = call("validate", path, "--config", config)
    assert "20 of 20 rows (100.00%), more than 20.00%" in done.out
    bytes_ = [int(number.replace(",", "")) for number in re.findall(r"a\.json:1 \(byte ([0-9,]+)\)", done.out)]
    raw = path.read_bytes()
    assert len(bytes_) == 4  # of the five places shown the first is the start of the file but for a bracket
    assert [json.loads(raw[start : raw.index(b"}", start) + 1]) for start in bytes_] == rows[1:5]
    told = call("validate", path, "--output-format", "github").out
    assert f"::byte {bytes_[0]:,}: " in told
