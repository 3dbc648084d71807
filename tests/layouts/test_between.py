"""The law between layouts: canonical rows that go through another layout keep all that it does not say it loses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sftformat.dataset.export import Exporter
from sftformat.errors import UsageError
from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import bind
from sftformat.layouts.layout import layout
from sftformat.layouts.messages import turn_of
from sftformat.layouts.refused import PREFERENCES
from sftformat.layouts.spans import Span, spans_of
from sftformat.normalize import normalize
from sftformat.record import Record, encode_json
from sftformat.rules.rule import LABEL_TASKS
from sftformat.schema.arrow import arrow_schema
from sftformat.validate import validate

from .strategies import RECORDS
from .test_round_trip import batch_of, manifest_of, one_type

#: What a row is besides what it says: where it stood, and what only its own layout knows.
OWN = frozenset({"id", "meta", "source"})
#: A layout that names languages must name some.
NAMED = frozenset({"source_lang", "target_lang"})


def can_hold(one: str, other: str) -> bool:
    """Whether rows of one layout can stand in another at all: a layout of pairs needs a second segment."""
    pair = "input_pair" in layout(other).fields and "input_pair" not in layout(one).fields
    return layout(one).task == layout(other).task and not pair and other not in PREFERENCES


#: For each layout the others that can hold its rows.
OTHERS = {name: [other for other in LAYOUTS if other != name and can_hold(name, other)] for name in LAYOUTS}


def labels_of_rows(rows: list[dict[str, Any]]) -> list[str]:
    targets = [row["target"] for row in rows if row["target"] is not None]
    return sorted({label for target in targets for label in (target if isinstance(target, list) else [target])})


def as_told(row: dict[str, Any], key: str, task: str) -> Any:
    """Return a field as all layouts can tell it.

    A label applies or not, and some layouts have no order for that. Tags stand for spans of the text. Of a conversation
    all turns are told, each with its role, its text, its calls and whether it is trained on.
    """
    value = row[key]
    if task == "chat" and key in ("input", "target"):
        return [told for turn in (*row["input"], *(row["target"] or ())) for told in turn_as_told(turn)]
    if task == "token-classification" and key in ("input", "target", "text", "offsets"):
        text, spans, _ = spans_of(row)
        marked = None if spans is None else [marked_as_told(text, span) for span in spans]
        return text if key in ("input", "text") else marked if key == "target" else None
    return sorted(value) if isinstance(value, list) and task == "multilabel" else value


def marked_as_told(text: str, span: Span) -> tuple[int, int, str]:
    """Return a span without the blanks at its ends, which are in no word."""
    cut = text[span.start : span.end]
    return span.end - len(cut.lstrip()), span.start + len(cut.rstrip()), span.label


def turn_as_told(turn: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return a turn, or two where it says something and calls tools: some layouts have a turn for each."""
    calls = None if turn["tool_calls"] is None else encode_json(turn_of({**turn, "weight": 1}).fields["tool_calls"])
    who = turn["role"], turn["role"] == "assistant" and turn["weight"] != 0
    both = calls is not None and turn["content"] is not None
    return [(*who, turn["content"], None), (*who, None, calls)] if both else [(*who, turn["content"], calls)]


def canonical(name: str, records: list[Record]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the canonical rows of records in a layout, all of which must fit, and the manifest they would have."""
    binding = bind(layout(name), records)
    fitting, rejects = validate(batch_of(records), binding)
    assert not rejects, rejects[0].diagnostics
    return normalize(fitting, binding, "train").to_pylist(), manifest_of(fitting, binding)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if OTHERS[name]])
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_another_layout_keeps_what_it_does_not_say_it_loses(name: str, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from(OTHERS[name]))
    rows, manifest = canonical(name, data.draw(st.lists(RECORDS[name], min_size=1, max_size=4).filter(one_type)))
    without_meta = [{**row, "meta": None} for row in rows]  # columns of the source may have the names of fields
    task = layout(name).task
    assume(
        task != "token-classification" or all(len(row["input"]) == len(row["target"] or row["input"]) for row in rows)
    )
    labels = labels_of_rows(rows) if task in LABEL_TASKS else ()
    exporter = Exporter(manifest, other, textual=False, labels=labels)
    try:
        records = exporter.records(without_meta)
        exporter.refuse_unfit(records)
    except UsageError:
        assume(False)
    back, _ = canonical(other, records)
    for key in set(arrow_schema(exporter.task).names) - OWN - exporter.lost.keys():
        for there, row in zip(back, rows, strict=True):
            told = (as_told(each, key, exporter.task) for each in (there, row))
            assert next(told) == next(told) or (key in NAMED and row[key] is None), key


@pytest.mark.parametrize("task", sorted({layout(name).task for name in LAYOUTS}))
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_two_layouts_one_after_the_other_keep_what_both_can_hold(task: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([each for each in LAYOUTS if layout(each).task == task and OTHERS[each]]))
    rows, manifest = canonical(name, data.draw(st.lists(RECORDS[name], min_size=1, max_size=3).filter(one_type)))
    assume(
        task != "token-classification" or all(len(row["input"]) == len(row["target"] or row["input"]) for row in rows)
    )
    back, lost, through = rows, set[str](), name
    for _ in range(2):
        through = data.draw(st.sampled_from(OTHERS[through]))
        labels = labels_of_rows(back) if task in LABEL_TASKS else ()
        exporter = Exporter(manifest, through, textual=False, labels=labels)
        try:
            records = exporter.records([{**row, "meta": None} for row in back])
            exporter.refuse_unfit(records)
        except UsageError:
            assume(False)
        back, manifest = canonical(through, records)
        lost |= exporter.lost.keys()
    for key in set(arrow_schema(task).names) - OWN - lost:
        for there, row in zip(back, rows, strict=True):
            told = (as_told(each, key, task) for each in (there, row))
            assert next(told) == next(told) or (key in NAMED and row[key] is None), key
