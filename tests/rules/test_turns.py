"""The turns of a batch, flat: what they say of each turn is what stands in the rows, whatever else is in the batch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.check import Settings, View, active, check_rows
from sftformat.rules import RULES
from sftformat.rules.turns import ROLES, UNKNOWN, meant_role

from .conftest import batch
from .conversations import any_rows, resolve, sound_rows

CHAT_RULES = [rule for rule in RULES if rule.tasks == {"chat"}]
Rows = list[dict[str, Any]]


def found_in(rows: Rows) -> list[tuple[int, str, str, str]]:
    findings = check_rows(View(batch(rows, "chat"), "chat"), active(Settings(), "chat"))
    return [(index, each.code, each.path, each.message) for index, each in findings]


@given(st.lists(any_rows, max_size=5))
def test_every_turn_is_where_its_path_leads(rows: Rows) -> None:
    turns = View(batch(rows, "chat"), "chat").turns
    said = [(number, each) for number, row in enumerate(rows) for each in (*row["input"], *(row["target"] or ()))]
    assert turns.owners.tolist() == [number for number, _ in said]
    for at, (number, each) in enumerate(said):
        assert resolve(rows[number], turns.path(at)) is each
        assert turns.kinds[at] == ROLES.get(each["role"], UNKNOWN)
        for name in ("role", "content", "tool_calls", "tool_call_id", "weight", "extra"):
            assert turns.field(name)[at].as_py() == each[name]
    assert turns.offsets[-1] == len(said)


@given(st.lists(any_rows, max_size=5))
def test_findings_of_a_row_do_not_depend_on_the_others(rows: Rows) -> None:
    alone = [(number, *each[1:]) for number, row in enumerate(rows) for each in found_in([row])]
    assert found_in(rows) == alone


@given(st.lists(any_rows, max_size=5), st.integers(0, 5))
def test_a_slice_is_a_batch(rows: Rows, start: int) -> None:
    cut = batch(rows, "chat").slice(min(start, len(rows)))
    findings = check_rows(View(cut, "chat"), active(Settings(), "chat"))
    assert [(index, each.code, each.path, each.message) for index, each in findings] == found_in(rows[start:])


@given(st.lists(any_rows, max_size=5))
def test_every_path_leads_somewhere(rows: Rows) -> None:
    for index, _, path, _ in found_in(rows):
        place = path.split("/tool_calls")[0].split("/function_call")[0].split("/extra")[0]
        resolve(rows[index], place)


@given(st.lists(sound_rows(), min_size=1, max_size=4))
def test_sound_conversations_have_no_finding(rows: Rows) -> None:
    assert found_in(rows) == []


def test_all_rules_of_chat_are_tried_here() -> None:
    assert [rule.code for rule in CHAT_RULES] == [f"SFT{number}" for number in range(220, 229)]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("asistant", "assistant"),
        ("Assistant", "assistant"),
        (" USER ", "user"),
        ("human", "user"),
        ("gpt", "assistant"),
        ("model", "assistant"),
        ("narrator", ""),
        ("", ""),
        ("a" * 5000, ""),
    ],
)
def test_meant_role(word: str, meant: str) -> None:
    assert meant_role(word) == meant
