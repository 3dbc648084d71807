"""What a schema decides about values that engines disagree about, and how it says what is wrong."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.layouts import LAYOUTS
from sftformat.layouts.layout import layout
from sftformat.record import Number, decode_json
from sftformat.schema.decide import compile_schema, joined, plain
from sftformat.schema.dialects import FORMATS
from sftformat.schema.explain import json_type
from tests.conftest import Call

SUITE = Path(os.environ.get("SFTFORMAT_CORPORA", "/nonexistent")) / "JSON-Schema-Test-Suite" / "tests"


def admits(schema: dict[str, Any], text: str) -> bool:
    """Return whether a schema admits the JSON value of a text, read and shown as records are."""
    compiled = compile_schema({"properties": {"a": schema}})
    record = plain({"a": decode_json(text)})
    assert compiled.all_fit([record]) == compiled.fits(record)
    if not compiled.fits(record):
        assert compiled.explain(record)[0].path.startswith("/a")
    return compiled.fits(record)


DECISIONS = [
    ({"type": "integer"}, {"18446744073709551617": True, "1.0": True, "1e2": True, "1.5": False, "true": False}),
    ({"type": "integer"}, {"1" * 30: True, "1.0000000000000000000000001": False, "-0": True, "1e300": True}),
    (
        {"maximum": 2**64},
        {"18446744073709551616": True, "18446744073709551617": False},
    ),
    ({"minimum": 1}, {"1": True, "0.99999999999999999999": False, "1e300": True, "1e-400": False}),
    ({"maximum": 10**29}, {"1" + "0" * 29: True, "9" * 29: True, "1" + "0" * 28 + "1": False}),
    ({"const": 10**30}, {"1" + "0" * 30: True, "1" + "0" * 29 + "1": False}),
    ({"multipleOf": 0.01}, {"0.29": True, "19.99": True, "4.35": True, "1.10": True, "0.295": False, "1e300": True}),
    ({"multipleOf": 3}, {"3" + "0" * 30: True, "1" + "0" * 30: False}),
    ({"uniqueItems": True}, {"[1, 1.0]": False, "[1, true]": True, "[0, false]": True, "[1.10, 1.1]": False}),
    (
        {"uniqueItems": True},
        {"[18446744073709551617, 18446744073709551618]": True, '[{"a":1,"b":2},{"b":2,"a":1}]': False},
    ),
    ({"const": 1}, {"1": True, "1.0": True, "1e0": True, "true": False, '"1"': False}),
    ({"const": True}, {"true": True, "1": False}),
    ({"enum": [1.1, None]}, {"1.10": True, "11e-1": True, "null": True, "1": False, "false": False}),
    ({"const": {"a": [1]}}, {'{"a":[1.0]}': True, '{"a":[true]}': False}),
    ({"minLength": 2}, {'"😀"': False, '"😀😀"': True, '"e\\u0301"': True, '"é"': False}),
    ({"maxLength": 1}, {'"😀"': True, '"\\ud83d\\ude00"': True, '"ab"': False}),
    ({"minLength": 2, "minimum": 5, "minItems": 1}, {"null": True, "[]": False, '"a"': False, "4": False, "{}": True}),
    ({"pattern": "^\\d+$"}, {'"12"': True, '"١٢"': False, '"12\\n"': False}),
    ({"pattern": "^\\p{L}+$"}, {'"Zoë"': True, '"a1"': False}),
    (
        {"allOf": [{"properties": {"b": True}}], "unevaluatedProperties": False},
        {'{"b": 1}': True, '{"b": 1, "c": 2}': False},
    ),
    (
        {"$dynamicAnchor": "n", "type": "object", "properties": {"k": {"$dynamicRef": "#n"}}},
        {'{"k": {"k": {}}}': True, '{"k": 1}': False},
    ),
]


@pytest.mark.parametrize(("schema", "answers"), DECISIONS, ids=lambda each: json.dumps(each)[:60])
def test_decisions(schema: dict[str, Any], answers: dict[str, bool]) -> None:
    if "$dynamicAnchor" in schema:
        compiled = compile_schema(schema)
        assert {text: compiled.fits(plain(decode_json(text))) for text in answers} == answers
        return
    assert {text: admits(schema, text) for text in answers} == answers


NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=20).map(lambda value: format(value, "f")),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


# Beyond 2^64 the engine compares a fraction with a limit as doubles, which is off by less than one part in 10^15.
@given(text=NUMBERS, limit=st.integers(-(10**18), 10**18))
def test_a_limit_means_the_number_that_is_written(text: str, limit: int) -> None:
    assert admits({"minimum": limit}, text) == (Decimal(text) >= limit)
    assert admits({"exclusiveMaximum": limit}, text) == (Decimal(text) < limit)
    assert admits({"const": limit}, text) == (Decimal(text) == limit)


def test_a_number_that_is_none_never_reaches_a_range(call: Call, tmp_path: Path) -> None:
    schema = {"properties": {"text": {}, "score": {"type": "number", "minimum": 0}}}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    (tmp_path / "a.jsonl").write_text('{"text": "a", "score": NaN}\n{"text": "b", "score": 1e400}\n')
    (tmp_path / "a.csv").write_text("text,score\na,NaN\nb,inf\nc,1e400\n")
    pq.write_table(pa.table({"text": ["a", "b"], "score": [float("nan"), float("inf")]}), tmp_path / "a.parquet")
    for name, code in (("a.jsonl", "SFT004"), ("a.csv", "SFT104"), ("a.parquet", "SFT004")):
        arguments = (name, "--schema", "s.json", "--layout", "text-score", "--select", "SFT0,SFT1")
        done = call("validate", *arguments, "--output-format", "json")
        assert done.code == 1
        assert json.loads(done.out)["ledger"]["written"] == 0
        assert code in json.loads(done.out)["codes"]


#: Format -> a value that has it and one that has not; without SFTFORMAT_CORPORA this is all there is.
FORMAT_VALUES = {
    "date": ("2024-02-29", "2023-02-29"),
    "date-time": ("2024-01-31T23:59:60Z", "2024-01-31 23:59"),
    "time": ("12:00:00+02:00", "25:00:00Z"),
    "duration": ("P1DT12H", "P1D12H"),
    "email": ("a.b+c@example.org", "a@"),
    "idn-email": ("실례@실례.테스트", "실례"),
    "hostname": ("www.example.org", "-bad-.org"),
    "idn-hostname": ("실례.테스트", "〮실례.테스트"),
    "ipv4": ("192.168.0.1", "256.1.1.1"),
    "ipv6": ("::1", "12345::"),
    "uri": ("https://example.org/a?b#c", "//no.scheme"),
    "uri-reference": ("/a/b", "\\\\no"),
    "iri": ("http://ƒøø.ßår/?q=∂", "/abc"),
    "iri-reference": ("/âππ", "\\\\no"),
    "uri-template": ("http://example.org/{id}", "http://example.org/{id"),
    "json-pointer": ("/a/b~0c", "a/b"),
    "relative-json-pointer": ("1/a", "-1/a"),
    "regex": ("^a+$", "^(a"),
    "uuid": ("2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08"),
}


def test_every_format_is_asserted() -> None:
    assert set(FORMAT_VALUES) == set(FORMATS)
    for name, (good, bad) in FORMAT_VALUES.items():
        compiled = compile_schema({"properties": {"a": {"format": name}}})
        assert compiled.fits({"a": good}), name
        assert compiled.fits({"a": 1}), name
        assert not compiled.fits({"a": bad}), name
        (found,) = compiled.explain({"a": bad})
        assert (found.path, found.keyword, found.expected) == ("/a", "format", f'format "{name}"')


@pytest.mark.skipif(not SUITE.is_dir(), reason="SFTFORMAT_CORPORA names no folder of public corpora")
def test_formats_of_the_suite() -> None:
    count = 0
    for path in sorted((SUITE / "draft2020-12" / "optional" / "format").glob("*.json")):
        for group in json.loads(path.read_text("utf-8")):
            compiled = compile_schema(group["schema"])
            for test in group["tests"]:
                assert compiled.fits(test["data"]) == test["valid"], (path.stem, test)
                count += 1
    assert count > 500


def test_explained_in_words_of_ours() -> None:
    schema = {
        "required": ["a"],
        "properties": {
            "a": {},
            "b": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["q"]}]},
            "c": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "d": {"type": ["string", "null"]},
            "e/f": {"items": {"maximum": 1}},
            "g": {"oneOf": [{"minimum": 1}, {"maximum": 5}]},
        },
        "patternProperties": {"^x": False},
        "additionalProperties": False,
    }

    def said(record: Any) -> list[tuple[str, ...]]:
        found = compile_schema(schema).explain(record)
        return [(each.code, each.path, each.expected, each.got) for each in found]

    assert said({}) == [("SFT102", "/a", "a key 'a'", "none")]
    assert said({"a": 1, "b": {}}) == [("SFT102", "/b/q", "a key 'q'", "none")]
    assert said({"a": 1, "c": []}) == [("SFT101", "/c", 'anyOf [{"type": "string"}, {"type": "integer"}]', "[]")]
    assert said({"a": 1, "d": 3.0}) == [("SFT104", "/d", "string or null", "integer")]
    assert said({"a": 1, "e/f": [0, 2.5]}) == [("SFT101", "/e~1f/1", "maximum 1", "2.5")]
    assert said({"a": 1, "z": 2}) == [("SFT101", "/z", "no such key", "2")]
    assert said({"a": 1, "xy": 2}) == [("SFT101", "/xy", "nothing here", "2")]
    assert said({"a": 1, "g": 3}) == [("SFT101", "/g", 'oneOf [{"minimum": 1}, {"maximum": 5}]', "3")]


def test_a_schema_that_doubles_with_the_data_is_explained_in_time() -> None:
    way = {"properties": {"k": {"$ref": "#/$defs/n"}}}
    schema = {"$ref": "#/$defs/n", "$defs": {"n": {"allOf": [way, way], "not": {"required": ["z"]}}}}
    record: Any = {"z": 1}
    for _ in range(200):
        record = {"k": record}
    compiled = compile_schema(schema)
    assert not compiled.fits(record)
    assert compiled.explain(record)[0].keyword == "not"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["text", "label", "messages", "instruction", "output", "score", "id", "weight"])


@given(name=st.sampled_from(LAYOUTS), records=st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_all_fit_is_every_one_fits(name: str, records: list[Any]) -> None:
    compiled = compile_schema(layout(name).schema)
    assert compiled.all_fit(records) == all(map(compiled.fits, records))
    for record in records:
        assert compiled.fits(record) or compiled.explain(record)
    both = joined(compiled, compile_schema({"maxProperties": 2}))
    assert both.all_fit(records) == all(map(both.fits, records))
    for record in records:
        assert both.fits(record) == (compiled.fits(record) and len(record) <= 2)
        assert both.fits(record) or both.explain(record)


def test_numbers_keep_their_type_of_json() -> None:
    assert json_type(Number("1.0000000000000000000001")) == "number"
    assert json_type(Number("1e3")) == "integer"
    assert json_type(Decimal("2.50")) == "number"


@given(depth=st.integers(1, 600))
def test_a_deep_record_is_decided_and_explained(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = {"k": [value]} if depth % 2 else [value]
    compiled = compile_schema({"properties": {"a": {"minItems": 3}, "text": {"type": "string"}}, "maxProperties": 2})
    assert compiled.fits({"text": "x", "b": value})
    found = compiled.explain({"text": 1, "b": value})
    assert [(each.path, each.keyword) for each in found] == [("/text", "type")]
    found = compiled.explain({"a": [value], "text": "x"})
    assert [(each.path, each.keyword) for each in found] == [("/a", "minItems")]
    levels = 0
    while value != 1:
        value = value["k"] if isinstance(value, dict) else value[0]
        levels += 1
    assert levels == (2 * depth if depth % 2 else depth)
