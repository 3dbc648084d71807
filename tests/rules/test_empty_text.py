"""SFT201 empty-text."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sftformat.rules.view import blank

CODE = "SFT201"


@pytest.mark.parametrize(
    ("task", "record"),
    [
        ("classification", {"input": "a", "target": "x"}),
        ("classification", {"input": ".", "target": ""}),
        ("classification", {"input": " \u200ba", "target": "x"}),
        ("classification", {"input": "你好", "target": "x"}),
        ("classification", {"input": "　あ", "target": "x"}),
        ("classification", {"input": "\U0001f600", "target": "x"}),
        ("classification", {"input": "مرحبا", "target": "x"}),
        ("classification", {"input": "\x01", "target": "x"}),  # seen by SFT205
        ("classification", {"input": "a", "input_pair": None, "target": "x"}),
        ("regression", {"input": "0", "target": 0.0}),
        ("text-to-text", {"input": "", "instruction": "Tell a joke.", "target": "x"}),
        ("text-to-text", {"input": "x", "instruction": "", "target": "x"}),
        ("token-classification", {"input": ["", "a"], "target": ["O", "O"]}),
        ("chat", {"input": [], "target": [{"role": "assistant", "content": ""}]}),  # SFT222
    ],
)
def test_noop(found, task, record):
    assert found(CODE, [record], task) == []


@pytest.mark.parametrize(
    ("task", "record", "path"),
    [
        ("classification", {"input": ""}, "/input"),
        ("classification", {"input": None}, "/input"),
        ("classification", {"input": " \t\r\n\x0b\x0c\x1f"}, "/input"),
        ("classification", {"input": "\u00a0\u2003\u3000\u2028\u0085"}, "/input"),
        ("classification", {"input": "\u200b\u200d\u2060\ufeff\u00ad\u061c"}, "/input"),
        ("classification", {"input": "\u2800\u3164\u115f\uffa0"}, "/input"),
        ("classification", {"input": "a", "input_pair": "\u200b"}, "/input_pair"),
        ("regression", {"input": " ", "target": 1.0}, "/input"),
        ("multilabel", {"input": " ", "target": ["a"]}, "/input"),
        ("text-to-text", {"input": " ", "instruction": None, "system": "Be kind.", "target": "x"}, "/input"),
        ("text-to-text", {"input": None, "instruction": "\u200b", "target": "x"}, "/input"),
        ("token-classification", {"input": None}, "/input"),
        ("token-classification", {"input": [" ", "\u200b"], "target": ["O", "O"]}, "/input"),
    ],
)
def test_finds(found, task, record, path):
    clean = {"input": ["fine"] if task == "token-classification" else "fine", "input_pair": None}
    (finding,) = found(CODE, [clean, record, clean], task)
    assert (finding.file, finding.line, finding.byte, finding.path) == ("a.jsonl", 2, 200, path)


def test_agrees_with_python_about_every_character():
    letters = [chr(n) for n in range(0x110000) if not 0xD800 <= n < 0xE000]
    flagged = {letters[n] for n in blank(pa.array(letters)).nonzero()[0]}
    assert {letter for letter in letters if letter.isspace()} <= flagged
    assert not {letter for letter in flagged if letter.isprintable() and not letter.isspace()} - set(INVISIBLE)


#: What Python calls printable and nobody sees: fillers, vowel signs without a shape, variation selectors, no dots.
INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0" + "".join(
    map(chr, range(0xFE00, 0xFE10))
)
