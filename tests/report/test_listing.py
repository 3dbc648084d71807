"""Findings in every output format: complete, in form, and nothing in them that a machine takes for a command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sarif_pydantic import Sarif

from sftformat.diagnostics import Diagnostic, Severity, diagnostic, visible
from sftformat.report import github, sarif
from sftformat.report.listing import LISTINGS, Summary, format_of
from sftformat.report.places import Places
from sftformat.report.rules import all_codes
from sftformat.schema.decide import compile_schema
from sftformat.schema.store import load
from tests.conftest import Call

ROWS = "".join(f'{{"text": "film {n}", "label": "{("good", "bad")[n % 2]}"}}\n' for n in range(30))
BROKEN = ROWS + '{"text": "a\n' * 8 + '{"text": "x\\u0007", "label": "good"}\n' + '{"text": ["a"], "label": "good"}\n'

_NOTE = {"type": "object", "required": ["message"], "properties": {"message": {"type": "object", "required": ["text"]}}}
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_REGION = {
    "type": "object",
    "properties": {
        "startLine": {"type": "integer", "minimum": 1},
        "byteOffset": {"type": "integer", "minimum": 0},
    },
    "additionalProperties": False,
    "minProperties": 1,
}
_LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": "^[!-~]+$"}, "uriBaseId": {"type": "string"}},
                    "additionalProperties": False,
                },
                "region": _REGION,
            },
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}
_RULE = {
    "type": "object",
    "required": ["id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    "properties": {
        "id": {"type": "string", "pattern": r"^SFT\d{3}$"},
        "name": {"type": "string"},
        "shortDescription": _TEXT,
        "fullDescription": _TEXT,
        "help": {**_TEXT, "required": ["text", "markdown"]},
        "defaultConfiguration": {"type": "object", "required": ["level"], "properties": {"level": _LEVEL}},
    },
    "additionalProperties": False,
}
_RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": _LEVEL,
        "message": _TEXT,
        "locations": {"type": "array", "items": _LOCATION, "minItems": 1, "maxItems": 1},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
#: The shape that SARIF 2.1.0 asks for, of the parts that are written: names, types, and what must be there.
SARIF = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results", "invocations"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "version", "rules"],
                                "properties": {"rules": {"type": "array", "items": _RULE, "uniqueItems": True}},
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": _RESULT},
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["executionSuccessful"],
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "exitCode": {"type": "integer"},
                                "toolExecutionNotifications": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["message"],
                                        "properties": {"message": _TEXT},
                                    },
                                },
                            },
                            "additionalProperties": False,
                        },
                    },
                    "properties": {"type": "object"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def read_sarif(text: str) -> dict[str, object]:
    document = json.loads(text)
    jsonschema.validate(document, SARIF)
    Sarif.model_validate(document)  # the whole of the standard, as others read it
    run = document["runs"][0]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == [code.code for code in all_codes()]
    assert all(ids[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    return run


#: One command of a workflow, as the runner takes it apart.
_COMMAND = re.compile(r"::(error|warning|notice) ([^:\r\n]*(?:%3A[^:\r\n]*)*)::(.*)")


def annotations(text: str) -> list[dict[str, str]]:
    """Read workflow commands as the runner of GitHub does."""

    def back(value: str, *more: tuple[str, str]) -> str:
        for escape, char in (*more, ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            value = value.replace(escape, char)
        return value

    found = []
    for line in text.splitlines():
        match = _COMMAND.fullmatch(line)
        assert match, line
        kind, properties, message = match.groups()
        pairs = (part.partition("=") for part in properties.split(","))
        values = {key: back(value, ("%3A", ":"), ("%2C", ",")) for key, _, value in pairs}
        assert values.keys() <= {"file", "line", "title"}
        found.append({**values, "kind": kind, "message": back(message)})
    return found


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "a.jsonl"
    path.write_text(BROKEN)
    return path


def test_every_format_tells_the_same_findings(call: Call, broken: Path, tmp_path: Path) -> None:
    lines = call("validate", "data/a.jsonl", "--output-format", "jsonl").out.splitlines()
    found = [json.loads(line) for line in lines]
    fits = compile_schema(load("diagnostic")).fits
    assert all(map(fits, found))
    places = sorted((each["code"], each.get("line")) for each in found)
    assert places == [("SFT001", line) for line in range(31, 39)] + [("SFT104", 40), ("SFT205", 39)]

    report = json.loads(call("validate", "data/a.jsonl", "--output-format", "json").out)
    assert report["findings"] == found
    assert report["ledger"]["read"] == report["summary"]["rows"] == 40
    assert report["summary"]["errors"] == report["errors"] == 9

    run = read_sarif(call("validate", "data/a.jsonl", "--output-format", "sarif").out)
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        (each["code"], each["severity"]) for each in found
    ]
    where = run["results"][0]["locations"][0]["physicalLocation"]
    assert where == {
        "artifactLocation": {"uri": "data/a.jsonl", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 31, "byteOffset": found[0]["byte"]},
    }
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]

    said = annotations(call("validate", "data/a.jsonl", "--output-format", "github").out)
    assert sorted((each["title"][:6], int(each["line"])) for each in said) == places
    assert [each["title"][:6] for each in said[:4]] == ["SFT001", "SFT104", "SFT205", "SFT001"]  # GitHub shows ten
    assert {each["file"] for each in said} == {"data/a.jsonl"}

    text = call("validate", "data/a.jsonl", "-o", "-").out.splitlines()
    assert len(text) == len(found)
    assert text[0].startswith("data/a.jsonl:31: error: SFT001 bad-json: column ")


@pytest.mark.parametrize(
    ("file", "told", "reads"),
    [
        ("x.sarif", "text", "sarif"),
        ("x.sarif.json", "text", "sarif"),
        ("x.json", "text", "json"),
        ("x.json", "sarif", "sarif"),
        ("x.jsonl", "github", "jsonl"),
        ("x.txt", "json", "text"),
        ("findings", "text", "jsonl"),
        ("findings", "github", "github"),
    ],
)
def test_the_name_of_the_file_says_its_format(file: str, told: str, reads: str) -> None:
    assert format_of(file, told) == reads


def test_the_file_is_complete_beside_a_digest(call: Call, broken: Path, tmp_path: Path) -> None:
    done = call("validate", "data/a.jsonl", "-o", "out/all.sarif")
    assert "… and 3 more" in done.out
    assert "all findings: out/all.sarif" in done.err
    assert len(read_sarif((tmp_path / "out/all.sarif").read_text())["results"]) == 10
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["all.sarif"]


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "github", "sarif"])
def test_max_findings_bounds_the_list_and_not_the_counts(call: Call, broken: Path, tmp_path: Path, form: str) -> None:
    done = call("validate", "data/a.jsonl", "--output-format", form, "--max-findings", "3")
    assert done.code == 1
    listed = {
        "text": lambda text: re.findall(r"^  data/a.jsonl:\d+", text, re.M),
        "json": lambda text: json.loads(text)["findings"],
        "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
        "github": annotations,
        "sarif": lambda text: read_sarif(text)["results"],
    }[form]
    assert len(listed(done.out)) == 3
    assert "Found 9 errors and 1 warning in 40 rows." in done.out + done.err
    if form == "json":
        assert json.loads(done.out)["summary"]["codes"] == {"SFT001": 8, "SFT104": 1, "SFT205": 1}
    assert call("validate", "data/a.jsonl", "--max-findings", "0").out.count("data/a.jsonl:") == 0


def test_a_file_that_cannot_be_read_is_a_finding_of_the_list(call: Call, broken: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "b.parquet").write_bytes(b"PAR1xxxxPAR1")
    done = call("validate", "data", "--output-format", "json", "-o", "all.sarif")
    assert done.code == 2
    report = json.loads(done.out)
    codes = [each["code"] for each in report["findings"]]
    assert codes.count("SFT016") == 1
    assert len(codes) > 1  # those of the other file
    assert report["ledger"]["inputs"][0]["file"] != "b.parquet"
    assert "b.parquet" in report["summary"]["error"]
    run = read_sarif((tmp_path / "all.sarif").read_text())
    assert run["invocations"][0]["executionSuccessful"] is False
    done = call("validate", "nothing.jsonl", "-o", "none.sarif")
    assert done.code == 2
    assert not (tmp_path / "none.sarif").exists()


def test_rows_of_a_table_are_not_lines(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ROWS + '{"text": "x\\u0007", "label": "good"}\n')
    assert call("convert", "a.jsonl", "-o", "a.parquet").code == 0
    (result,) = read_sarif(call("validate", "a.parquet", "--output-format", "sarif").out)["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]
    assert result["properties"]["row"] == 31
    (said,) = annotations(call("validate", "a.parquet", "--output-format", "github").out)
    assert "line" not in said
    assert said["message"].startswith("row 31: ")


def test_the_page_of_the_step_has_the_counts(call: Call, broken: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n")
    call("validate", "data/a.jsonl", "--output-format", "github", GITHUB_STEP_SUMMARY=str(page))
    text = page.read_text()
    assert text.startswith("before\n### sftformat\n")
    assert "| error | SFT001 bad-json | 8 | <code>data/a.jsonl:31</code> |" in text
    assert text.endswith("Found 9 errors and 1 warning in 40 rows.\n")


def test_other_commands_keep_stdout_for_machines_too(call: Call, broken: Path, tmp_path: Path) -> None:
    done = call("convert", "data/a.jsonl", "-o", "out", "--output-format", "json")
    assert json.loads(done.out)["summary"]["errors"] == 9
    assert "rows not written" in done.err
    done = call("convert", "data/a.jsonl", "-o", "out", "--output-format", "sarif")
    assert read_sarif(done.out)["results"] == []
    assert "up to date" in done.err


evil = st.text(
    st.one_of(st.sampled_from("\x1b\x07\r\n\u202e\u2028\x9b%:,=[]<>&|`#\ud800\U000e0001é"), st.characters()),
    max_size=60,
)


def finding(file: str, message: str, hint: str, path: str) -> Diagnostic:
    return diagnostic("SFT101", message, file=file, line=3, byte=7, hint=hint, path=path, got=message, expected=hint)


@given(evil, evil, evil, evil)
def test_nothing_in_a_finding_breaks_out_of_its_format(file: str, message: str, hint: str, path: str) -> None:
    found = finding(file.replace("\0", ""), f"m{message}", hint, path)
    for name, made in LISTINGS.items():
        written: list[str] = []
        listing = made(written.append, Places())
        listing.add(found)
        listing.end(Summary(listed=1, best=(found,)))
        text = "".join(written)
        unsafe = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
        assert not unsafe, (name, unsafe)
        if name in ("text", "github", "jsonl"):
            assert text.count("\n") == 1
        if name == "github":
            (said,) = annotations(text)
            assert said.get("file", "") == visible(found.file)
            assert said["title"] == "SFT101 schema-violation"
        if name == "sarif":
            run = read_sarif(text)
            if found.file:
                uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                assert unquote(uri.removeprefix("file://"), errors="surrogatepass") == found.file


def test_escapes_of_workflow_commands() -> None:
    found = Diagnostic("SFT001", "x", Severity.ERROR, "100% a:b,c", "a:b,c%.jsonl", 1)
    assert github.annotation(found) == "::error file=a%3Ab%2Cc%25.jsonl,line=1,title=SFT001 x::100%25 a:b,c"


def test_best_is_the_first_of_every_code() -> None:
    made = [[finding(f"{code}{number}", "", "", "") for number in range(size)] for code, size in (("a", 3), ("b", 1))]
    assert [each.file for each in github.best(made)] == ["a0", "b0", "a1", "a2"]


def test_levels() -> None:
    assert sarif.LEVELS[Severity.INFORMATION] == "note"
    off = {rule["id"] for rule in sarif.driver()["rules"] if rule["defaultConfiguration"].get("enabled") is False}
    assert off == {code.code for code in all_codes() if code.severity is Severity.OFF}
