"""SFT205 control-characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.check import Settings, View, active

from .conftest import batch

CODE = "SFT205"


@pytest.mark.parametrize(
    "text", ["", "a b", "tab\tand\nline feed", "é", "\u00a0", "\u200b", "\ufffd", "你好", "\u2028", "a\r\nb\r\n", None]
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


@given(st.lists(st.text(st.sampled_from("\r\na"), max_size=4), min_size=1, max_size=5))
def test_a_carriage_return_is_one_but_before_a_line_feed(texts):
    view = View(batch([{"input": text} for text in texts]), "classification")
    (rule,) = active(Settings((CODE,)), "classification")
    lone = [row for row, text in enumerate(texts) if "\r" in text.replace("\r\n", "")]
    assert [each.row for each in rule.check(view, {})] == lone


def test_line_ends_of_windows_are_not_counted(found):
    (finding,) = found(CODE, [{"input": "a\r\nb\rc\r\n"}])
    assert finding.message == "a control character in the text, the first U+000D"
