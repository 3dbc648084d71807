"""The command line as users call it: exit codes, stdout and stderr, hostile text, signals, configuration."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Call

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
CLEAN = "".join(f'{{"text": "film {n}", "label": "{("good", "bad")[n % 2]}"}}\n' for n in range(30))


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text(CLEAN)
    return path


def test_clean_data_is_fine(call: Call, clean: Path) -> None:
    done = call("validate", "a.jsonl")
    assert done.code == 0
    assert done.out.splitlines()[-1] == "No errors and no warnings in 30 rows."
    assert "read 30 = written 30 + rejected 0 + duplicate 0 + filtered 0" in done.out
    assert "layout text-label (classification), confidence 100%" in done.err


def test_errors_in_the_data_exit_with_1(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(CLEAN + "{bad\n")
    done = call("validate", "a.jsonl", "-o", "all.jsonl")
    assert done.code == 1
    assert "a.jsonl:31  " in done.out
    found = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [(each["code"], each["line"], each["byte"]) for each in found] == [("SFT001", 31, len(CLEAN) + 1)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("validate", "nothing.jsonl"), "no such file"),
        (("validate", "a.jsonl", "--layout", "nonsense"), "there are: text-label"),
        (("validate", "a.jsonl", "--select", "SFT999"), "SFT999"),
        (("validate", "a.jsonl", "--map", "input"), "FIELD=SOURCE"),
        (("validate", "a.jsonl", "--schema", "none.json"), "No such file"),
        (("validat", "a.jsonl"), "Did you mean 'validate'?"),
        (("convert", "a.jsonl", "-o", "out", "--split", "2,3"), "--split"),
        (("convert", "a.jsonl", "-o", "b.jsonl", "--to", "alpaca"), "is for text-to-text"),
        (("verify", "nothing"), "SFT903"),
        (("train", "nothing", "-o", "run", "--model", "none"), "manifest"),
        (("rules", "SFT9999"), "did you mean"),
        (("schema", "nonsense"), "canonical/chat"),
        (("convert", "https://example.com/a.jsonl", "-o", "out"), "URL"),
    ],
)
def test_wrong_calls_exit_with_2_and_one_clear_line(
    call: Call, clean: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = call(*arguments)
    assert done.code == 2
    assert words in done.out + done.err
    assert len(done.err.strip().splitlines()) <= 5


@pytest.mark.parametrize(
    ("begun", "first", "number"), [("SFT3", "SFT301", 11), ("sft30", "SFT301", 9), ("label-", "SFT301", 8)]
)
def test_rules_that_begin_alike_are_listed(call: Call, begun: str, first: str, number: int) -> None:
    done = call("rules", begun)
    assert done.code == 0
    listed = [line.split()[0] for line in done.out.splitlines() if line.startswith("SFT")]
    assert (listed[0], len(listed)) == (first, number)
    assert "label-case-variant (warning)" in call("rules", "label-case").out


def test_json_and_jsonl_keep_stdout_for_machines(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(CLEAN + '{"text": "a\\u001b[31m", "label": "good"}\n{\n')
    report = json.loads(call("validate", "a.jsonl", "--output-format", "json").out)
    assert report["ledger"]["read"] == 32
    assert report["codes"] == {"SFT001": 1, "SFT205": 1}
    lines = call("validate", "a.jsonl", "--output-format", "jsonl").out.splitlines()
    assert {json.loads(line)["code"] for line in lines} == {"SFT001", "SFT205"}


def test_fail_on_warning(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(CLEAN + CLEAN.splitlines()[0] + "\n")
    assert call("validate", "a.jsonl").code == 0
    assert call("validate", "a.jsonl", "--fail-on", "warning").code == 1


def test_stdin_is_an_input(call: Call) -> None:
    done = call("validate", "-", stdin=CLEAN.encode())
    assert done.code == 0
    assert "stdin: jsonl" in done.err


def test_hostile_text_never_reaches_a_terminal_raw(call: Call, tmp_path: Path) -> None:
    evil = "\x1b]8;;http://x\x07[/red][link=http://x]\u202e\x9b31m:skull:"
    rows = [
        {"text": evil, "label": evil},
        {"text": evil, "label": "b"},
        {"text": 1, evil: evil},
        {"text": evil, "label": "b", evil: 1},
    ]
    name = "e\x1b[31m\u202evil.jsonl"
    (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows) + "{" + json.dumps(evil) + "\n")
    for arguments in (("validate", name), ("convert", name, "-o", "out")):
        done = call(*arguments)
        assert done.code == 1
        assert not UNSAFE.search(done.out), UNSAFE.findall(done.out)
        assert not UNSAFE.search(done.err), UNSAFE.findall(done.err)
        assert "\\x1b" in done.out
    assert "[/red]" in call("validate", name).out


def test_config_file(call: Call, clean: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('fail-on = "warning"\n[rules.SFT407]\nmin_rows = 100\n')
    done = call("validate", "a.jsonl", "--config", "c.toml")
    assert done.code == 1
    assert "SFT407" in done.out
    (tmp_path / "c.toml").write_text('layuot = "text-label"\n')
    done = call("validate", "a.jsonl", "--config", "c.toml")
    assert done.code == 2
    assert "did you mean 'layout'" in done.err
    (tmp_path / "c.toml").write_text("[map]\ninput = 'text'\ntarget = 'label'\n")
    assert call("validate", "a.jsonl", "--config", "c.toml").code == 0
    (tmp_path / "c.toml").write_text("x = [")
    assert call("validate", "a.jsonl", "--config", "c.toml").code == 2


def test_convert_to_files_and_what_a_layout_cannot_hold(call: Call, tmp_path: Path) -> None:
    record = {"instruction": "Add.", "input": "1+1", "output": "2", "system": "You add."}
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({**record, "input": f"{n}+1"}) + "\n" for n in range(25)))
    done = call("convert", "a.jsonl", "-o", "b.json", "--to", "prompt-completion")
    assert done.code == 0
    assert "SFT107 field-not-held" in done.out
    assert "'instruction', held by 25 rows" in done.out
    assert json.loads((tmp_path / "b.json").read_text())[3] == {
        "prompt": "3+1",
        "completion": "2",
        "system": "You add.",
    }
    assert call("convert", "a.jsonl", "-o", "c.json", "--to", "prompt-completion", "--fail-on", "warning").code == 1
    assert call("convert", "a.jsonl", "-o", "b.json").code == 2
    done = call("convert", "a.jsonl", "-o", "d.jsonl", "--to", "canonical")
    first = json.loads((tmp_path / "d.jsonl").read_text().splitlines()[0])
    assert first["source"] == {"file": "a.jsonl", "line": 1, "byte": 0}


def test_rejects_stand_beside_a_file(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(CLEAN + "{\n")
    assert call("convert", "a.jsonl", "-o", "b.csv").code == 1
    assert len((tmp_path / "b.csv").read_text().splitlines()) == 31
    assert json.loads((tmp_path / "b.csv.rejects.jsonl").read_text())["raw"] == "{"


def test_dry_run_writes_nothing(call: Call, clean: Path, tmp_path: Path) -> None:
    assert call("convert", "a.jsonl", "-o", "out", "--dry-run").code == 0
    assert call("convert", "a.jsonl", "-o", "b.csv", "--dry-run").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_second_run_has_nothing_to_do(call: Call, clean: Path) -> None:
    assert call("convert", "a.jsonl", "-o", "out").code == 0
    done = call("convert", "a.jsonl", "-o", "out")
    assert (done.code, done.out) == (0, "out: up to date, nothing to do\n")
    assert call("convert", "a.jsonl", "-o", "out", "--seed", "5").code == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_are_one_line_and_their_own_exit_code(tmp_path: Path, number: signal.Signals, code: int) -> None:
    # a shell starts background jobs with SIGINT ignored, and tests may be one
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{listening}; from sftformat.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "convert", "-", "-o", "out"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out.work/stdin")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_no_error_message(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(CLEAN * 50)
    command = f"{sys.executable} -m sftformat validate a.jsonl --output-format jsonl | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["code"]
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_an_unwritable_place_is_one_line(call: Call, clean: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = call("convert", "a.jsonl", "-o", "file/out")
    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1
    if os.geteuid() != 0:
        (tmp_path / "closed").mkdir(mode=0o500)
        assert call("convert", "a.jsonl", "-o", "closed/out").code == 2


def test_a_full_disk_is_one_line_and_leaves_no_half_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        "".join(f'{{"text": "{os.urandom(300).hex()}", "label": "x{n % 2}"}}\n' for n in range(2000))
    )
    command = f"ulimit -f 100; exec {sys.executable} -m sftformat convert a.jsonl -o out"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_every_command_has_help(call: Call) -> None:
    from sftformat.cli import COMMANDS

    for name in COMMANDS:
        done = call(name, "--help")
        assert done.code == 0
        assert done.out.startswith("Usage:")
        assert not re.search(r"  +--[a-z-]+ *(\n|$)(?!  +[^-])", done.out.replace("\n      ", " ")), (
            f"{name}: an option without help"
        )


def test_rules_layouts_and_schema_print_the_documentation(call: Call) -> None:
    assert "SFT301  label-case-variant" in call("rules").out
    assert "Breaks it:" in call("rules", "label-case-variant").out
    assert "What to do" in call("rules", "SFT003").out
    assert "alpaca" in call("layouts").out
    assert "/instruction" in call("layouts", "alpaca").out
    assert json.loads(call("schema", "canonical/chat").out)["title"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules = 3", "at /rules"),
        ("[rules]\nSFT204 = 5", "at /rules/SFT204"),
        ("max-line-bytes = true", "at /max-line-bytes"),
        ("workers = 2.5", "at /workers"),
        ("[rules.SFT204]\nmax_charz = 5", "did you mean 'max_chars'"),
    ],
)
def test_a_config_that_says_nonsense(call: Call, clean: Path, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    done = call("validate", "a.jsonl", "--config", "c.toml")
    assert (done.code, words in done.err) == (2, True), done.err


def test_one_config_serves_all_commands(call: Call, clean: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('model = "m"\nlearning-rate = "1e-5"\nlayout = "text-label"\n')
    assert call("validate", "a.jsonl", "--config", "c.toml").code == 0


def test_what_a_layout_or_format_cannot_hold_at_all_is_refused(call: Call, tmp_path: Path) -> None:
    alpaca = [{"instruction": f"Name colour {number}.", "output": "Blue."} for number in range(3)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in alpaca))
    done = call("convert", "a.jsonl", "-o", "b.jsonl", "--to", "prompt-completion")
    assert (done.code, "cannot hold every record (first at a.jsonl:1): /prompt" in done.err) == (2, True), done.err
    assert not (tmp_path / "b.jsonl").exists()
    (tmp_path / "t.jsonl").write_text('{"translation": {"en": "a", "de": "b"}}\n')
    done = call("convert", "t.jsonl", "-o", "t.csv")
    assert (done.code, "nests objects" in done.err) == (2, True), done.err


def test_lists_in_csv_cells_come_back(call: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{number}", "labels": ["a", "b"][: number % 3]} for number in range(9)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert call("convert", "a.jsonl", "-o", "b.csv").code == 0
    assert call("convert", "b.csv", "-o", "c.jsonl").code == 0
    assert [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()] == rows


def test_two_fields_never_share_a_place(call: Call, tmp_path: Path) -> None:
    rows = [{"body": {"text": f"t{n}", "y": "ab"[n % 2]}, "u": "x"} for n in range(4)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shared = ("validate", "a.jsonl", "--task", "classification")
    done = call(*shared, "--map", "input=/body/text", "--map", "target=/body/text")
    assert (done.code, "in the same place" in done.err) == (2, True), done.err
    done = call(*shared, "--map", "input=/body/text", "--map", "target=/body")
    assert (done.code, "inside of /body" in done.err) == (2, True), done.err
    assert call(*shared, "--map", "input=/body/text", "--map", "target=/body/y").code == 0


@pytest.mark.parametrize(
    ("name", "split"),
    [("tests.jsonl", "test"), ("evaluation.jsonl", "test"), ("my-dev.jsonl", "validation"), ("contest.jsonl", "train")],
)
def test_names_of_files_say_the_split(call: Call, tmp_path: Path, name: str, split: str) -> None:
    (tmp_path / name).write_text(CLEAN)
    assert f"\n{split} 30\n" in call("validate", name).out


def test_a_file_that_cannot_grow_is_named(clean: Path, tmp_path: Path) -> None:
    script = "ulimit -f 1; exec {python} -m sftformat convert a.jsonl -o b.parquet --quiet"
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text": "text {n * 7919}", "label": "x"}}\n' for n in range(9000)))
    done = subprocess.run(
        ["bash", "-c", script.format(python=sys.executable)], cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not (tmp_path / "b.parquet").exists()


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits for its exit status to be read does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc to find processes in")
@pytest.mark.parametrize(
    ("code", "started_as"),
    [
        ("from sftformat.cli import main; main()", "sftformat"),
        (
            "from sftformat import workers; workers._way = lambda: 'spawn'; from sftformat.cli import main; main()",
            "spawn_main",
        ),
    ],
    ids=["copies", "from nothing"],
)
def test_workers_end_with_a_run_that_is_killed(code: str, started_as: str, tmp_path: Path) -> None:
    row = json.dumps({"text": "word " * 400, "label": "x"}) + "\n"
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_text(row * 40_000)
    command = [sys.executable, "-c", code, "convert", "a.jsonl", "b.jsonl", "-o", "out", "--workers", "3"]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children: list[int] = []
    deadline = time.monotonic() + 60
    while len(children) < 2 and run.poll() is None and time.monotonic() < deadline:
        listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
        children = [int(pid) for pid, parent, said in rows if int(parent) == run.pid and started_as in said]
        time.sleep(0.05)
    assert len(children) == 2, "the run ended before it was killed"
    run.kill()
    run.wait()
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, children))
    again = subprocess.run([*command, "--dry-run"], cwd=tmp_path, capture_output=True, check=False, text=True)
    assert "locked" not in again.stderr
