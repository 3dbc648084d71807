"""`--redact` shows no value, and without it a finding shows no more than 80 characters of one: over every code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftformat.cli import cli
from sftformat.diagnostics import CODES, Severity, diagnostic
from sftformat.report.redact import redacted, redacted_words
from sftformat.rules import RULES
from sftformat.validate import diagnose

#: Stands in every value that is planted; no word of ours has it.
SECRET = "q7zq"
FORMATS = ("text", "json", "jsonl", "github", "sarif")


def planted(value: str) -> list[bytes]:
    """Lines that hold a value in every place where a finding could pick it up."""
    good = {"text": f"a film {value}", "label": f"pos {value}", "group": f"g {value}", "id": f"i {value}"}

    def line(**more: Any) -> bytes:
        return json.dumps({**good, **more}).encode()

    return [
        *(line(text=f"film {number} {value}", id=f"{number} {value}", split="train") for number in range(6)),
        line(text=f"film 1 {value}", label=f"neg {value}", id=f"0 {value}", split="train"),
        line(text=f"FILM 2 {value}", split="test", id=f"t {value}"),
        line(text=f"film 3 {value}", split="validation", label=f"POS {value}", id=f"v {value}"),
        line(text=f"\x07\ufffd\u200b{value} Ã© &amp; {{{{x}}}}", id=f"5 {value}"),
        line(text=[value], id=1),
        line(text={value: value}),
        line(label={value: [value]}),
        line(text="", label=f"x {value}", id=f"e {value}"),
        line(text="x", label="", id=f"f {value}"),
        line(text="x", label=None, id=f"n {value}"),
        line(split=value),
        line(weight=value),
        line(weight=-1, id=f"w {value}"),
        json.dumps({value: value, "label": value}).encode(),
        json.dumps([value]).encode(),
        line()[:-1] + b", " + json.dumps(value).encode() + b": 1, " + json.dumps(value).encode() + b": 2}",
        line()[:-1] + b', "x": NaN}',
        line()[:-1] + b', "x": ' + value.encode("ascii", "ignore").replace(b'"', b"") + b"}",
        line()[:-1] + b', "x": "\\ud800"}',
        b"{'text': '" + value.encode("utf-8", "ignore").replace(b"\n", b"").replace(b"\r", b"") + b"'}",
        line() + b" " + json.dumps(value).encode(),
        line()[:-1] + b', "x": "' + b"\xff" + b'"}',
        b'{"text": "' + value.encode("utf-8", "ignore").replace(b"\n", b"").replace(b"\r", b""),
    ]


CONFIG = "[rules.SFT306]\nfewer_than = 10\n[rules.SFT407]\nmin_rows = 1000\n[rules.SFT204]\nmax_chars = 3\n"


def shown(folder: Path, *arguments: str) -> str:
    """Run a command and return everything that a person or a machine is shown."""
    done = CliRunner().invoke(cli, list(arguments), standalone_mode=False)
    error = "" if done.exception is None else f"{type(done.exception).__name__} {done.exception}"
    return done.stdout + done.stderr + error


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    value = f"{SECRET} secret {SECRET}"
    (folder / "a.jsonl").write_bytes(b"\n".join(planted(value)) + b"\n")
    rows = [
        f"x{SECRET};y{SECRET}",
        f"a{SECRET};b",
        f'"a{SECRET}"{SECRET};b',
        f"a{SECRET};b;c{SECRET}",
        f"{SECRET};y{SECRET}",
    ]
    (folder / "a.csv").write_text("text;label\n" + "\n".join(rows) + "\n")
    (folder / "header.csv").write_text(f"{SECRET};pos\n{SECRET};pos\nb;pos\n")
    (folder / "labels.txt").write_text("pos\nneg\n")
    (folder / "c.toml").write_text(CONFIG)
    return folder


@pytest.mark.parametrize("form", FORMATS)
def test_no_value_is_shown_anywhere(data: Path, form: str) -> None:
    out = data / f"all.{form}.txt"
    for name in ("a.jsonl", "a.csv"):
        common = ("--output-format", form, "--config", str(data / "c.toml"), "--select", "ALL")
        locked = ("--labels", str(data / "labels.txt"))
        for more in ((), locked):
            call = ("validate", str(data / name), *common, *more, "-o", str(out), "--redact")
            text = shown(data, *call)
            assert "SFT" in text
            assert SECRET not in text, re.findall(rf".{{90}}{SECRET}.{{9}}", text, re.S)[:3]
            assert SECRET not in out.read_text()
            assert SECRET in shown(data, *call[:-1]) or name == "a.csv"
        text = shown(data, "convert", str(data / name), "-o", str(data / "out"), *common, "--redact", "--overwrite")
        assert SECRET not in text
    assert SECRET in (data / "out" / "rejects.jsonl").read_text(), "rejects keep the rows as they are"


def test_no_value_is_shown_by_an_error_that_ends_the_run(data: Path) -> None:
    one = json.dumps({"text": "a", "label": "b", "split": "train"}) + "\n"
    (data / "split.jsonl").write_text(one * 3)
    assert SECRET in shown(data, "validate", str(data / "header.csv"), "--select", "SFT1")
    assert SECRET not in shown(data, "validate", str(data / "header.csv"), "--redact")
    assert redacted_words(f"a.jsonl: no field '{SECRET}'; use --map") == "a.jsonl: no field …; use --map"
    assert SECRET not in redacted_words(f"expected text, got {SECRET} and {SECRET}")
    assert SECRET not in redacted_words(f"the value '{SECRET} clipped…")


@pytest.mark.parametrize(
    "label",
    [
        {"enum": [SECRET, "pos"]},
        {"const": SECRET},
        {"not": {"const": "neg"}, "$comment": SECRET},
        {"anyOf": [{"enum": [SECRET]}, {"pattern": SECRET}]},
        {"type": "array", "contains": {"const": SECRET}},
        {"if": {"const": "neg"}, "then": {"const": SECRET}},
    ],
    ids=lambda label: next(iter(label)),
)
def test_no_value_that_a_schema_names_is_shown(data: Path, label: dict[str, Any]) -> None:
    (data / "schema.json").write_text(json.dumps({"properties": {"label": label}}))
    (data / "b.jsonl").write_text('{"text": "a", "label": "neg"}\n{"text": "b", "label": "neg"}\n')
    call = ("validate", str(data / "b.jsonl"), "--schema", str(data / "schema.json"), "--redact")
    for form in FORMATS:
        text = shown(data, *call, "--output-format", form)
        assert "SFT101" in text or "SFT104" in text
        assert SECRET not in text


def test_no_label_of_an_inferred_schema_is_shown(data: Path) -> None:
    rows = [{"text": f"film {number}", "label": f"{SECRET}{number % 2}"} for number in range(60)]
    (data / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = CliRunner().invoke(cli, ["schema", "--infer", str(data / "c.jsonl")])
    assert f"{SECRET}1" in done.stdout
    (data / "inferred.json").write_text(done.stdout)
    (data / "d.jsonl").write_text('{"text": "a", "label": "neg"}\n')
    call = ("validate", str(data / "c.jsonl"), str(data / "d.jsonl"), "--schema", str(data / "inferred.json"))
    assert f'enum ["{SECRET}0' in shown(data, *call)
    text = shown(data, *call, "--redact")
    assert "/label: expected one of the values of the schema" in text
    assert SECRET not in text


def test_no_bound_of_an_inferred_schema_is_shown(data: Path) -> None:
    rows = [{"text": f"film {number}", "score": 731.25 + number} for number in range(60)]
    (data / "e.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = CliRunner().invoke(cli, ["schema", "--infer", str(data / "e.jsonl")])
    assert "731.25" in done.stdout
    (data / "bounds.json").write_text(done.stdout)
    (data / "f.jsonl").write_text('{"text": "a", "score": 1.5}\n{"text": "a", "score": 1e5}\n')
    call = ("validate", str(data / "e.jsonl"), str(data / "f.jsonl"), "--schema", str(data / "bounds.json"))
    assert "minimum 731.25" in shown(data, *call)
    text = shown(data, *call, "--redact")
    assert "/score: expected what minimum of the schema says" in text
    assert "731" not in text
    assert "790" not in text


@pytest.mark.parametrize("code", [*CODES, *(rule.code for rule in RULES)])
def test_what_is_redacted_still_says_what_is_wrong(code: str) -> None:
    name = next((rule.name for rule in RULES if rule.code == code), CODES[code].name if code in CODES else "")
    found = diagnostic("SFT001", f"column 7: got '{SECRET}'", file="a.jsonl", line=3, path=f"/text/0/{SECRET}/x~1y")
    made = redacted(type(found)(code, name, Severity.ERROR, "words of ours", path=found.path), {"text"})
    assert made.path == "/text/0/…/…"
    assert made.message
    assert redacted(found, set()).message == "column 7: the line is not JSON"


def test_no_example_of_ours_stands_where_a_value_would() -> None:
    found = diagnostic("SFT001", "x", file="a.jsonl", line=3)
    for rule in (rule for rule in RULES if rule.code[:5] == "SFT20"):
        made = redacted(type(found)(rule.code, rule.name, Severity.WARNING, "the text has a value"), set())
        assert "`, `" not in made.message


#: Nothing but this is counted: its characters come in no word of ours.
ALPHABET = "ɱʘΞ\x1b\u202e\x07\U000e0001\u2028"


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.text(ALPHABET, min_size=200, max_size=400), st.booleans())
def test_a_finding_never_says_more_than_80_characters_of_a_value(tmp_path: Path, value: str, locked: bool) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(planted(value + "\n\r" + value)) + b"\n")
    (tmp_path / "labels.txt").write_text("pos\nneg\n")
    (tmp_path / "c.toml").write_text(CONFIG)
    more = ["--labels", str(tmp_path / "labels.txt")] if locked else []
    file = tmp_path / "all.jsonl"
    common = ["--config", str(tmp_path / "c.toml"), "--select", "ALL", "-q", "-o", str(file), *more]
    CliRunner().invoke(cli, ["validate", str(tmp_path / "a.jsonl"), *common], standalone_mode=False)
    found = [json.loads(line) for line in file.read_text().splitlines()]
    assert len({each["code"] for each in found}) >= 15
    for each in found:
        for field in ("message", "expected", "got", "hint", "path"):
            for run in value_runs(each.get(field, "")):
                assert len(run) <= 80, (each["code"], field, run)


def value_runs(text: str) -> list[str]:
    """The stretches of a text that come from the planted value, its characters and their escapes."""
    plain = re.sub(r"\\x(?:1b|07)|\\u(?:202e|2028)|\\U000e0001|\\[nr]", "\x07", text)
    return re.findall(rf"[{ALPHABET}\n\r]+", plain)


def test_diagnose_is_the_door_for_python(data: Path) -> None:
    found = list(diagnose(data / "a.jsonl", select=["SFT0"], rules={"SFT004": {"severity": "warning"}}))
    assert {each.code[:4] for each in found} == {"SFT0", "SFT1"}  # what costs a row is always told
    assert {each.severity for each in found if each.code == "SFT004"} == {Severity.WARNING}
    both = list(diagnose([f"train={data / 'a.jsonl'}"], ignore=["SFT3", "SFT4"]))
    assert {"SFT001", "SFT205"} <= {each.code for each in both}
    assert not {each.code for each in both if each.code[:4] in ("SFT3", "SFT4")}
