"""SFT205 control-characters."""

from __future__ import annotations

import pytest

CODE = "SFT205"


@pytest.mark.parametrize(
    "text", ["", "a b", "tab\tand\nline feed", "é", "\u00a0", "\u200b", "\ufffd", "你好", "\u2028", None]
)
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": text, "meta": "\x1b"}]) == []


@pytest.mark.parametrize("number", [*range(9), *range(11, 32), *range(0x7F, 0xA0)])
def test_finds_every_one(found, number):
    records = [{"input": "fine ¢ é"}, {"input": f"a{chr(number)}b"}]
    (finding,) = found(CODE, records)
    assert (finding.line, finding.path, finding.got) == (2, "/input", f"U+{number:04X}")


def test_one_finding_a_text(found):
    first, second = found(CODE, [{"input": "\x1b[1m\x1b[0m", "target": "\r"}])
    assert first.message == "2 control characters in the text, the first U+001B"
    assert second.path == "/target"


def test_items_and_messages_have_their_own_pointer(found):
    tokens = [{"input": ["a"], "target": ["O"]}, {"input": ["a", "\x07"], "target": ["O", "O"]}]
    assert [(each.line, each.path) for each in found(CODE, tokens, "token-classification")] == [(2, "/input/1")]
    chat = [{"input": [{"role": "user", "content": None}, {"role": "user", "content": "\x07"}]}]
    assert [each.path for each in found(CODE, chat, "chat")] == ["/input/1/content"]
