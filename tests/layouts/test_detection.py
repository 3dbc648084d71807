"""Fifty generated records of a layout are recognized without a hint."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

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
    "linked": ("turns",),
    "prompt-completion-chat": ("prompt",),
    "mistral": ("interactions", "available_tools"),
    "history": ("history",),
    "swift-sharegpt": ("conversation",),
    **dict.fromkeys(PREFERENCES, ("chosen", "preferred_output", "chosen_messages", "label")),
}


def test_no_layout_is_forgotten() -> None:
    assert {*TOLD, *WRITTEN} == set(LAYOUTS)


#: Files that are generated of each layout.
FILES = 3
RECORDS_OF_FILE = 50


def generated(name: str) -> list[list[dict[str, Any]]]:
    """Return files of fifty records each, in which the layout can be told."""
    found: list[dict[str, Any]] = []

    @settings(max_examples=FILES * RECORDS_OF_FILE, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(RECORDS[name])
    def take(record: dict[str, Any]) -> None:
        found.append(record)

    take()
    while len(found) < FILES * RECORDS_OF_FILE:  # the strategy has no more of them
        found += found
    files = [found[number * RECORDS_OF_FILE : (number + 1) * RECORDS_OF_FILE] for number in range(FILES)]
    return [file for file in files if any(record.get(key) for record in file for key in TOLD[name])]


@pytest.mark.parametrize("name", TOLD)
def test_told_by_fifty_records(name: str) -> None:
    asked = "chosen" if name in PREFERENCES else None
    files = generated(name)
    assert files
    for records in files:
        found = candidates(records, False)
        assert choose(found, records, "a.jsonl", asked).name == name, [(each.name, each.score) for each in found]
