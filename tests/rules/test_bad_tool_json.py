"""SFT228 bad-tool-json."""

from __future__ import annotations

import pytest

from .conversations import call, result, row, turn

CODE = "SFT228"


def calling(text):
    return row("user", turn("assistant", None, tool_calls=text))


def arguments(text):
    return calling([{"id": "a", "type": "function", "function": {"name": "sky", "arguments": text}}])


def old_call(text):
    return row("user", turn("assistant", None, extra={"function_call": {"name": "sky", "arguments": text}}))


@pytest.mark.parametrize(
    "record",
    [
        row("user", "assistant"),
        *(row("user", "assistant", tools=text) for text in ("", " ", "[]", "{}", '[{"name": "sky"}]')),
        calling('{"name": "sky", "arguments": {"town": "Bern"}}'),
        calling('[{"name": "sky", "arguments": {}}, {"name": "sea", "arguments": {}}]'),
        calling('<think>Hm.</think>\n{"name": "sky", "arguments": {}}'),
        calling('Let me see. <tool_call>{"name": "sky"}</tool_call><tool_call>{"name": "sea"}</tool_call>'),
        calling('{"name": "sky", "arguments": "{\\"town\\": 1e400}"}'),
        arguments("{}"),
        arguments('{"town": "Bern"}'),
        arguments(""),
        arguments(" "),
        arguments({"town": "Bern"}),
        arguments(None),
        old_call("{}"),
        arguments('{"a": "x\\": 1", "b": ": \\":"}'),
        arguments('{"a": {"x": 1}, "b": [{"x": 1}, {"x": 2}]}'),
        calling('[{"id": "a"}]'),
        row("user", call("a", "b"), result("a"), result("b"), call("a")),
        calling('[{"id": "a", "type": "custom", "custom": {"name": "sky", "input": "free words"}}]'),
        row("user", turn("assistant", "{not a call")),
    ],
    ids=str,
)
def test_noop(found, record):
    assert found(CODE, [record, record], "chat") == []


@pytest.mark.parametrize(
    ("record", "path", "message"),
    [
        (row("user", "assistant", tools="{x"), "/tools", "the tools are not JSON: {x"),
        (row("user", "assistant", tools="'sky'"), "/tools", "the tools are not JSON: 'sky'"),
        (row("user", "assistant", tools='"sky"'), "/tools", 'the tools are not an array or object: "sky"'),
        (calling("{'name': 'sky'}"), "/target/0/tool_calls", "the call is not JSON: {'name': 'sky'}"),
        (calling(""), "/target/0/tool_calls", "the call is not JSON: "),
        (calling('{"name": "sky"},'), "/target/0/tool_calls", 'the call is not JSON: {"name": "sky"},'),
        (calling("<think>Hm.</think>sky()"), "/target/0/tool_calls", "the call is not JSON: <think>Hm.</think>sky()"),
        (calling("null"), "/target/0/tool_calls", "the call is not an array or object: null"),
        (calling("[" * 99999), "/target/0/tool_calls", f"the call is not JSON: {'[' * 39}…"),
        (
            arguments('{"town": '),
            "/target/0/tool_calls/0/function/arguments",
            'the arguments are not JSON: {"town": ',
        ),
        (
            arguments('"{}"'),
            "/target/0/tool_calls/0/function/arguments",
            'the arguments are not an object: "{}"',
        ),
        (
            calling('[{"name": "sky", "arguments": {}}, {"name": "sea", "arguments": "{"}]'),
            "/target/0/tool_calls/1/arguments",
            "the arguments are not JSON: {",
        ),
        (
            arguments('{"town": "Bern", "a": {"x": 1, "x": 2}}'),
            "/target/0/tool_calls/0/function/arguments",
            'the arguments have the key \'x\' twice: {"town": "Bern", "a": {"x": 1, "x": 2}}',
        ),
        (
            calling('{"name": "sky", "arguments": {"x": 1, "x" : 1}}'),
            "/target/0/tool_calls",
            'the call has the key \'x\' twice: {"name": "sky", "arguments": {"x": 1, "…',
        ),
        (
            calling([{"id": "a", "function": {"arguments": "{}"}}]),
            "/target/0/tool_calls/0/function",
            'the call names no function: {"arguments":"{}"}',
        ),
        (
            calling([{"name": "sky", "arguments": {}}, {"name": " ", "arguments": {}}]),
            "/target/0/tool_calls/1",
            'the call names no function: {"name":" ","arguments":{}}',
        ),
        (
            calling('{"arguments": {}}'),
            "/target/0/tool_calls",
            'the call names no function: {"arguments":{}}',
        ),
        (
            row("user", turn("assistant", None, extra={"function_call": {"arguments": "{}"}})),
            "/target/0/extra/function_call",
            'the call names no function: {"arguments":"{}"}',
        ),
        (
            row("user", call("a", "b", "a")),
            "/target/0/tool_calls/2/id",
            "two calls of one turn have the id: a",
        ),
        (
            old_call("Bern"),
            "/target/0/extra/function_call/arguments",
            "the arguments are not JSON: Bern",
        ),
    ],
    ids=str,
)
def test_finds(found, record, path, message):
    clean = row("user", "assistant")
    (finding,) = found(CODE, [clean, record, clean], "chat")
    assert (finding.line, finding.path, finding.message) == (2, path, message)
