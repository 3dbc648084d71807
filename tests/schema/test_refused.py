"""Users' schemas that cannot be meant: refused before any record is read, in one line that names the place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sftformat.errors import SchemaError
from sftformat.schema.store import load_user
from sftformat.schema.usable import check, ignored
from tests.conftest import Call

DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}
DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}


def doubling(levels: int, keyword: str = "allOf") -> dict[str, Any]:
    """Return a schema of a few lines that expands to 2 ** levels subschemas about one value."""
    parts: dict[str, Any] = {f"a{level}": {keyword: [{"$ref": f"#/$defs/a{level + 1}"}] * 2} for level in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{levels}": {"type": "object"}}}


def doubling_with_the_data(levels: int) -> dict[str, Any]:
    """Return a schema that doubles with every level of the data."""
    parts: dict[str, Any] = {
        f"a{level}": {"properties": {"k": {"allOf": [{"$ref": f"#/$defs/a{level + 1}"}] * 2}}}
        for level in range(levels)
    }
    return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{levels}": {"type": "object"}}}


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


REFUSED = {
    "remote reference": (
        {"properties": {"a": {"$ref": "https://x.com/a"}}},
        "at /properties/a/$ref: 'https://x.com/a'",
    ),
    "file reference": ({"$ref": "file:///etc/passwd"}, "at /$ref: 'file:///etc/passwd' leads out of the schema"),
    "data reference": ({"$ref": "data:,{}"}, "at /$ref: 'data:,{}' leads out"),
    "relative reference": ({"$ref": "other.json#/a"}, "at /$ref: 'other.json#/a' leads out"),
    "pointer to nothing": (
        {"properties": {"a/b": {"$ref": "#/$defs/x"}}},
        "at /properties/a~1b/$ref: '#/$defs/x' leads",
    ),
    "anchor to nothing": ({"$ref": "#x"}, "at /$ref: '#x' leads nowhere"),
    "dynamic reference out": ({"$dynamicRef": "https://x.com/a#b"}, "at /$dynamicRef"),
    "loop": ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "leads back to itself"),
    "loop of one": ({"$ref": "#"}, "at /$ref: '#' leads back to itself and consumes nothing"),
    "loop through not": ({"not": {"$ref": "#"}}, "at /not/$ref"),
    "loop through if": ({"if": {"allOf": [{"$ref": "#/if"}]}}, "at /if/allOf/0/$ref"),
    "loop through an anchor": ({"$dynamicAnchor": "n", "$dynamicRef": "#n"}, "at /$dynamicRef"),
    "2^28 by allOf": (doubling(28), "expands to 1,073,741,822 subschemas"),
    "2^28 by anyOf": (doubling(28, "anyOf"), "expands to"),
    "2^28 with the data": (doubling_with_the_data(28), "expands to"),
    "300 deep": (deep(300), "nested deeper than 128 schemas: at /items/items"),
    "misspelt keyword": (
        {"properties": {"a": {"minLenght": 3}}},
        "at /properties/a/minLenght: no keyword 'minLenght'; did",
    ),
    "misspelt at the root": ({"propertes": {}}, "did you mean 'properties'?"),
    "in the wrong case": ({"Required": ["a"]}, "did you mean 'required'?"),
    "misspelt in what a reference leads to": (
        {"$ref": "#/components/A", "components": {"A": {"requried": ["a"]}}},
        "at /components/A/requried",
    ),
    "misspelt type": ({"type": ["string", "nul"]}, "at /type: no type 'nul'; did you mean 'null'?"),
    "no type": ({"properties": {"a": {"type": "text"}}}, "there are string, number"),
    "misspelt format": ({"properties": {"a": {"format": "date_time"}}}, "did you mean 'date-time'?"),
    "a format by another name": ({"format": "url"}, "at /format: no format 'url'; did you mean 'uri'?"),
    "looking ahead": ({"properties": {"a": {"pattern": "^(?=.*x)y"}}}, "at /properties/a/pattern: the pattern"),
    "looking behind": ({"pattern": "(?<!a)b"}, "looks ahead or behind"),
    "referring back": ({"pattern": r"(a)\1"}, "refers back to a group"),
    "no expression": ({"patternProperties": {"[": {}}}, "at /patternProperties/[: the pattern '[' is no regular"),
    "an expression that is too large": ({"pattern": "(a{1000}){1000}"}, "too large"),
    "a number where a text belongs": ({"$ref": 5}, "at /$ref"),
    "a negative length": ({"properties": {"a": {"minLength": -1}}}, "at /properties/a/minLength"),
    "no properties": ({"properties": []}, "at /properties"),
    "a text as a list": ({"required": "a"}, "at /required"),
    "unknown dialect": ({"$schema": "http://example.com/mine"}, "at /$schema: unknown dialect"),
    "unknown dialect inside": ({"$defs": {"a": {"$id": "urn:a", "$schema": "http://x"}}}, "at /$defs/a/$schema"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_its_place(name: str) -> None:
    schema, words = REFUSED[name]
    with pytest.raises(SchemaError) as raised:
        check(schema, "mine")
    message = str(raised.value)
    assert words in message
    assert message.startswith("mine: ")
    assert len(message) < 500
    assert "\n" not in message


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"kids": {"items": {"$ref": "#"}}}},
        {"$dynamicAnchor": "n", "properties": {"kids": {"items": {"$dynamicRef": "#n"}}}},
        {"$ref": "https://example.com/x#/$defs/a", "$id": "https://example.com/x", "$defs": {"a": {"type": "object"}}},
        {"$id": "https://example.com/x", "$ref": "b", "$defs": {"a": {"$id": "b", "type": "object"}}},
        {"$ref": "#here", "$defs": {"a": {"$anchor": "here", "type": "object"}}},
        {"properties": {"parameters": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}},
        {**DRAFT_7, "$ref": "#/definitions/a", "definitions": {"a": {"type": "object"}}, "not": {"$ref": "#"}},
        {**DRAFT_7, "properties": {"items": {"items": [{"type": "string"}]}}},
        {"$schema": "http://json-schema.org/draft-03/schema#", "properties": {"a": {"required": True, "type": "any"}}},
        {"properties": {"minLenght": {}, "$ref": {}, "type": {"const": {"$ref": "http://nowhere"}}}},
        {"x-mine": {"$ref": "http://nowhere"}, "examples": [{"$ref": "http://nowhere"}]},
        {"properties": {"a": {"pattern": "^(a+)+$"}}},
        doubling(10),
        deep(100),
    ],
)
def test_what_can_be_meant_is_not_refused(schema: dict[str, Any]) -> None:
    check(schema, "mine")


@pytest.mark.parametrize(
    ("schema", "pointer", "words"),
    [
        ({"properties": {"a": {"nullable": True}}}, "/properties/a/nullable", "'nullable' is no keyword of 2020-12"),
        ({"properties": {"a": {"format": "int32"}}}, "/properties/a/format", "2020-12 knows no format 'int32'"),
        (
            {**DRAFT_7, "properties": {"a": {"format": "uuid"}}},
            "/properties/a/format",
            "draft 7 knows no format 'uuid'",
        ),
        ({**DRAFT_4, "properties": {"a": {"const": 1}}}, "/properties/a/const", "no keyword of draft 4 but of 2020-12"),
        (
            {**DRAFT_7, "properties": {"a": {"$ref": "#/definitions/s", "minLength": 1}}, "definitions": {"s": {}}},
            "/properties/a/minLength",
            "'minLength' stands beside '$ref', which hides it in draft 7",
        ),
    ],
)
def test_what_checks_nothing_is_named(schema: dict[str, Any], pointer: str, words: str) -> None:
    check(schema, "mine")
    (found,) = ignored(schema, "mine")
    assert found.pointer == pointer
    assert words in found.message


def test_remarks_and_names_of_ones_own_are_not_named() -> None:
    schema = {
        "properties": {
            "a": {"type": "string", "description": "…", "examples": ["x"], "example": "x", "x-mine": 1, "title": "A"},
            "b": {"$ref": "#/$defs/b", "description": "beside a reference"},
        },
        "$defs": {"b": {"type": "integer", "deprecated": True, "$comment": "…"}},
        "x-sftformat": {},
    }
    assert ignored(schema, "mine") == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "is a JSON object"),
        (b"true", "is a JSON object"),
        (b"", "not JSON"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"minimum": NaN}', "NaN is not a JSON number"),
        (b'{"maximum": 1e400}', "beyond every range"),
        (b'{"type": "object", "type": "array"}', "the key 'type' stands twice"),
    ],
)
def test_files_that_hold_no_schema(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "s.json").write_bytes(content)
    with pytest.raises(SchemaError, match=words):
        load_user(tmp_path / "s.json")


ROOT = Path(__file__).parents[2]
MEMORY = """
import json, sys
from tests.peak import peak
from sftformat.errors import SchemaError
from sftformat.schema.usable import check
before = peak()
try:
    check(json.load(sys.stdin), "mine")
except SchemaError:
    print(peak() - before)
"""


@pytest.mark.parametrize("name", ["2^28 by allOf", "2^28 by anyOf", "2^28 with the data", "300 deep"])
def test_what_is_too_large_is_refused_without_being_made(name: str) -> None:
    schema = json.dumps(REFUSED[name][0])
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], cwd=ROOT, input=schema, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100 << 10  # KiB


def test_the_command_line_refuses_in_one_line_before_it_reads(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{bad\n" * 3)
    schema, words = REFUSED["pointer to nothing"]
    (tmp_path / "s.json").write_text(json.dumps(schema))
    done = call("validate", "a.jsonl", "--schema", "s.json")
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith(f"error: s.json: {words}")
    assert done.err.count("\n") == 1


def test_hostile_names_in_a_schema_are_shown_safely(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "b"}\n')
    (tmp_path / "s.json").write_text(json.dumps({"properties": {"\x1b[31m\u202e": {"type": "x\x07"}}}))
    done = call("validate", "a.jsonl", "--schema", "s.json")
    assert done.code == 2
    assert "at /properties/\\x1b[31m\\u202e/type" in done.err


def test_what_checks_nothing_is_a_warning(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "b"}\n')
    schema = {"properties": {name: {"type": "string", "nullable": True} for name in ("text", "label")}}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    done = call("validate", "a.jsonl", "--schema", "s.json", "--select", "SFT1")
    assert done.code == 0
    assert "SFT108 schema-part-ignored  1 warning" in done.out
    assert (
        "at /properties/label/nullable: 'nullable' is no keyword of 2020-12: it checks nothing (in 2 places)"
        in done.out
    )
