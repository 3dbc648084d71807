"""Users' schemas: refused at load where they cannot be meant, and every violation in words of ours."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.errors import SchemaError, UsageError
from sftformat.layouts import LAYOUTS
from sftformat.layouts.layout import from_schema, layout
from sftformat.record import Number
from sftformat.schema.arrow import TASKS, arrow_schema
from sftformat.schema.decide import compile_schema, decider, plain
from sftformat.schema.store import load, load_user, names
from sftformat.schema.usable import check


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "http://example.com/x"}, "at /$ref"),
        ({"$ref": "file:///etc/passwd"}, "at /$ref"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "at /properties/a/$ref"),
        ({"$dynamicRef": "https://example.com/x#a"}, "at /$dynamicRef"),
        ({"$schema": "http://example.com/mine"}, "/$schema"),
        ({"$ref": "#"}, "leads back to itself"),
        (
            {
                "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}},
                "$ref": "#/$defs/a",
            },
            "leads back to itself",
        ),
        ({"type": "strng"}, "at /type"),
        ({"properties": {"a": {"pattern": "("}}}, "pattern"),
        ({"properties": {"a": {"minLength": "1"}}}, "at /properties/a/minLength"),
        ({"required": "a"}, "at /required"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaError) as raised:
        check(schema, "mine")
    assert words in str(raised.value)


def test_recursion_over_the_data_is_legal() -> None:
    schema = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}, "x": {"$ref": "#/$defs/n"}},
        "$defs": {"n": {"type": "integer"}},
    }
    check(schema, "mine")
    compiled = compile_schema(schema)
    assert compiled.fits({"kids": [{"kids": [], "x": 1}]})
    assert not compiled.fits({"kids": [{"x": "1"}]})
    assert compiled.explain({"kids": [{"x": "1"}]})[0].path == "/kids/0/x"


def test_no_pattern_reaches_an_engine_that_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match='"regex"'):
        decider({"pattern": "(?=a)b"})  # an engine that goes back could do this
    pattern, seen, compiled_by_python = "^(a+)+$", list[Any](), re._compile  # type: ignore[attr-defined]

    def noted(asked: Any, flags: int) -> Any:
        seen.append(asked)
        return compiled_by_python(asked, flags)

    monkeypatch.setattr(re, "_compile", noted)
    for draft in ("https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-03/schema#"):
        compiled = compile_schema({"$schema": draft, "properties": {"a": {"pattern": pattern}}})
        assert compiled.fits({"a": "a" * 12})
        assert not compiled.fits({"a": "a" * 12 + "!"})
        assert compiled.explain({"a": "a" * 12 + "!"})[0].keyword == "pattern"
    re.search("seen", "")
    assert "seen" in seen
    assert pattern not in seen


def test_files_that_are_no_schema(tmp_path: Path) -> None:
    for content, words in (
        (b"{", "not JSON"),
        (b"[]", "a JSON object"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
    ):
        (tmp_path / "s.json").write_bytes(content)
        with pytest.raises(SchemaError, match=words):
            load_user(tmp_path / "s.json")
    with pytest.raises(SchemaError, match="No such file"):
        load_user(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "mine: has no 'x-sftformat'"),
        ({"version": 2, "task": "classification"}, "at /x-sftformat/version: must be 1, not 2"),
        ({"version": 1, "task": "nonsense"}, "at /x-sftformat/task: there is no task nonsense"),
        ({"version": 1, "task": "classification", "feilds": {}}, "at /x-sftformat: not understood: feilds"),
        ({"fields": {"inptu": "/a"}}, "at /x-sftformat/fields: classification has no field 'inptu'"),
        ({"fields": {"input": "a"}}, "at /x-sftformat/fields/input: 'a' is no JSON Pointer"),
        ({"fields": {"input": {"at": ["/a", 5]}}}, "at /x-sftformat/fields/input: '5' is no JSON Pointer"),
        ({"fields": {"target": {"at": ["/a"], "values": {"0": "x", "1": "x"}}}}, "fields/target/values: two source"),
        ({"fields": {"target": {"at": ["/a"], "values": {"0": ["x"], "1": ["x"]}}}}, "fields/target/values: two"),
        ({"fields": {"target": {"at": ["/a"], "split": ""}}}, "at /x-sftformat/fields/target: at is a list"),
        ({"fields": {"target": {"at": ["/a"], "as": "date"}}}, "fields/target/as: string, integer or number, not date"),
    ],
)
def test_a_layout_that_says_nonsense_is_refused(said: Any, words: str) -> None:
    whole = {"version": 1, "task": "classification"} | said if said is not None else None
    with pytest.raises(SchemaError, match=words):
        from_schema({"x-sftformat": whole} if whole is not None else {"type": "object"}, "mine")


LEAVES = st.sampled_from([None, True, 0, 1.5, "", "/text", "text", "/o/k", "|", "string", "{src}", "/{src}/a"])
WORDS = st.sampled_from(["at", "const", "split", "json", "values", "as", "input", "target", "0"])
SAID = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4))


@given(
    st.fixed_dictionaries(
        {"version": st.sampled_from([1, 2]), "task": st.sampled_from(TASKS)},
        optional={"fields": st.dictionaries(WORDS, SAID) | SAID, "aka": SAID, "unlabelled": SAID, "module": SAID},
    )
)
def test_whatever_a_layout_says_it_is_read_or_refused_with_its_place(said: Any) -> None:
    why = "mine: at /x-sftformat"
    with suppress(SchemaError):
        from_schema({"x-sftformat": said}, "mine")
        why = ""
    if why:
        with pytest.raises(SchemaError, match=f"^{why}"):
            from_schema({"x-sftformat": said}, "mine")


def test_violations_never_show_more_than_80_characters_of_a_value() -> None:
    compiled = compile_schema(load("layouts/text-label"))
    secret = "s" * 1000
    for value in ({"text": [secret]}, {secret: 1}, {"text": "x", "label": [secret]}):
        for found in compiled.explain(value):
            assert len(found.got) <= 90
            assert "s" * 81 not in found.got + found.expected + found.path


@given(
    st.recursive(
        st.integers() | st.text() | st.sampled_from([Number("1.5"), Number("2e3")]),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_plain_changes_numbers_only(value: Any) -> None:
    def slow(item: Any) -> Any:
        if isinstance(item, Number):
            return float(item)
        if isinstance(item, dict):
            return {key: slow(each) for key, each in item.items()}
        return [slow(each) for each in item] if isinstance(item, list) else item

    before = repr(value)
    assert plain(value) == slow(value)
    assert repr(value) == before


def test_our_own_schemas_are_sound() -> None:
    for name in names():
        schema = load(name)
        check(schema, name)
        compiled = compile_schema(schema)
        for example in schema["examples"]:
            assert compiled.fits(example), (name, compiled.explain(example))
    with pytest.raises(UsageError):
        load("nonsense")


def test_arrow_schemas_follow_the_json_schemas() -> None:
    for task in TASKS:
        assert arrow_schema(task).names == list(load(f"canonical/{task}")["properties"])
    for name in LAYOUTS:
        assert set(layout(name).fields) <= set(arrow_schema(layout(name).task).names)
        assert json.dumps(layout(name).schema)
