"""Fifty generated records of a layout are recognized without a hint."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sftformat.layouts import LAYOUTS
from sftformat.layouts.detect import candidates, choose
from sftformat.layouts.refused import PREFERENCES
from sftformat.layouts.text_spans import NAMES as SPANS

from .strategies import RECORDS
from .test_detect import TOLD as WRITTEN

#: Layouts whose records can be no others, and the keys of which one must hold something for that.
TOLD: dict[str, tuple[str, ...]] = {
    "token-tags": ("ner_tags",),
    "text-spans": SPANS,
    "prodigy-spans": ("text",),
    "label-studio-spans": ("data",),
    "label-studio-min-spans": ("names",),
    "alpaca": ("instruction",),
    "prompt-completion": ("completion",),
    "translation": ("translation",),
    "multiple-choice": ("solution", "explanation"),
    "parallel-text": ("source_lang", "target_lang"),
    "context-question": ("answer",),
    "squad": ("question",),
    "openai-chat": ("messages",),
    "sharegpt": ("conversations",),
    "turns": ("conversations",),
    "prompt-completion-chat": ("prompt",),
    "mistral": ("interactions", "available_tools"),
    "history": ("history",),
    "swift-sharegpt": ("conversation",),
    **dict.fromkeys(PREFERENCES, ("chosen", "preferred_output", "chosen_messages", "label")),
}


def test_no_layout_is_forgotten() -> None:
    assert {*TOLD, *WRITTEN} == set(LAYOUTS)


@pytest.mark.parametrize("name", TOLD)
@given(data=st.data())
@settings(max_examples=3, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_told_by_fifty_records(name: str, data: st.DataObject) -> None:
    def full(records: list[dict[str, Any]]) -> bool:
        return any(record.get(key) for record in records for key in TOLD[name])

    records = data.draw(st.lists(RECORDS[name], min_size=10, max_size=10).filter(full)) * 5
    asked = "chosen" if name in PREFERENCES else None
    found = candidates(records, False)
    assert choose(found, records, "a.jsonl", asked).name == name, [(each.name, each.score) for each in found]
