r"""Flag tools, calls of tools and arguments of calls that are not the JSON they should be.

The tools on offer and the calls must be an array or an object; arguments that stand as text must be an object in JSON.
Reasoning before a call, and <tool_call> around it, are fine; so are blank tools and blank arguments, which say none.

Why it matters: LLaMA-Factory stops at such a record, and a model trained on it writes calls that nothing can read.

What to do: write the value as JSON: double quotes, true and null, no comma at the end, and encoded once.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "{'name': 'sky', 'arguments': {}}"}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"function\": {\"name\": \"sky\", \"arguments\": \"{\\\"town\\\": \"}}]"}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": "Yes."}], "tools": "the sky"}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"function\": {\"name\": \"sky\", \"arguments\": \"{\\\"town\\\": \\\"Bern\\\"}\"}}]"}], "tools": "[{\"name\": \"sky\"}]"}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from sftformat.diagnostics import clip
from sftformat.rules.exchanges import parsed
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.texts import Array
from sftformat.rules.view import View

TASKS = frozenset({"chat"})

_Fault = tuple[str, str, str]  # where inside the value, what was expected, the text


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the tools, calls and arguments that cannot be read."""
    for row, text in _faulty(view.column("tools"), _tools_fault):
        yield _finding(row, "the tools are", "/tools", text)
    turns = view.turns
    for turn, text in _faulty(turns.field("tool_calls"), _calls_fault):
        yield _finding(int(turns.owners[turn]), "the call is", turns.path(turn, "/tool_calls"), text)
    for turn, call in turns.old_calls.items():
        fault = _arguments_fault(call, "")
        if fault is not None:
            yield _finding(int(turns.owners[turn]), "the call is", turns.path(turn, "/extra/function_call"), fault)


def _finding(row: int, what: str, path: str, fault: _Fault) -> Finding:
    inner, expected, text = fault
    what = "the arguments are" if inner else what
    return Finding(row, f"{what} not {expected}: {clip(text, 40)}", path + inner, expected, clip(text))


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
    return _shape_fault(text) if text.strip() else None


def _shape_fault(text: str) -> _Fault | None:
    try:
        fine = isinstance(parsed(text), list | dict)
    except msgspec.DecodeError:
        return "", "JSON", text
    return None if fine else ("", "an array or object", text)


def _calls_fault(text: str) -> _Fault | None:
    fault = _shape_fault(text)
    if fault is not None:
        return fault
    calls = parsed(text)
    if isinstance(calls, dict):
        return _call_fault(calls, "")
    faults = (_call_fault(call, f"/{number}") for number, call in enumerate(calls) if isinstance(call, dict))
    return next((fault for fault in faults if fault is not None), None)


def _call_fault(call: Mapping[str, Any], at: str) -> _Fault | None:
    function = call.get("function")
    return _arguments_fault(function, f"{at}/function") if isinstance(function, dict) else _arguments_fault(call, at)


def _arguments_fault(function: Mapping[str, Any], at: str) -> _Fault | None:
    arguments = function.get("arguments")
    if not isinstance(arguments, str) or not arguments.strip():
        return None
    try:
        fine = isinstance(parsed(arguments), dict)
    except msgspec.DecodeError:
        return f"{at}/arguments", "JSON", arguments
    return None if fine else (f"{at}/arguments", "an object", arguments)
