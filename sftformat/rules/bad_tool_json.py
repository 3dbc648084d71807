r"""Flag tools, calls of tools and arguments of calls that are not the JSON they should be.

The tools on offer and the calls must be an array or an object; arguments that stand as text must be an object in JSON,
with each key once. A call must name its function, and calls of one turn must not share an id.
Reasoning before a call, and <tool_call> around it, are fine; so are blank tools and blank arguments, which say none.

Why it matters: LLaMA-Factory stops at such a record, and a model trained on it writes calls that nothing can read.

What to do: write the value as JSON: double quotes, true and null, no comma at the end, and encoded once.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "{'name': 'sky', 'arguments': {}}"}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"function\": {\"name\": \"sky\", \"arguments\": \"{\\\"town\\\": \"}}]"}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": "Yes."}], "tools": "the sky"}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"function\": {\"arguments\": \"{}\"}}]"}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"function\": {\"name\": \"sky\", \"arguments\": \"{\\\"town\\\": \\\"Bern\\\"}\"}}]"}], "tools": "[{\"name\": \"sky\"}]"}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from sftformat.diagnostics import clip
from sftformat.record import encode_json
from sftformat.rules.exchanges import parsed
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.texts import Array
from sftformat.rules.view import View


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with a value: where inside it, in words, what was expected, and what stands there."""

    inner: str
    words: str
    expected: str
    text: str


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the tools, calls and arguments that cannot be read."""
    for row, fault in _faulty(view.column("tools"), _tools_fault):
        yield _finding(row, "/tools", fault)
    turns = view.turns
    for turn, fault in _faulty(turns.field("tool_calls"), _calls_fault):
        yield _finding(int(turns.owners[turn]), turns.path(turn, "/tool_calls"), fault)
    for turn, call in turns.old_calls.items():
        old = _function_fault(call, "")
        if old is not None:
            yield _finding(int(turns.owners[turn]), turns.path(turn, "/extra/function_call"), old)


def _finding(row: int, path: str, fault: _Fault) -> Finding:
    message = f"{fault.words}: {clip(fault.text, 40)}"
    return Finding(row, message, path + fault.inner, fault.expected, clip(fault.text))


def _faulty(texts: Array, fault_of: Any) -> Iterator[tuple[int, _Fault]]:
    """Yield the indexes of the faulty texts of a column, each distinct text looked at once."""
    if texts.null_count == len(texts):
        return
    encoded = texts.dictionary_encode()
    faults = {code: fault for code, text in enumerate(encoded.dictionary.to_pylist()) if (fault := fault_of(text))}
    if faults:
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        for index in np.flatnonzero(np.isin(codes, list(faults))).tolist():
            yield index, faults[int(codes[index])]


def _tools_fault(text: str) -> _Fault | None:
    return _read(text, "the tools are", "", list | dict)[1] if text.strip() else None


def _read(text: str, what: str, inner: str, kinds: Any) -> tuple[Any, _Fault | None]:
    """Return what a JSON text says, and what is wrong with it: no JSON, or none of these kinds of value."""
    try:
        value = parsed(text)
    except msgspec.DecodeError:
        return None, _Fault(inner, f"{what} not JSON", "JSON", text)
    kind = "an object" if kinds is dict else "an array or object"
    return value, None if isinstance(value, kinds) else _Fault(inner, f"{what} not {kind}", kind, text)


def _calls_fault(text: str) -> _Fault | None:
    value, fault = _read(text, "the call is", "", list | dict)
    if fault is not None:
        return fault
    if isinstance(value, dict):
        return _call_fault(value, "") or _key_twice(text, value, "the call has", "")
    calls = [(call, f"/{number}") for number, call in enumerate(value) if isinstance(call, dict)]
    faults = (_call_fault(*each) for each in calls)
    found = next((fault for fault in faults if fault is not None), None)
    return found or _id_twice(calls) or _key_twice(text, value, "a call has", "")


def _id_twice(calls: Sequence[tuple[Mapping[str, Any], str]]) -> _Fault | None:
    known: set[str] = set()
    for call, at in calls:
        given = call.get("id")
        if isinstance(given, str) and given in known:
            return _Fault(f"{at}/id", "two calls of one turn have the id", "an id of its own", given)
        known |= {given} if isinstance(given, str) else set()
    return None


def _call_fault(call: Mapping[str, Any], at: str) -> _Fault | None:
    function = call.get("function")
    return _function_fault(function, f"{at}/function") if isinstance(function, dict) else _function_fault(call, at)


def _function_fault(function: Mapping[str, Any], at: str) -> _Fault | None:
    """Return what is wrong with the function of a call: its arguments, or that it has no name."""
    arguments, name = function.get("arguments"), function.get("name")
    if isinstance(arguments, str) and arguments.strip():
        value, fault = _read(arguments, "the arguments are", f"{at}/arguments", dict)
        fault = fault or _key_twice(arguments, value, "the arguments have", f"{at}/arguments")
        if fault is not None:
            return fault
    named = isinstance(name, str) and name.strip()
    if named or not ("name" in function or "arguments" in function or at.endswith("/function")):
        return None
    return _Fault(at, "the call names no function", "the name of a function", encode_json(function).decode())


def _key_twice(text: str, value: Any, what: str, inner: str) -> _Fault | None:
    """Return a fault if some object in a JSON text has a key twice, of which `value` holds but the last."""
    if len(_KEY.findall(text)) == _keys(value):
        return None
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> None:
        known: set[str] = set()
        for key, _ in found:
            twice.extend([key] if key in known else [])
            known.add(key)

    try:
        json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError):  # words or marks around it
        return None
    return _Fault(inner, f"{what} the key {clip(twice[0], 20)!r} twice", "each key once", text) if twice else None


def _keys(value: Any) -> int:
    """Count the keys of all objects in a value."""
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0


_KEY = re.compile(r'"[ \t\r\n]*:')
